import type { RequestLine } from '../../../src/admin/shapes/requests.ts'

type Asked = Pick<RequestLine, 'method' | 'host' | 'path' | 'query'>

/** What was asked for, behind the host. */
export function targetOf({ path, query }: Pick<Asked, 'path' | 'query'>): string {
  return `${path ?? ''}${query ?? ''}`
}

/** An id may be chosen by the client, and a connection that never came to a request has none. */
export function keyOf({ id, at, durationMs, path }: RequestLine): string {
  return `${id ?? ''} ${at} ${durationMs} ${path ?? ''}`
}

/** The URL as its client had it; the port is the gateway's, where none was named. */
export function urlOf({
  scheme,
  host,
  path,
  query,
  port,
}: Asked & Pick<RequestLine, 'scheme' | 'port'>): string {
  return `${scheme}://${host ?? ''}:${port ?? ''}${targetOf({ path, query })}`
}
