import { isIPv6 } from 'node:net'
import { CHARS, COLON, DOT, HEX, HOST, PATH, PERCENT, QUERY, SLASH, UNRESERVED, hexValue } from './chars.ts'
import type { Rejection } from './failures.ts'
import { canonicalHostname } from './hostname.ts'
import { refusals } from './rejections.ts'

/** ClientPolicy spec.paths, as the snapshot's ClientSettings has it. */
export interface PathSettings {
  /** Of "%2F", and of "%5C", which "unescape" leaves as it is. */
  readonly encodedSlash: 'keep' | 'reject' | 'unescape'
  readonly emptySegments: 'keep' | 'merge'
  /** What RFC 3986 has encoded and browsers leave bare; `keep` is about queries, in paths it is `encode`. */
  readonly illegalCharacters: 'encode' | 'keep' | 'reject'
}

/** Characters that WHATWG's URL serializer leaves in a query though RFC 3986 has no place for them there, as they are sent on. */
const BARE_IN_QUERIES: ReadonlyMap<number, string> = new Map([
  [92, '%5C'],
  [94, '%5E'],
  [96, '%60'],
  [123, '%7B'],
  [124, '%7C'],
  [125, '%7D'],
])

/** The same of paths; "^" until 2022. */
const BARE_IN_PATHS: ReadonlyMap<number, string> = new Map([
  [94, '%5E'],
  [124, '%7C'],
])

/** Of paths in configuration: everything that a request can have, in any setting. */
export const writtenPaths: PathSettings = {
  encodedSlash: 'keep',
  emptySegments: 'keep',
  illegalCharacters: 'encode',
}

/** A request target taken apart. `authority` and `hostname` are "" unless it was in absolute-form. */
export interface RequestTarget {
  readonly path: string
  readonly query: string
  readonly authority: string
  readonly hostname: string
}

/**
 * Offset of the first character of text from `from` on that keeps the path from
 * being canonical as it stands: the end of the path, or something that needs
 * parseTarget. `from` itself, where text does not begin with "/" there.
 *
 * Dots are looked at only after a slash, so `/a.b/c` stays on this path.
 */
export function plainPathEnd(text: string, from: number): number {
  if (text.charCodeAt(from) !== SLASH) return from
  let i = from
  for (;;) {
    const c = text.charCodeAt(i)
    if (c === SLASH) {
      const next = text.charCodeAt(i + 1)
      if (next === SLASH || next === DOT) return i
    } else if ((CHARS[c]! & PATH) === 0 && c !== DOT) return i
    i++
  }
}

/** Offset of the first character from `from` on that cannot be part of a query; a "%" that is malformed or %00 is one. */
export function queryEnd(text: string, from: number): number {
  let i = from
  for (;;) {
    const c = text.charCodeAt(i)
    if ((CHARS[c]! & QUERY) !== 0) i++
    else if (c === PERCENT && percentFault(text, i) === null) i += 3
    else return i
  }
}

/**
 * Takes a request target apart (RFC 9112 §3.2) and canonicalises its path, or
 * names the rule it breaks. `scheme` is the connection's: an absolute-form
 * target of the other scheme is somebody confused about whether TLS was there.
 */
export function parseTarget(
  raw: string,
  method: string,
  scheme: string,
  paths: PathSettings,
): RequestTarget | Rejection {
  if (raw.charCodeAt(0) === SLASH) return withPath(raw, 0, '', '', paths)
  if (raw === '*')
    return method === 'OPTIONS'
      ? { path: '*', query: '', authority: '', hostname: '' }
      : refusals['target-form']
  const colon = raw.indexOf('://')
  const given = colon === -1 ? '' : raw.slice(0, colon).toLowerCase()
  if (given !== 'http' && given !== 'https') return refusals['target-form']
  if (given !== scheme) return refusals['target-scheme']
  return absoluteForm(raw, colon + 3, method, paths)
}

function absoluteForm(
  raw: string,
  from: number,
  method: string,
  paths: PathSettings,
): RequestTarget | Rejection {
  let end = from
  while (end < raw.length && !'/?#'.includes(raw[end]!)) end++
  const authority = raw.slice(from, end)
  const hostname = parseAuthority(authority)
  if (hostname === null) return refusals['target-authority']
  // RFC 9112 §3.2.4: an OPTIONS without a path is about the server as a whole.
  if (end === raw.length && method === 'OPTIONS')
    return { path: '*', query: '', authority: normalAuthority(authority), hostname }
  return withPath(raw, end, normalAuthority(authority), hostname, paths)
}

