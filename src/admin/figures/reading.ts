import { isServiceFault } from '../../http/grpc/status.ts'
import { families, type FamilyName } from '../../telemetry/families.ts'
import type { MetricsReader } from '../../telemetry/metrics-reader.ts'

/** Upper bounds of the buckets of durations in seconds; routes and clusters have the same. */
export const bounds: readonly number[] = families.portcullis_request_duration_seconds.buckets ?? []

/** Cells of what is counted of a route, or of all of them: requests, those that went wrong, and their durations. */
export const REQUESTS = 0
/** Answered with a status of 4xx, or with one of gRPC that says that the caller is wrong. */
export const CLIENT_ERRORS = 1
/** Answered with a status of 5xx, or with one of gRPC that says that the service is. */
export const ERRORS = 2
/** The first of the buckets; one more than `bounds` has. */
export const BUCKETS = 3
/** Of all durations, in seconds. */
export const SUM: number = BUCKETS + bounds.length + 1
export const ROUTE_CELLS: number = SUM + 1

/** Beyond them, of a cluster. */
export const RETRIES: number = SUM + 1
export const CONNECT_FAILURES: number = ROUTE_CELLS + 1
export const EJECTIONS: number = ROUTE_CELLS + 2
const CLUSTER_CELLS: number = ROUTE_CELLS + 3

/** How things stand at a cluster; nobody has added them up. */
export interface ClusterState {
  endpoints: number
  serving: number
  connectionsActive: number
  connectionsIdle: number
  pending: number
}

/** What has been counted since the start, at one moment. */
export interface Reading {
  /** Monotonic milliseconds. */
  readonly atMs: number
  /** Of all requests, those too that no route took. */
  readonly totals: Float64Array
  readonly routes: ReadonlyMap<string, Float64Array>
  readonly clusters: ReadonlyMap<string, Float64Array>
  readonly states: ReadonlyMap<string, ClusterState>
  /** Open connections of clients, by port. */
  readonly ports: ReadonlyMap<string, number>
  readonly bytesIn: number
  readonly bytesOut: number
  /** Messages that the codec refused. */
  readonly rejections: number
  /** Requests in flight. */
  readonly active: number
  readonly cpuSeconds: number
}

/** Reads all figures of the process; costs some milliseconds where ten thousand routes have had requests. */
export function read(metrics: MetricsReader, atMs: number): Reading {
  const routes = new Rows(ROUTE_CELLS)
  const clusters = new Rows(CLUSTER_CELLS)
  const totals = new Float64Array(ROUTE_CELLS)
  readRoutes(metrics, routes)
  for (const cells of routes.all.values()) addTo(totals, cells)
  metrics.each('portcullis_requests_unrouted_total', ([code = ''], [count = 0]) =>
    countCode(totals, code, count),
  )
  readClusters(metrics, clusters)
  return {
    atMs,
    totals,
    routes: routes.all,
    clusters: clusters.all,
    states: statesOf(metrics),
    ports: portsOf(metrics),
    ...bytesOf(metrics),
    rejections: sumOf(metrics, 'portcullis_rejections_total'),
    active: sumOf(metrics, 'portcullis_requests_active'),
    cpuSeconds: cpuSeconds(),
  }
}

/** What was counted between two readings, in one cell. A series that has gone, or began anew, counts from zero. */
export function since(before: Float64Array | undefined, after: Float64Array, cell: number): number {
  if (before === undefined || before[REQUESTS]! > after[REQUESTS]!) return after[cell]!
  return Math.max(0, after[cell]! - before[cell]!)
}

/** The same in all cells. */
export function difference(before: Float64Array | undefined, after: Float64Array): Float64Array {
  return after.map((_, cell) => since(before, after, cell))
}

class Rows {
  readonly all = new Map<string, Float64Array>()
  private readonly width: number

  constructor(width: number) {
    this.width = width
  }

  row(name: string): Float64Array {
    let row = this.all.get(name)
    if (row === undefined) this.all.set(name, (row = new Float64Array(this.width)))
    return row
  }
}

