import type { RecentFilter } from '../../telemetry/recent/recent-filter.ts'
import type { RecentRecord } from '../../telemetry/recent/slot-reader.ts'
import type { RequestFilter, RequestLine } from '../shapes/requests.ts'

const VERSIONS: Readonly<Record<number, string>> = { 10: 'HTTP/1.0', 11: 'HTTP/1.1', 20: 'HTTP/2' }

/** Where text was cut. */
const MARK = '…'

const known = (text: string): string | null => (text === '' ? null : text)

export function requestLine(record: RecentRecord): RequestLine {
  const text = (name: 'path' | 'query' | 'host' | 'agent' | 'method' | 'route' | 'cluster' | 'listener') =>
    known(record.cut.includes(name) ? record[name] + MARK : record[name])
  return {
    id: known(record.id),
    at: new Date(record.endedMs - record.durationMs).toISOString(),
    method: text('method'),
    scheme: record.secure ? 'https' : 'http',
    host: text('host'),
    path: text('path'),
    query: text('query'),
    status: record.status === 0 ? null : record.status,
    version: record.method === '' ? null : (VERSIONS[record.version] ?? null),
    client: known(record.client),
    peer: known(record.peer),
    port: record.serverPort === 0 ? null : record.serverPort,
    listener: text('listener'),
    route: text('route'),
    cluster: text('cluster'),
    endpoint: known(record.endpoint),
    attempts: record.attempts,
    durationMs: rounded(record.durationMs),
    upstreamMs: record.upstreamMs < 0 ? null : rounded(record.upstreamMs),
    requestBytes: record.requestBytes,
    responseBytes: record.responseBytes,
    failure: known(record.failure),
    failureReason: known(record.reason),
    rejection: known(record.rejection),
    grpcStatus: record.grpcStatus < 0 ? null : record.grpcStatus,
    userAgent: text('agent'),
    traceId: known(record.traceId),
    error: record.isError,
    slow: record.isSlow,
    cut: [...record.cut],
  }
}

/** To the microsecond. */
export function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}

export function recentFilter({ status, ...rest }: RequestFilter): RecentFilter {
  if (status === undefined) return rest
  if (status === 'error') return { ...rest, status }
  const first = Number(status.replace('xx', '00'))
  return { ...rest, status: status.endsWith('xx') ? [first, first + 99] : [first, first] }
}