function withPath(raw: string, from: number, authority: string, hostname: string, paths: PathSettings) {
  const mark = raw.indexOf('?', from)
  const end = mark === -1 ? raw.length : mark
  const path = end === from ? '/' : canonicalPath(raw.slice(from, end), paths)
  if (typeof path !== 'string') return path
  const query = readQuery(raw.slice(end), paths.illegalCharacters)
  return typeof query === 'string' ? { path, query, authority, hostname } : query
}

/**
 * A query as it is sent on, from its "?". What is legal stays as it is, in any
 * setting: there is no canonical form of what only the application can read.
 */
function readQuery(raw: string, illegal: PathSettings['illegalCharacters']): string | Rejection {
  const text = `${raw} `
  let out = ''
  let from = 0
  for (let i = queryEnd(text, 0); i < raw.length; i = queryEnd(text, i + 1)) {
    const encoded = bareInQuery(raw, i)
    if (typeof encoded !== 'string') return encoded
    if (illegal === 'reject') return refusals['target-bare']
    out += from === i ? encoded : raw.slice(from, i) + encoded
    from = i + 1
  }
  return from === 0 || illegal === 'keep' ? raw : out + raw.slice(from)
}

/** What is sent on for the character at `at`, where queryEnd stopped. */
function bareInQuery(raw: string, at: number): string | Rejection {
  const c = raw.charCodeAt(at)
  if (c !== PERCENT) return BARE_IN_QUERIES.get(c) ?? characterFault(c)
  return percentFault(raw, at) === refusals['target-nul'] ? refusals['target-nul'] : '%25'
}

function characterFault(c: number): Rejection {
  return refusals[c === 35 ? 'target-fragment' : 'target-character']
}

function percentFault(text: string, at: number): Rejection | null {
  const high = text.charCodeAt(at + 1)
  const low = text.charCodeAt(at + 2)
  if ((CHARS[high]! & HEX) === 0 || (CHARS[low]! & HEX) === 0) return refusals['target-encoding']
  return high === 48 && low === 48 ? refusals['target-nul'] : null
}

/**
 * The canonical form of a path that begins with "/" (RFC 3986 §6.2.2): what
 * routes match, policies authorise, logs show and upstreams receive. Percent
 * encodings are in upper case, of unreserved characters decoded, dot segments
 * resolved (above the root there is the root).
 *
 * A bare backslash is refused: browsers make a slash of it, and so do servers on
 * Windows. An encoded one is a character of a name, as keys of S3 have it, and is
 * treated as an encoded slash is. What browsers leave bare comes out encoded,
 * since both spellings mean the same to the upstream and only this one is in the
 * grammar of paths.
 */
export function canonicalPath(raw: string, paths: PathSettings): string | Rejection {
  if (raw.charCodeAt(0) !== SLASH) return refusals['target-form']
  let path = decodeUnreserved(raw, paths.illegalCharacters)
  if (typeof path !== 'string') return path
  const slash = path.includes('%2F')
  if (slash || path.includes('%5C')) {
    if (paths.encodedSlash === 'reject')
      return refusals[slash ? 'path-encoded-slash' : 'path-encoded-backslash']
    if (HIDDEN_DOTS.test(path)) return refusals['path-encoded-dots']
    if (paths.encodedSlash === 'unescape') path = path.replaceAll('%2F', '/')
  }
  if (STEPS_WITH_PARAMETERS.test(path)) return refusals['path-dot-parameters']
  // Before dot segments, as file systems do: to whom slashes are one, /a//../b is /b.
  if (paths.emptySegments === 'merge') path = path.replaceAll(/\/{2,}/g, '/')
  return path.includes('/.') ? removeDotSegments(path) : path
}

/** RFC 3986 §6.2.2.1 and §6.2.2.2. */
function decodeUnreserved(raw: string, illegal: PathSettings['illegalCharacters']): string | Rejection {
  let out = ''
  let from = 0
  for (let i = 0; i < raw.length; i++) {
    const c = raw.charCodeAt(i)
    if ((CHARS[c]! & PATH) !== 0 || c === SLASH || c === DOT) continue
    if (c !== PERCENT) {
      const encoded = bareInPath(c, illegal)
      if (typeof encoded !== 'string') return encoded
      out += raw.slice(from, i) + encoded
    } else {
      const fault = percentFault(raw, i)
      if (fault !== null) return fault
      const value = hexValue(raw.charCodeAt(i + 1)) * 16 + hexValue(raw.charCodeAt(i + 2))
      const unreserved = (CHARS[value]! & UNRESERVED) !== 0
      out +=
        raw.slice(from, i) + (unreserved ? String.fromCharCode(value) : raw.slice(i, i + 3).toUpperCase())
      i += 2
    }
    from = i + 1
  }
  return from === 0 ? raw : out + raw.slice(from)
}

