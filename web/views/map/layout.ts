import type { Tone } from '../../parts/mark.tsx'

/** One thing on the map. */
export interface Node {
  /** Of all columns, so that no two have the same. */
  readonly id: string
  /** 0 to 4: gateways, listeners, routes, clusters, endpoints. */
  readonly column: number
  readonly title: string
  readonly note: string
  readonly tone: Tone
  readonly link: { readonly to: string; readonly params: Readonly<Record<string, string>> }
}

export interface Edge {
  readonly from: string
  readonly to: string
  /** Requests per second; null where nobody counts them. */
  readonly rate: number | null
  readonly bad: boolean
  /** What passes is told once, where several lead to one thing. */
  readonly unlabelled?: boolean
}

export interface Placed extends Node {
  readonly x: number
  readonly y: number
  readonly height: number
}

interface Drawn extends Edge {
  readonly path: string
  readonly labelX: number
  readonly labelY: number
}

export interface Layout {
  readonly nodes: readonly Placed[]
  readonly edges: readonly Drawn[]
  readonly width: number
  readonly height: number
}

const ENDPOINTS = 4
const HEAD = 36
const GAP = 10
/** What leads to many stands at most so far below the first of them, or it would be out of sight. */
const SIGHT = 120

const heightOf = (column: number) => (column === ENDPOINTS ? 24 : 46)

/**
 * Columns from left to right. Endpoints are stacked in the order of their clusters; from there to the left each thing
 * stands at the middle of what it leads to, as far as those above it leave room, in an order in which lines cross little.
 */
export function layout(
  nodes: readonly Node[],
  edges: readonly Edge[],
  columnWidth: number,
  gapWidth: number,
): Layout {
  const after = Map.groupBy(edges, ({ from }) => from)
  const before = Map.groupBy(edges, ({ to }) => to)
  const placed = new Map<string, Placed>()
  const x = (column: number) => column * (columnWidth + gapWidth)

  const ordered = inOrder(nodes, after)
  for (let column = ENDPOINTS; column >= 0; column--) {
    let free = HEAD
    let last = ''
    for (const node of ordered[column] ?? []) {
      const height = heightOf(column)
      const owner = column === ENDPOINTS ? (node.id.split(' ')[1] ?? '') : ''
      // Those of one cluster stand close.
      if (column === ENDPOINTS && last !== '' && owner !== last)
        free += Math.max(GAP, 56 - 28 * stacked(placed, last))
      last = owner
      const y = Math.max(free, middle(node, after, placed, height) ?? 0)
      placed.set(node.id, { ...node, x: x(column), y, height })
      free = y + height + (column === ENDPOINTS ? 4 : GAP)
    }
  }
  const all = [...placed.values()]
  return {
    nodes: all.toSorted((a, b) => a.column - b.column || a.y - b.y),
    edges: edges.flatMap(edge => {
      const isAlone = after.get(edge.from)?.length === 1
      return drawn(edge, placed, columnWidth, isAlone && (before.get(edge.to)?.length ?? 0) > 1)
    }),
    width: x(ENDPOINTS) + columnWidth,
    height: Math.max(HEAD, ...all.map(({ y, height }) => y + height)) + GAP,
  }
}

/** Each column in the order in which the one before it leads there; what nothing leads to comes last. */
function inOrder(
  nodes: readonly Node[],
  after: ReadonlyMap<string, readonly Edge[]>,
): readonly (readonly Node[])[] {
  const columns: (readonly Node[])[] = []
  for (let column = 0; column <= ENDPOINTS; column++) {
    const own = new Map(nodes.filter(node => node.column === column).map(node => [node.id, node]))
    const led = (columns[column - 1] ?? []).flatMap(({ id }) => after.get(id)?.map(({ to }) => to) ?? [])
    const found = [...new Set(led)].flatMap(id => own.get(id) ?? [])
    columns.push([...found, ...[...own.values()].filter(node => !found.includes(node))])
  }
  return columns
}

function stacked(placed: ReadonlyMap<string, Placed>, owner: string): number {
  return [...placed.keys()].filter(id => id.startsWith(`endpoint ${owner} `)).length
}

/** Where its top is, if its middle is that of all that it leads to. */
function middle(
  { id }: Node,
  after: ReadonlyMap<string, readonly Edge[]>,
  placed: ReadonlyMap<string, Placed>,
  height: number,
) {
  const next = (after.get(id) ?? []).flatMap(({ to }) => placed.get(to) ?? [])
  if (next.length === 0) return null
  const tops = next.map(({ y, height: own }) => y + own / 2)
  const mean = tops.reduce((sum, y) => sum + y, 0) / tops.length
  return Math.min(mean, Math.min(...tops) + SIGHT) - height / 2
}

/** Room for a number where a line begins. */
const NUMBER = 34

/** The number stands where lines are apart: `atBegin` where several end at one thing, and this one begins alone. */
function drawn(
  edge: Edge,
  placed: ReadonlyMap<string, Placed>,
  columnWidth: number,
  atBegin: boolean,
): readonly Drawn[] {
  const from = placed.get(edge.from)
  const to = placed.get(edge.to)
  if (from === undefined || to === undefined) return []
  const [x1, y1] = [from.x + columnWidth, from.y + from.height / 2]
  const [x2, y2] = [to.x, to.y + to.height / 2]
  const bend = (x2 - x1) / 2
  const path = `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`
  const [labelX, labelY] = atBegin ? [x1 + NUMBER, y1 - 5] : [x2 - 6, y2 - 5]
  return [{ ...edge, path, labelX, labelY }]
}
