import type { Fields } from './fields.ts'

/** How the length of a message body is known (RFC 9112 §6.3). */
export const NO_BODY = 0
export const CHUNKED = -1
/** Response only: the body ends when the connection does. */
export const UNTIL_CLOSE = -2

/**
 * A request as everyone after the codec sees it: already validated, hop-by-hop
 * fields taken out, the path canonical. Filters change it in place; upstream
 * bytes are serialised from it and from nothing else.
 */
export interface RequestHead {
  method: string
  /** `http` or `https`: what the client used towards us. */
  scheme: string
  /** Host and optional port as the client sent them (Host, or the authority of an absolute-form target; `:authority` in HTTP/2). Never in `fields`. */
  authority: string
  /** `authority` without port, in lower case, IPv6 in brackets; what listeners and routes match. */
  hostname: string
  /** Canonical path (see target.ts), beginning with "/", or "*" for OPTIONS. */
  path: string
  /** Query with its leading "?", or "". */
  query: string
  /** 10 or 11 for HTTP/1, 20 for HTTP/2. */
  version: number
  /**
   * End-to-end fields. Not in here, because the codec owns them: those of
   * owned-fields.ts, and what Connection names.
   */
  readonly fields: Fields
  /** Length of the body in bytes, NO_BODY, or CHUNKED. A Content-Length of 0 is NO_BODY with `hasLength`. */
  length: number
  /** Whether the client sent a Content-Length (so that `Content-Length: 0` is forwarded as such). */
  hasLength: boolean
  /** The client may send another request on this connection after this one. */
  keepAlive: boolean
  /** The protocol of a valid Upgrade request (`Connection: upgrade` and `Upgrade: x`), or "". */
  upgrade: string
  /** `Expect: 100-continue` was sent with a body to come. */
  expectContinue: boolean
  /** `TE: trailers` was sent. */
  acceptsTrailers: boolean
  /** Names announced by Trailer, as sent, or "". */
  trailer: string
  /** HINT_… bits: which fields that the forwarding rules must look at were seen at all, so that their absence costs nothing. */
  hints: number
}

/** Forwarded or X-Forwarded-* is among the fields. */
export const HINT_FORWARDED = 1
/** X-Request-Id is among the fields. */
export const HINT_REQUEST_ID = 2
/** traceparent or tracestate is among the fields. */
export const HINT_TRACE = 4
/** Via is among the fields. */
export const HINT_VIA = 8
/** Origin is among the fields (CORS). */
export const HINT_ORIGIN = 16
/** X-Portcullis-* is among the fields. */
export const HINT_OWN = 32

/** A response's head, held to the same rules. `length` may also be UNTIL_CLOSE. */
export interface ResponseHead {
  status: number
  /** Reason phrase as received; "" lets the serialiser take the standard one. */
  reason: string
  version: number
  /** End-to-end fields; the codec owns Content-Length, Transfer-Encoding, Connection and what it names, Keep-Alive, Trailer, Upgrade. */
  readonly fields: Fields
  length: number
  hasLength: boolean
  keepAlive: boolean
  upgrade: string
  trailer: string
}
