/**
 * The field names that the codec itself knows. They are found in the text of a
 * head by length, first letter, then all letters, before anything is sliced or
 * lower-cased: most fields of most requests fall out at the length.
 *
 * Numbers are below 32, so that a set of them is one integer.
 */
export const OTHER = 0
export const HOST = 1
export const CONTENT_LENGTH = 2
export const TRANSFER_ENCODING = 3
export const CONNECTION = 4
export const KEEP_ALIVE = 5
export const PROXY_CONNECTION = 6
export const TE = 7
export const TRAILER = 8
export const UPGRADE = 9
export const EXPECT = 10
/** Forwarded, X-Forwarded-*, X-Real-IP, and Client-Cert (RFC 9440). */
export const FORWARDED = 11
export const REQUEST_ID = 12
export const TRACE = 13
export const VIA = 14
export const ORIGIN = 15
export const CONTENT_TYPE = 16
const LOCATION = 17
const CONTENT_RANGE = 18
const AUTHORIZATION = 19
const USER_AGENT = 20
const REFERER = 21
const RANGE = 22
const IF_RANGE = 23
const IF_MODIFIED_SINCE = 24
const IF_UNMODIFIED_SINCE = 25
const MAX_FORWARDS = 26
const PROXY_AUTHORIZATION = 27
const FROM = 28
const DATE = 29
/** X-Portcullis-*: what a gateway tells of who asks. */
export const OWN = 30

/** Fields of a request that may occur once (RFC 9110; those that the codec owns are checked by their own rules). */
export const REQUEST_SINGLETONS = bits(
  ORIGIN,
  CONTENT_TYPE,
  CONTENT_RANGE,
  AUTHORIZATION,
  USER_AGENT,
  REFERER,
  RANGE,
  IF_RANGE,
  IF_MODIFIED_SINCE,
  IF_UNMODIFIED_SINCE,
  MAX_FORWARDS,
  PROXY_AUTHORIZATION,
  FROM,
  DATE,
)

/**
 * Fields of a response that may occur once. Only those whose second value
 * would be an attack on someone: servers that repeat Date or Server are many.
 */
export const RESPONSE_SINGLETONS = bits(CONTENT_TYPE, CONTENT_RANGE, LOCATION)

function bits(...names: number[]): number {
  let set = 0
  for (const name of names) set |= 1 << name
  return set
}

