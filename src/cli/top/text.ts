import type { ClusterFigures, Figures, RouteFigures } from '../../admin/shapes/figures.ts'
import type { Paint } from '../../telemetry/colour.ts'

/** How much room there is. */
export interface Room {
  readonly columns: number
  readonly rows: number
}

/** A screen of figures: what goes on in all, then the busiest routes, then clusters, as far as there is room. */
export function topText(figures: Figures, { columns, rows }: Room, paint: Paint): string {
  const head = [...headLines(figures, paint), '']
  const left = Math.max(rows - head.length - 3, 2)
  const clusters = figures.clusters.toSorted(worstFirst)
  const forClusters = Math.min(clusters.length, Math.max(Math.floor(left / 2), left - figures.routes.length))
  const routes = figures.routes.slice(0, left - forClusters)
  const lines = [
    ...head,
    ...table(routeColumns, routes, columns, paint),
    '',
    ...table(clusterColumns, clusters.slice(0, forClusters), columns, paint),
  ]
  return lines.slice(0, rows).join('\n')
}

function headLines(figures: Figures, paint: Paint): readonly string[] {
  const { totals, process, intervalS, routesWithTraffic } = figures
  const { requestsPerS, errorsPerS, clientErrorsPerS } = totals
  const errors = `5xx ${share(errorsPerS, requestsPerS)}`
  return [
    [
      `requests ${number(requestsPerS)}/s`,
      errorsPerS > 0 ? paint('error', errors) : errors,
      `4xx ${share(clientErrorsPerS, requestsPerS)}`,
      `p50 ${time(totals.p50Ms)}`,
      `p90 ${time(totals.p90Ms)}`,
      `p99 ${time(totals.p99Ms)}`,
    ].join('   '),
    [
      `in ${bytes(totals.bytesInPerS)}/s`,
      `out ${bytes(totals.bytesOutPerS)}/s`,
      `in flight ${totals.active}`,
      `connections ${totals.connections}`,
      `refused ${number(totals.rejectedPerS)}/s`,
    ].join('   '),
    paint(
      'dim',
      [
        figures.at.slice(11, 19),
        `last ${number(intervalS)} s`,
        `${process.workers} worker${process.workers === 1 ? '' : 's'}`,
        `cpu ${Math.round(process.cpu * 100)} %`,
        `memory ${bytes(process.rssBytes)}`,
        `snapshot ${figures.snapshot}`,
        `${routesWithTraffic} route${routesWithTraffic === 1 ? '' : 's'} with requests`,
      ].join('   '),
    ),
    ...problemLine(figures, paint),
  ]
}

function problemLine({ problems: { errors, warnings }, held }: Figures, paint: Paint): readonly string[] {
  const parts = [
    ...(errors > 0 ? [paint('error', `${errors} error${errors === 1 ? '' : 's'}`)] : []),
    ...(warnings > 0 ? [paint('warning', `${warnings} warning${warnings === 1 ? '' : 's'}`)] : []),
    ...(held > 0 ? [paint('warning', `${held} held at an older version`)] : []),
  ]
  return parts.length === 0 ? [] : [`${parts.join(', ')}: see portcullis status`]
}

/** Those that fail or wait, then those with most requests. */
function worstFirst(a: ClusterFigures, b: ClusterFigures): number {
  return trouble(b) - trouble(a) || b.requestsPerS - a.requestsPerS
}

function trouble({ endpoints, serving, pending, errorsPerS, connectFailuresPerS }: ClusterFigures): number {
  return Number(serving < endpoints || connectFailuresPerS > 0) * 2 + Number(pending > 0 || errorsPerS > 0)
}

interface Column<T> {
  readonly title: string
  readonly text: (one: T) => string
  readonly bad?: (one: T) => boolean
}

const traffic = [
  { title: 'REQ/S', text: one => number(one.requestsPerS) },
  { title: '5XX', text: one => share(one.errorsPerS, one.requestsPerS), bad: one => one.errorsPerS > 0 },
  { title: '4XX', text: one => share(one.clientErrorsPerS, one.requestsPerS) },
  { title: 'P50', text: one => time(one.p50Ms) },
  { title: 'P99', text: one => time(one.p99Ms) },
] as const satisfies readonly Column<RouteFigures | ClusterFigures>[]

const routeColumns: readonly Column<RouteFigures>[] = [{ title: 'ROUTE', text: ({ id }) => id }, ...traffic]

const clusterColumns: readonly Column<ClusterFigures>[] = [
  { title: 'CLUSTER', text: ({ name }) => name },
  ...traffic,
  {
    title: 'SERVING',
    // Nobody has counted them in the first half second of a cluster.
    text: ({ serving, endpoints }) => (endpoints === 0 ? '-' : `${serving}/${endpoints}`),
    bad: ({ serving, endpoints }) => serving < endpoints,
  },
  { title: 'WAITING', text: ({ pending }) => String(pending), bad: ({ pending }) => pending > 0 },
  {
    title: 'FAIL/S',
    text: ({ connectFailuresPerS }) => number(connectFailuresPerS),
    bad: ({ connectFailuresPerS }) => connectFailuresPerS > 0,
  },
  { title: 'RETRY/S', text: ({ retriesPerS }) => number(retriesPerS) },
  {
    title: 'BUSY+IDLE',
    text: ({ connectionsActive, connectionsIdle }) => `${connectionsActive}+${connectionsIdle}`,
  },
]

/** So that columns do not jump from second to second. */
const WIDTH = 5

/** The first column takes what the others leave, and is cut at its begin, where names are alike. */
function table<T>(
  all: readonly Column<T>[],
  rows: readonly T[],
  width: number,
  paint: Paint,
): readonly string[] {
  const [name, ...others] = all
  if (name === undefined) return []
  const widths = others.map(({ title, text }) =>
    Math.max(WIDTH, title.length, ...rows.map(row => text(row).length)),
  )
  const first = Math.max(12, width - widths.reduce((sum, one) => sum + one + 2, 0))
  const title = [name.title.padEnd(first), ...others.map(({ title: one }, i) => one.padStart(widths[i]! + 2))]
  const line = (row: T): string =>
    [
      cut(name.text(row), first).padEnd(first),
      ...others.map(({ text, bad }, i) => {
        const cell = text(row).padStart(widths[i]! + 2)
        return bad?.(row) ? paint('error', cell) : cell
      }),
    ].join('')
  return [paint('dim', title.join('')), ...rows.map(line)]
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `…${text.slice(text.length - width + 1)}`
}

function number(value: number): string {
  const digits = value === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2
  return value.toLocaleString('en-US', { maximumFractionDigits: digits })
}

function share(part: number, all: number): string {
  if (all === 0 || part === 0) return '0 %'
  const percent = (part / all) * 100
  return `${percent < 0.1 ? '<0.1' : number(percent)} %`
}

function time(ms: number | null): string {
  if (ms === null) return '-'
  return ms >= 1000 ? `${number(ms / 1000)} s` : `${number(ms)} ms`
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

function bytes(value: number): string {
  const power = value < 1000 ? 0 : Math.min(Math.floor(Math.log10(value) / 3), UNITS.length - 1)
  return `${number(value / 1000 ** power)} ${UNITS[power] ?? ''}`
}
