import type { ClusterFigures, Figures, RouteFigures } from '../shapes/figures.ts'
import { quantileMs } from './quantile.ts'
import {
  CLIENT_ERRORS,
  CONNECT_FAILURES,
  difference,
  EJECTIONS,
  ERRORS,
  idle,
  REQUESTS,
  RETRIES,
  since,
  type ClusterState,
  type Reading,
} from './reading.ts'

/** So many of the busiest, and so many of those with most errors. */
const SHOWN = 100

/** Figures without what is in force. */
export type Traffic = Omit<Figures, 'snapshot' | 'problems' | 'held'>

/** What went on between two readings, of which the first is the older. */
export function figuresBetween(before: Reading, after: Reading, atMs: number, workers: number): Traffic {
  const intervalS = Math.max(after.atMs - before.atMs, 1) / 1000
  const routes = changed(before.routes, after.routes)
  return {
    at: new Date(atMs).toISOString(),
    intervalS: round(intervalS),
    totals: {
      ...rates(difference(before.totals, after.totals), intervalS),
      rejectedPerS: perS(after.rejections - before.rejections, intervalS),
      bytesInPerS: perS(after.bytesIn - before.bytesIn, intervalS),
      bytesOutPerS: perS(after.bytesOut - before.bytesOut, intervalS),
      active: Math.max(0, after.active),
      connections: [...after.ports.values()].reduce((sum, count) => sum + count, 0),
    },
    routes: foremost(routes).map((route): RouteFigures => ({
      id: route.name,
      ...rates(cellsOf(route), intervalS),
    })),
    routesWithTraffic: routes.length,
    clusters: clustersBetween(before, after, intervalS),
    ports: [...after.ports].map(([key, connections]) => ({ key, connections })),
    process: {
      cpu: perS(after.cpuSeconds - before.cpuSeconds, intervalS),
      rssBytes: process.memoryUsage.rss(),
      workers,
    },
  }
}

/** What was counted of one route or cluster. Its cells are computed where they are wanted: of ten thousand, for few. */
export interface Change {
  readonly name: string
  readonly requests: number
  readonly errors: number
  readonly before: Float64Array | undefined
  readonly after: Float64Array
}

type Rows = ReadonlyMap<string, Float64Array>

/** Those that had a request since. */
export function changed(before: Rows, after: Rows): Change[] {
  const changes: Change[] = []
  for (const [name, cells] of after) {
    const old = before.get(name)
    const requests = since(old, cells, REQUESTS)
    if (requests > 0)
      changes.push({ name, requests, errors: since(old, cells, ERRORS), before: old, after: cells })
  }
  return changes
}

export function cellsOf({ before, after }: Change): Float64Array {
  return difference(before, after)
}

/** The busiest, and the worst. */
function foremost(changes: readonly Change[]): readonly Change[] {
  const busiest = changes.toSorted((a, b) => b.requests - a.requests)
  if (changes.length <= SHOWN) return busiest
  const worst = changes.filter(({ errors }) => errors > 0).toSorted((a, b) => b.errors - a.errors)
  return [...new Set([...busiest.slice(0, SHOWN), ...worst.slice(0, SHOWN)])]
}

function clustersBetween(before: Reading, after: Reading, intervalS: number): ClusterFigures[] {
  const cells = new Map(
    foremost(changed(before.clusters, after.clusters)).map(change => [change.name, cellsOf(change)]),
  )
  const troubled = [...after.states].filter(
    ([name, state]) => !cells.has(name) && (isWanting(state) || failures(before, after, name) > 0),
  )
  for (const [name] of troubled.slice(0, SHOWN))
    cells.set(name, difference(before.clusters.get(name), after.clusters.get(name) ?? none))
  return [...cells].map(([name, row]) => clusterFigures(name, row, after.states.get(name) ?? idle, intervalS))
}

function isWanting({ endpoints, serving, pending }: ClusterState): boolean {
  return serving < endpoints || pending > 0
}

/** One whose only endpoint is dead has no answers to count, and goes on serving, since nothing else could. */
function failures(before: Reading, after: Reading, cluster: string): number {
  const cells = after.clusters.get(cluster)
  return cells === undefined ? 0 : since(before.clusters.get(cluster), cells, CONNECT_FAILURES)
}

const none = new Float64Array(EJECTIONS + 1)

function clusterFigures(
  name: string,
  cells: Float64Array,
  state: ClusterState,
  intervalS: number,
): ClusterFigures {
  return {
    name,
    ...rates(cells, intervalS),
    retriesPerS: perS(cells[RETRIES]!, intervalS),
    connectFailuresPerS: perS(cells[CONNECT_FAILURES]!, intervalS),
    ejectionsPerS: perS(cells[EJECTIONS]!, intervalS),
    ...state,
  }
}

function rates(cells: Float64Array, intervalS: number) {
  return {
    requestsPerS: perS(cells[REQUESTS]!, intervalS),
    errorsPerS: perS(cells[ERRORS]!, intervalS),
    clientErrorsPerS: perS(cells[CLIENT_ERRORS]!, intervalS),
    p50Ms: roundMs(quantileMs(cells, 0.5)),
    p90Ms: roundMs(quantileMs(cells, 0.9)),
    p99Ms: roundMs(quantileMs(cells, 0.99)),
  }
}

function perS(count: number, intervalS: number): number {
  return round(Math.max(0, count) / intervalS)
}

function roundMs(ms: number | null): number | null {
  return ms === null ? null : round(ms)
}

/** What is shown to people has no more digits than it is exact. */
export function round(value: number): number {
  return Math.round(value * 100) / 100
}
