import type { Cancellation } from '../../shared/cancellation.ts'
import { hasControl, isToken } from '../../http/chars.ts'
import { Fields } from '../../http/fields.ts'
import {
  CHUNKED,
  HINT_FORWARDED,
  HINT_ORIGIN,
  HINT_OWN,
  HINT_REQUEST_ID,
  HINT_TRACE,
  HINT_VIA,
  NO_BODY,
  type RequestHead,
} from '../../http/head.ts'
import { canonicalHostname } from '../../http/hostname.ts'
import { isOwnWord, ownedFields } from '../../http/owned-fields.ts'

/** A request that begins within this thread. */
export interface RequestWithin {
  readonly method: string
  readonly scheme: 'http' | 'https'
  /** Host and optional port, where its fields have no `host`. */
  readonly authority: string
  /** Path and query as they go on the wire. */
  readonly target: string
  /** By their names in lower case. Those of the codec (`content-length`, `connection` and so on) are its own, and left out. */
  readonly headers: Readonly<Record<string, string>>
  /** One that streams is read as fast as the backend takes it, and can be sent once. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | null
  /** Whose share it counts as where there is not enough for all: an address. Absent: all such are one. */
  readonly client?: string | undefined
  /** Who is told what of the answer waits to be read; absent: nobody. */
  readonly holding?: { add(bytes: number): void } | undefined
  /** Aborted: nobody wants the answer. One whose reason has the failure `http_response_timeout` was too late. */
  readonly signal?: Cancellation
  /** By performance.now; Infinity where there is none. */
  readonly deadlineMs: number
  /** Whether it may be repeated that a backend may have acted on it: whatever its method is. */
  readonly repeatable: boolean
  /** Whether its answer may go on without end: the time of its rule or cluster is not for that, that of an attempt for its head. */
  readonly streams?: boolean
  /** The protocol that it is to leave HTTP for, `websocket`; absent: none. */
  readonly upgrade?: string
}

const hints: Readonly<Record<string, number>> = {
  forwarded: HINT_FORWARDED,
  'x-request-id': HINT_REQUEST_ID,
  traceparent: HINT_TRACE,
  tracestate: HINT_TRACE,
  via: HINT_VIA,
  origin: HINT_ORIGIN,
}

const bodyless: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE', 'TRACE'])

/** Throws a TypeError where it cannot be a request: what is in it may have been computed of what a client sent. */
export function headOf(request: RequestWithin): RequestHead {
  const { method, scheme, target, headers, body, upgrade = '' } = request
  const mark = target.indexOf('?')
  const end = mark === -1 ? target.length : mark
  const list: string[] = []
  let seen = 0
  for (const name of Object.keys(headers)) {
    const value = headers[name]!
    if (hasControl(value) || !isToken(name))
      throw new TypeError(`a field ${JSON.stringify(name)} that no request can have`)
    if (ownedFields.has(name)) continue
    list.push(name, value)
    seen |= hintOf(name)
  }
  const authority = headers['host'] ?? request.authority
  return {
    method,
    scheme,
    authority,
    hostname: hostnameOf(authority),
    path: target.slice(0, end),
    query: target.slice(end),
    version: 11,
    fields: new Fields(list),
    length: body === null ? NO_BODY : body instanceof Uint8Array ? body.length : CHUNKED,
    hasLength: body instanceof Uint8Array || (body === null && !bodyless.has(method)),
    keepAlive: true,
    upgrade,
    expectContinue: false,
    acceptsTrailers: headers['te'] === 'trailers',
    trailer: '',
    hints: seen,
  }
}

function hintOf(name: string): number {
  const hint = hints[name]
  if (hint !== undefined) return hint
  if (!name.startsWith('x-')) return 0
  if (name.startsWith('x-forwarded-')) return HINT_FORWARDED
  return isOwnWord(name) ? HINT_OWN : 0
}

let lastAuthority = ''
let lastHostname = ''

/** The same few backends all the time. */
function hostnameOf(authority: string): string {
  if (authority !== lastAuthority) {
    lastHostname = canonicalHostname(authority.replace(/:\d*$/, ''))
    lastAuthority = authority
  }
  return lastHostname
}
