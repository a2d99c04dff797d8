import { QUESTION, isToken } from '../chars.ts'
import type { Rejection } from '../failures.ts'
import { mayTunnel } from '../h1/connection-options.ts'
import { CHUNKED, NO_BODY, type RequestHead } from '../head.ts'
import { isMethod } from '../methods.ts'
import { refusals } from '../rejections.ts'
import {
  normalAuthority,
  parseAuthority,
  parseTarget,
  plainPathEnd,
  queryEnd,
  type PathSettings,
  type RequestTarget,
} from '../target.ts'
import { LINE_BYTES, type FieldSection, type SectionLimits } from './field-section.ts'
import { authorityDiffers, malformed } from './rejections.ts'
import { websocketKey } from './websocket.ts'

/** What ClientPolicy says about heads; the snapshot's ClientSettings is one. */
export interface RequestPolicy extends SectionLimits, PathSettings {
  /** Of the request line that a request would have by HTTP/1. */
  readonly requestLineBytes: number
}

/** The authority read last, since all requests of a connection tend to have the same. */
let lastAuthority = ''
let lastHostname: string | null = null

/**
 * The request that a section is (RFC 9113 §8.3.1), or why it is none; see
 * rejections.ts for what follows from that. `scheme` is the connection's.
 *
 * Extended CONNECT (RFC 8441) becomes what it is in HTTP/1: a GET with
 * `upgrade`, and for WebSocket the key that HTTP/2 leaves out, so that nobody
 * behind the codec meets a second kind of handshake.
 */
export function requestHead(
  section: FieldSection,
  endStream: boolean,
  policy: RequestPolicy,
  scheme: string,
): RequestHead | Rejection {
  const { method, path, fields, framing } = section
  if (section.malformed !== null) return section.malformed
  if (method === null) return section.refusal ?? malformed['h2-pseudo-missing']
  if (section.protocol !== null || method === 'CONNECT')
    return connectHead(section, endStream, policy, scheme)
  if (section.refusal !== null) return section.refusal
  if (path === null || path === '' || section.scheme === null) return malformed['h2-pseudo-missing']
  if (section.scheme !== scheme) return refusals['target-scheme']
  if (!isToken(method)) return refusals['request-line']
  if (method.length + path.length + LINE_BYTES > policy.requestLineBytes) return refusals['request-line-size']
  if (!isMethod(method)) return refusals['method-unknown']
  const target = readTarget(path, method, scheme, policy)
  if ('rule' in target) return target
  const given = section.authority ?? section.host ?? ''
  const hostname = hostnameOf(section, given)
  if (typeof hostname !== 'string') return hostname
  const authority = normalAuthority(given)
  const length = framing.hasLength ? framing.length : CHUNKED
  if (endStream && length > 0) return malformed['h2-content-length']
  const body = endStream ? NO_BODY : length
  if (section.cookie !== '') fields.list.push('cookie', section.cookie)
  return {
    method,
    scheme,
    authority,
    hostname,
    path: target.path,
    query: target.query,
    version: 20,
    fields,
    length: body,
    hasLength: framing.hasLength,
    keepAlive: true,
    upgrade: '',
    expectContinue: section.expect && body !== NO_BODY,
    acceptsTrailers: section.acceptsTrailers,
    trailer: body === CHUNKED ? section.trailer : '',
    hints: section.hints,
  }
}

function readTarget(
  path: string,
  method: string,
  scheme: string,
  policy: RequestPolicy,
): RequestTarget | Rejection {
  const end = plainPathEnd(path, 0)
  if (end !== 0) {
    if (end === path.length) return { path, query: '', authority: '', hostname: '' }
    if (path.charCodeAt(end) === QUESTION && queryEnd(path, end + 1) === path.length)
      return { path: path.slice(0, end), query: path.slice(end), authority: '', hostname: '' }
  }
  // §8.3.1: a path, or "*"; absolute form is for HTTP/1 only.
  const c = path.charCodeAt(0)
  return c === 47 || c === 42 ? parseTarget(path, method, scheme, policy) : refusals['target-form']
}

function hostnameOf(section: FieldSection, authority: string): string | Rejection {
  const { host } = section
  // §8.3.1: who routes by one and who by the other must see the same.
  if (host !== null && host !== authority && host.toLowerCase() !== authority.toLowerCase())
    return authorityDiffers
  if (authority === '') return refusals['host-missing']
  if (authority !== lastAuthority) {
    lastHostname = parseAuthority(authority)
    lastAuthority = authority
  }
  return lastHostname ?? refusals['host-invalid']
}

function connectHead(
  section: FieldSection,
  endStream: boolean,
  policy: RequestPolicy,
  scheme: string,
): RequestHead | Rejection {
  const { protocol, path } = section
  const plain = protocol === null
  // §8.5: plain CONNECT has an authority and nothing else; RFC 8441 §4: with a protocol it has everything.
  const whole = path !== null && path !== '' && section.scheme !== null && section.authority !== null
  const bare = path === null && section.scheme === null && section.authority !== null
  if (section.method !== 'CONNECT' || !(plain ? bare : whole)) return malformed['h2-connect']
  if (plain) return refusals['method-connect']
  if (!isToken(protocol) || !mayTunnel(protocol) || endStream) return refusals['upgrade-protocol']
  section.method = 'GET'
  section.protocol = null
  if (section.framing.hasLength) return malformed['h2-content-length']
  const head = requestHead(section, true, policy, scheme)
  if ('rule' in head) return head
  head.upgrade = protocol
  if (protocol.toLowerCase() === 'websocket') head.fields.set('sec-websocket-key', websocketKey())
  return head
}
