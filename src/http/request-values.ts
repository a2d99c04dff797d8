import type { RequestHead } from './head.ts'

/**
 * The value of a header for matching (name in lower case): repeated fields
 * combined by ", " (RFC 9110 §5.3). Of what the codec keeps out of the fields,
 * Host, Content-Length and Upgrade are matched by what it made of them; the other
 * hop-by-hop fields are between the client and us, and match nothing.
 */
export function headerValue(head: RequestHead, name: string): string | undefined {
  switch (name) {
    case 'host':
      return head.authority
    case 'content-length':
      return head.hasLength ? String(head.length) : undefined
    case 'upgrade':
      return head.upgrade === '' ? undefined : head.upgrade
    default:
      return head.fields.combined(name)
  }
}

/** Whether `headerValue` finds it elsewhere than among the fields. */
export function isKeptApart(name: string): boolean {
  return name === 'host' || name === 'content-length' || name === 'upgrade'
}

/**
 * The first value of a query parameter, or undefined. Gateway API recommends the
 * first where a name is repeated. `query` has its leading "?" or is empty.
 *
 * Percent-encoding is decoded as UTF-8, in names too. A "+" stays a plus: the
 * standard refers to RFC 7230 §2.7.3, so to URIs, where RFC 3986 §3.4 gives it no
 * meaning; that it may stand for a space is a convention of HTML forms.
 */
export function queryValue(query: string, name: string): string | undefined {
  for (let start = 1; start <= query.length;) {
    const ampersand = query.indexOf('&', start)
    const end = ampersand < 0 ? query.length : ampersand
    const equals = query.indexOf('=', start)
    const nameEnd = equals < 0 || equals > end ? end : equals
    if (isNamed(query, start, nameEnd, name)) return decode(query.slice(Math.min(nameEnd + 1, end), end))
    start = end + 1
  }
  return undefined
}

/** RFC 6265 §4.2.1; pairs of several fields (RFC 9113 §8.2.3) are combined by commas, which values cannot hold. */
export function cookieValue(cookies: string, name: string): string | undefined {
  for (let at = cookies.indexOf(name); at >= 0; at = cookies.indexOf(name, at + 1)) {
    const begins = at === 0 || ' ;,'.includes(cookies[at - 1]!)
    if (!begins || cookies[at + name.length] !== '=') continue
    const from = at + name.length + 1
    const length = cookies.slice(from).search(/[;,]/)
    return length < 0 ? cookies.slice(from) : cookies.slice(from, from + length)
  }
  return undefined
}

/** Every value of a query parameter, in their order, read as `queryValue` does. */
export function queryValues(query: string, name: string): string[] {
  const values: string[] = []
  for (let start = 1; start <= query.length;) {
    const ampersand = query.indexOf('&', start)
    const end = ampersand < 0 ? query.length : ampersand
    const equals = query.indexOf('=', start)
    const nameEnd = equals < 0 || equals > end ? end : equals
    if (isNamed(query, start, nameEnd, name))
      values.push(decode(query.slice(Math.min(nameEnd + 1, end), end)))
    start = end + 1
  }
  return values
}

function isNamed(query: string, start: number, end: number, name: string): boolean {
  if (end - start === name.length && query.startsWith(name, start)) return true
  const percent = query.indexOf('%', start)
  return percent >= 0 && percent < end && decode(query.slice(start, end)) === name
}

/** Without exceptions: what is no UTF-8 becomes U+FFFD, which no configured value holds. */
function decode(text: string): string {
  if (!text.includes('%')) return text
  const bytes = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** Whether it asks for a WebSocket, by whatever version of HTTP. */
export const isWebSocket = ({ upgrade }: Pick<RequestHead, 'upgrade'>): boolean =>
  upgrade.toLowerCase() === 'websocket'
