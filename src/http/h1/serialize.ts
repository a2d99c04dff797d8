import { hasControl } from '../chars.ts'
import type { Fields } from '../fields.ts'
import { CHUNKED, NO_BODY, UNTIL_CLOSE } from '../head.ts'
import type { RequestHead, ResponseHead } from '../head.ts'
import { reasons } from '../reasons.ts'

/**
 * Heads as text, one latin1 character a byte. Built by string concatenation:
 * measured at half the cost of array and join, and a third of Buffer writes.
 *
 * Fields have been checked where they came from (the codec, or configuration).
 * What a filter may have computed for the lines that are ours is checked here:
 * a CR or LF in it would be a second head of somebody else's making, so it
 * throws, which no input can cause as long as the rest of the program is right.
 */

/** A request for the upstream: origin-form, always HTTP/1.1, framing from `length`, hop-by-hop fields of our own. */
export function serializeRequest(head: RequestHead): string {
  const { method, authority, path, query } = head
  if (hasBlank(method) || hasBlank(path) || hasBlank(query) || hasBlank(authority))
    throw unsafe('request line or Host')
  let text = `${method} ${path}${query} HTTP/1.1\r\nHost: ${authority}\r\n` + head.fields.wire()
  if (head.length === CHUNKED) text += chunkedFields(head.trailer)
  else if (head.length !== NO_BODY) text += 'Content-Length: ' + head.length + '\r\n'
  else if (head.hasLength) text += 'Content-Length: 0\r\n'
  if (head.upgrade !== '') text += upgradeFields(head.upgrade)
  else if (head.acceptsTrailers) text += 'Connection: TE\r\nTE: trailers\r\n'
  return text + '\r\n'
}

/**
 * A response for a client that speaks `clientVersion` (10 or 11), answering
 * `requestMethod`. A body of unknown length is chunked for 1.1 and ends with
 * the connection for 1.0, so that `keepAlive` is then taken as false.
 */
export function serializeResponse(
  head: ResponseHead,
  keepAlive: boolean,
  clientVersion: number,
  requestMethod: string,
): string {
  const { status } = head
  let text = statusLine(status, head.reason) + head.fields.wire()
  if (status < 200) return text + (status === 101 ? upgradeFields(head.upgrade) : '') + '\r\n'
  if (!head.fields.has('date')) text += dateLine()
  const framing = wireLength(head, clientVersion, requestMethod)
  text += framingFields(head, framing, requestMethod)
  if (!keepAlive || framing === UNTIL_CLOSE) text += 'Connection: close\r\n'
  else if (clientVersion < 11) text += 'Connection: keep-alive\r\n'
  return text + '\r\n'
}

/**
 * How the body of a response goes to this client: its length, NO_BODY, CHUNKED
 * or UNTIL_CLOSE (RFC 9112 §6.3). serializeResponse follows it.
 */
export function wireLength(head: ResponseHead, clientVersion: number, requestMethod: string): number {
  const { length, status } = head
  if (requestMethod === 'HEAD' || status < 200 || status === 204 || status === 304) return NO_BODY
  if (length >= 0) return length
  return clientVersion < 11 ? UNTIL_CLOSE : CHUNKED
}

function framingFields(head: ResponseHead, framing: number, requestMethod: string): string {
  if (framing === CHUNKED) return chunkedFields(head.trailer)
  if (framing > 0) return 'Content-Length: ' + framing + '\r\n'
  if (framing === UNTIL_CLOSE || head.status === 204) return ''
  // For HEAD and 304 a length is said only where it is known; elsewhere no body must be said, or it would last forever.
  if (requestMethod !== 'HEAD' && head.status !== 304) return 'Content-Length: 0\r\n'
  return head.hasLength && head.length >= 0 ? 'Content-Length: ' + head.length + '\r\n' : ''
}

function chunkedFields(trailer: string): string {
  if (trailer === '') return 'Transfer-Encoding: chunked\r\n'
  if (hasControl(trailer)) throw unsafe('Trailer')
  return 'Transfer-Encoding: chunked\r\nTrailer: ' + trailer + '\r\n'
}

function upgradeFields(protocol: string): string {
  if (hasControl(protocol)) throw unsafe('Upgrade')
  return 'Connection: upgrade\r\nUpgrade: ' + protocol + '\r\n'
}

// Status lines with the standard reason, by status, made when first needed.
const statusLines: (string | undefined)[] = Array.from({ length: 600 })

function statusLine(status: number, reason: string): string {
  const known = statusLines[status]
  if (reason === '' && known !== undefined) return known
  if (!Number.isInteger(status) || status < 100 || status > 599 || hasControl(reason))
    throw unsafe('status line')
  if (reason !== '') return 'HTTP/1.1 ' + status + ' ' + reason + '\r\n'
  return (statusLines[status] = `HTTP/1.1 ${status} ${reasons[status] ?? ''}\r\n`)
}

let dateSecond = 0
let dateText = ''

function dateLine(): string {
  const second = Math.floor(Date.now() / 1000)
  if (second !== dateSecond) {
    dateSecond = second
    dateText = `Date: ${new Date(second * 1000).toUTCString()}\r\n`
  }
  return dateText
}

/** The line before a chunk of this many bytes (at least 1: a chunk of 0 ends the body). */
export function chunkHead(bytes: number): string {
  return bytes.toString(16) + '\r\n'
}

/** Trailers as whole lines, without the last chunk before them and the empty line after them. */
export function trailerText(trailers: Fields): string {
  return trailers.wire()
}

/** Whether text would break the request line or the Host line: a space, a control character, or no latin1. */
function hasBlank(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c <= 32 || c >= 127) return true
  }
  return false
}

function unsafe(what: string): Error {
  return new Error(`refused to send a ${what} that would break the message apart`)
}