/** Which known field the token text[from, to) is, in any case, or OTHER. */
export function knownField(text: string, from: number, to: number): number {
  // Or-ing 32 folds A–Z onto a–z; among tchars nothing else comes to lie on a letter or "-".
  const c = text.charCodeAt(from) | 32
  switch (to - from) {
    case 2:
      return c === 116 && same(text, from, 'te') ? TE : OTHER
    case 3:
      return c === 118 && same(text, from, 'via') ? VIA : OTHER
    case 4:
      if (c === 104) return same(text, from, 'host') ? HOST : OTHER
      if (c === 102) return same(text, from, 'from') ? FROM : OTHER
      return c === 100 && same(text, from, 'date') ? DATE : OTHER
    case 5:
      return c === 114 && same(text, from, 'range') ? RANGE : OTHER
    case 6:
      if (c === 111) return same(text, from, 'origin') ? ORIGIN : OTHER
      return c === 101 && same(text, from, 'expect') ? EXPECT : OTHER
    case 7:
      if (c === 117) return same(text, from, 'upgrade') ? UPGRADE : OTHER
      if (c === 114) return same(text, from, 'referer') ? REFERER : OTHER
      return c === 116 && same(text, from, 'trailer') ? TRAILER : OTHER
    case 8:
      if (c === 105) return same(text, from, 'if-range') ? IF_RANGE : OTHER
      return c === 108 && same(text, from, 'location') ? LOCATION : OTHER
    case 9:
      if (c === 120) return same(text, from, 'x-real-ip') ? FORWARDED : OTHER
      return c === 102 && same(text, from, 'forwarded') ? FORWARDED : OTHER
    case 10:
      if (c === 117) return same(text, from, 'user-agent') ? USER_AGENT : OTHER
      if (c === 99) return same(text, from, 'connection') ? CONNECTION : OTHER
      if (c === 107) return same(text, from, 'keep-alive') ? KEEP_ALIVE : OTHER
      return c === 116 && same(text, from, 'tracestate') ? TRACE : OTHER
    case 11:
      if (c === 99) return same(text, from, 'client-cert') ? FORWARDED : OTHER
      return c === 116 && same(text, from, 'traceparent') ? TRACE : OTHER
    case 12:
      if (c === 99) return same(text, from, 'content-type') ? CONTENT_TYPE : OTHER
      if (c === 120) return same(text, from, 'x-request-id') ? REQUEST_ID : gatewayField(text, from, to)
      return c === 109 && same(text, from, 'max-forwards') ? MAX_FORWARDS : OTHER
    case 13:
      if (c === 97) return same(text, from, 'authorization') ? AUTHORIZATION : OTHER
      if (c === 99) return same(text, from, 'content-range') ? CONTENT_RANGE : OTHER
      return gatewayField(text, from, to)
    case 14:
      return c === 99 && same(text, from, 'content-length') ? CONTENT_LENGTH : gatewayField(text, from, to)
    case 16:
      return c === 112 && same(text, from, 'proxy-connection')
        ? PROXY_CONNECTION
        : gatewayField(text, from, to)
    case 17:
      if (c === 116) return same(text, from, 'transfer-encoding') ? TRANSFER_ENCODING : OTHER
      if (c === 99) return same(text, from, 'client-cert-chain') ? FORWARDED : OTHER
      return c === 105 && same(text, from, 'if-modified-since')
        ? IF_MODIFIED_SINCE
        : gatewayField(text, from, to)
    case 19:
      if (c === 105) return same(text, from, 'if-unmodified-since') ? IF_UNMODIFIED_SINCE : OTHER
      return c === 112 && same(text, from, 'proxy-authorization')
        ? PROXY_AUTHORIZATION
        : gatewayField(text, from, to)
    default:
      return gatewayField(text, from, to)
  }
}

function gatewayField(text: string, from: number, to: number): number {
  if (to - from < 12 || (text.charCodeAt(from) | 32) !== 120) return OTHER
  if (same(text, from, 'x-forwarded-')) return FORWARDED
  return to - from > 12 && isSpelled(text, from, 'x-portcullis-') ? OWN : OTHER
}

/**
 * Some backends make variables of fields (RFC 3875 §4.1.18), and "_" of whatever is no letter or digit: X.Portcullis.Plan
 * is X-Portcullis-Plan to them. (Names with "_" itself are refused or dropped before, where they read like one of ours.)
 */
function isSpelled(text: string, from: number, lower: string): boolean {
  for (let i = 1; i < lower.length; i++) {
    const c = text.charCodeAt(from + i) | 32
    if (c === lower.charCodeAt(i)) continue
    const isAlphanumeric = (c >= 97 && c <= 122) || (c >= 48 && c <= 57)
    if (lower[i] !== '-' || isAlphanumeric) return false
  }
  return true
}

function same(text: string, from: number, lower: string): boolean {
  for (let i = 1; i < lower.length; i++)
    if ((text.charCodeAt(from + i) | 32) !== lower.charCodeAt(i)) return false
  return true
}

/**
 * Whether a field, named in lower case, has a meaning for everyone on the way
 * or for the gateway itself, so that Connection must not take it out (RFC 9110
 * §7.6.1): a client that could strip Authorization or X-Forwarded-For behind
 * the gateway's back would choose what the upstream knows of it.
 */
export function isProtected(lower: string): boolean {
  return (
    protectedNames.has(lower) ||
    lower.startsWith('x-forwarded-') ||
    lower.startsWith('content-') ||
    lower.startsWith('x-portcullis-')
  )
}

const protectedNames = new Set(
  `
  host transfer-encoding expect authorization proxy-authorization cookie set-cookie forwarded via
  x-real-ip x-request-id traceparent tracestate origin date cache-control location www-authenticate
  max-forwards range client-cert client-cert-chain
  `
    .trim()
    .split(/\s+/),
)