function bareInPath(c: number, illegal: PathSettings['illegalCharacters']): string | Rejection {
  // They are URI characters, which browsers leave bare and nobody refuses, though the grammar has them in hosts alone.
  if (c === 91 || c === 93) return c === 91 ? '%5B' : '%5D'
  if (c === 92) return refusals['path-backslash']
  const encoded = BARE_IN_PATHS.get(c)
  if (encoded === undefined) return characterFault(c)
  return illegal === 'reject' ? refusals['target-bare'] : encoded
}

// `/files/..%2F..%2Fetc` has no dot segment as long as the slash stays encoded, and has two for an upstream that
// decodes before it resolves; one on Windows reads `/files/..%5C..%5Cetc` so too. No registry, Git host or object needs
// that. Refused also where slashes are decoded here: what climbs by encoded dots is no honest request for anything.
const HIDDEN_DOTS = /(?:\/|%2F|%5C)\.{1,2}(?:%2F|%5C)|(?:%2F|%5C)\.{1,2}(?:\/|$)/

// Servlet containers take parameters off segments before they resolve dots: to Tomcat `/free/..;/v1/pets` is `/v1/pets`,
// which leaves the route that protects that. `..;` is a name by RFC 3986 and by nobody's intention; with ";" encoded, too.
const STEPS_WITH_PARAMETERS = /(?:\/|%2F|%5C)\.{1,2}(?:;|%3B)/

/** RFC 3986 §5.2.4, on whole segments. Empty segments count as segments: /a//../b is /a/b. */
function removeDotSegments(path: string): string {
  const segments = path.split('/')
  const last = segments[segments.length - 1]
  const kept: string[] = []
  for (let i = 1; i < segments.length; i++) {
    const segment = segments[i]!
    if (segment === '..') kept.pop()
    else if (segment !== '.') kept.push(segment)
  }
  if (last === '.' || last === '..') kept.push('')
  return '/' + kept.join('/')
}

/**
 * The hostname of a Host field or of an authority: lower case, without port and
 * without the dot that ends an absolute DNS name, IPv6 in brackets. Null where
 * it is not valid: empty, with userinfo, a bad port, or characters that no host
 * has (percent-encodings and sub-delims among them: RFC 3986 allows them, DNS
 * does not, and proxies disagree about their meaning).
 */
export function parseAuthority(text: string): string | null {
  if (text.charCodeAt(0) === 91) return parseBracketed(text)
  let i = 0
  let upper = false
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if ((CHARS[c]! & HOST) === 0) break
    if (c === DOT && (i === 0 || text.charCodeAt(i - 1) === DOT)) return null
    if (c <= 90 && c >= 65) upper = true
  }
  if (i === 0 || i > 255 || !isPort(text, i)) return null
  const host = i === text.length ? text : text.slice(0, i)
  return upper || text.charCodeAt(i - 1) === DOT ? canonicalHostname(host) : host
}

function parseBracketed(text: string): string | null {
  const close = text.indexOf(']')
  // A zone identifier ("%") is for one machine only and has no place in a request.
  if (close === -1 || !isPort(text, close + 1) || text.includes('%')) return null
  return isIPv6(text.slice(1, close)) ? text.slice(0, close + 1).toLowerCase() : null
}

/** Without the colon of an empty port, which is none (RFC 3986 §6.2.3), and which not everybody behind us takes. */
export function normalAuthority(valid: string): string {
  return valid.charCodeAt(valid.length - 1) === COLON ? valid.slice(0, -1) : valid
}

/** Whether nothing, or ":" and a port from 0 to 65535 or none (RFC 3986 §3.2.3), stands at the end of text from `at` on. */
function isPort(text: string, at: number): boolean {
  if (at === text.length) return true
  if (text.charCodeAt(at) !== COLON || text.length > at + 6) return false
  let port = 0
  for (let i = at + 1; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return false
    port = port * 10 + digit
  }
  return port <= 65535
}

/** The port of a valid authority, or `fallback` where it has none. */
export function authorityPort(authority: string, fallback: number): number {
  const colon = authority.lastIndexOf(':')
  if (colon <= authority.lastIndexOf(']') || colon === authority.length - 1) return fallback
  return Number(authority.slice(colon + 1))
}