function readRoutes(metrics: MetricsReader, rows: Rows): void {
  metrics.each('portcullis_requests_total', ([route = '', code = ''], [count = 0]) =>
    countCode(rows.row(route), code, count),
  )
  // The HTTP status of a gRPC call is 200 whatever became of it.
  metrics.each('portcullis_grpc_responses_total', ([route = '', status = ''], [count = 0]) => {
    if (status === '0') return
    rows.row(route)[isServiceFault(Number(status)) ? ERRORS : CLIENT_ERRORS]! += count
  })
  metrics.each('portcullis_request_duration_seconds', ([route = ''], cells) =>
    addBuckets(rows.row(route), cells),
  )
}

function readClusters(metrics: MetricsReader, rows: Rows): void {
  metrics.each('portcullis_upstream_requests_total', ([cluster = '', code = ''], [count = 0]) =>
    countCode(rows.row(cluster), code, count),
  )
  metrics.each('portcullis_upstream_duration_seconds', ([cluster = ''], cells) =>
    addBuckets(rows.row(cluster), cells),
  )
  const counted = [
    ['portcullis_upstream_retries_total', RETRIES],
    ['portcullis_upstream_connect_failures_total', CONNECT_FAILURES],
    ['portcullis_upstream_ejections_total', EJECTIONS],
  ] as const
  for (const [family, cell] of counted)
    metrics.each(family, ([cluster = ''], [count = 0]) => {
      rows.row(cluster)[cell]! += count
    })
}

const gauges = [
  ['portcullis_upstream_endpoints', 'endpoints'],
  ['portcullis_upstream_endpoints_serving', 'serving'],
  ['portcullis_upstream_connections_active', 'connectionsActive'],
  ['portcullis_upstream_connections_idle', 'connectionsIdle'],
  ['portcullis_upstream_requests_pending', 'pending'],
] as const satisfies readonly (readonly [FamilyName, keyof ClusterState])[]

function statesOf(metrics: MetricsReader): ReadonlyMap<string, ClusterState> {
  const states = new Map<string, ClusterState>()
  for (const [family, name] of gauges)
    metrics.each(family, ([cluster = ''], [value = 0]) => {
      let state = states.get(cluster)
      if (state === undefined) states.set(cluster, (state = { ...idle }))
      state[name] = value
    })
  return states
}

export const idle: ClusterState = {
  endpoints: 0,
  serving: 0,
  connectionsActive: 0,
  connectionsIdle: 0,
  pending: 0,
}

function portsOf(metrics: MetricsReader): ReadonlyMap<string, number> {
  const ports = new Map<string, number>()
  metrics.each('portcullis_downstream_connections_active', ([port = ''], [count = 0]) =>
    ports.set(port, count),
  )
  return ports
}

function bytesOf(metrics: MetricsReader): { bytesIn: number; bytesOut: number } {
  const bytes = { in: 0, out: 0 }
  metrics.each('portcullis_bytes_total', ([direction], [count = 0]) => {
    bytes[direction === 'in' ? 'in' : 'out'] += count
  })
  return { bytesIn: bytes.in, bytesOut: bytes.out }
}

function sumOf(metrics: MetricsReader, family: FamilyName): number {
  let sum = 0
  metrics.each(family, (_, [count = 0]) => {
    sum += count
  })
  return sum
}

/** `code`: a status, or a class of them. */
function countCode(cells: Float64Array, code: string, count: number): void {
  cells[REQUESTS]! += count
  if (code.startsWith('5') || code === 'none') cells[ERRORS]! += count
  else if (code.startsWith('4')) cells[CLIENT_ERRORS]! += count
}

function addBuckets(row: Float64Array, cells: Float64Array): void {
  // The sum follows the buckets there as here.
  for (let i = 0; i <= bounds.length + 1; i++) row[BUCKETS + i]! += cells[i]!
}

function addTo(sum: Float64Array, cells: Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += cells[i]!
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
