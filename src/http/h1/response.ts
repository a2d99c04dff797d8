import { CHARS, CR, LF, SP, VALUE } from '../chars.ts'
import type { Rejection } from '../failures.ts'
import { Fields } from '../fields.ts'
import { CHUNKED, NO_BODY, UNTIL_CLOSE } from '../head.ts'
import type { ResponseHead } from '../head.ts'
import { upstreamRefusals } from '../rejections.ts'
import type { RuleName } from '../rejections.ts'
import { ConnectionOptions, isProtocolList, tokenList } from './connection-options.ts'
import { FAULT, FIELD, FieldCursor } from './fieldcursor.ts'
import { WireText } from './wiretext.ts'
import type { FieldLimits } from './fieldcursor.ts'
import { Framing } from './framing.ts'
import { KeepAlive } from './keep-alive.ts'
import { Gatherer, MORE, OFFENCE, RESPONSE } from './gatherer.ts'
import { headEnd } from './headend.ts'
import * as names from './names.ts'

export interface ResponseLimits extends FieldLimits {
  /** The status line. */
  readonly lineBytes: number
}

/**
 * Reads the response heads of one upstream connection, interim ones included
 * (RFC 9112 §4, §6; HTTP1.md rule 11). Rejections have status 431 where a limit
 * was passed and 502 otherwise; after one, the connection must be destroyed.
 *
 * `length` is NO_BODY for every response that has no body on the wire (HEAD,
 * 1xx, 204, 304; RFC 9112 §6.3). For HEAD and 304 Content-Length is then no
 * framing but a statement about another response, so it stays among the fields.
 */
export class ResponseHeadReader {
  readonly limits: ResponseLimits
  /** Offset, in the chunk given to the last `read`, of the first byte after the head. */
  consumed = 0
  /** Seconds for which the peer says that it keeps the connection (Keep-Alive: timeout=5); -1 where it does not say. */
  keepAliveS = -1
  /** The known field that broke a rule, where one did. */
  brokenField = ''
  readonly #gatherer = new Gatherer(RESPONSE)
  readonly #cursor = new FieldCursor()
  readonly #connection = new ConnectionOptions()
  readonly #framing = new Framing()
  readonly #wire = new WireText()
  readonly #keepAlive = new KeepAlive()
  // The head being parsed.
  #fields = new Fields()
  #seen = 0
  #upgrade = ''
  #trailer = ''

  constructor(limits: ResponseLimits) {
    this.limits = limits
  }

  /** Whether bytes of a head are held that is not complete. */
  get begun(): boolean {
    return this.#gatherer.begun
  }

  /** Reads on at `start`. `requestMethod` is the method that is being answered. Null asks for more bytes. */
  read(chunk: Buffer, start: number, requestMethod: string): ResponseHead | Rejection | null {
    if (!this.#gatherer.pending) {
      const end = headEnd(chunk, start)
      if (end !== -1 && end - start <= this.limits.headBytes) {
        const head = this.#parse(chunk.toString('latin1', start, end), requestMethod)
        this.consumed = start + this.#cursor.at
        return head
      }
    }
    return this.#gather(chunk, start, requestMethod)
  }

  #gather(chunk: Buffer, start: number, requestMethod: string): ResponseHead | Rejection | null {
    const gatherer = this.#gatherer
    this.consumed = gatherer.take(chunk, start, chunk.length, this.limits.lineBytes, this.limits)
    if (gatherer.outcome === MORE) return null
    const text = gatherer.text()
    const offence = gatherer.outcome === OFFENCE
    gatherer.reset()
    const head = this.#parse(`${text}\r\n\r\n`, requestMethod)
    // The line endings appended for the parser must never be what completes a head.
    return offence && 'reason' in head ? upstreamRefusals['line-ending'] : head
  }

  #parse(text: string, requestMethod: string): ResponseHead | Rejection {
    this.#cursor.at = 0
    const limit = Math.min(this.limits.lineBytes, this.limits.headBytes)
    const version = versionAt(text)
    const status = version === 0 ? 0 : statusAt(text)
    if (status === 0) return upstreamRefusals[startFault(text, limit)]
    let end = 12
    while ((CHARS[text.charCodeAt(end)]! & VALUE) !== 0) end++
    if (end > limit) return upstreamRefusals['head-size']
    if (text.charCodeAt(end) !== CR || text.charCodeAt(end + 1) !== LF) return upstreamRefusals['line-ending']
    // RFC 9112 §4: the space stands before an empty reason too; many leave it out, and nothing can be meant by that.
    if (end !== 12 && text.charCodeAt(12) !== SP) return upstreamRefusals['status-line']

    this.#reset()
    this.#cursor.start(text, end + 2, 0)
    const fault = this.#readFields(version) || this.#upgradeFault(status)
    if (fault !== '') return upstreamRefusals[fault]
    return this.#head(status, text.slice(13, end), version, requestMethod)
  }

  #head(status: number, reason: string, version: number, requestMethod: string): ResponseHead {
    const { close, keepAlive } = this.#connection
    const framing = this.#framing
    const bodiless = requestMethod === 'HEAD' || status < 200 || status === 204 || status === 304
    const describes = bodiless && framing.hasLength && status !== 204 && status >= 200
    if (describes) this.#fields.add('Content-Length', String(framing.length))
    const framed = framing.hasLength || framing.length === CHUNKED
    const length = bodiless ? NO_BODY : framed ? framing.length : UNTIL_CLOSE
    return {
      status,
      reason,
      version,
      fields: this.#fields,
      length,
      hasLength: framing.hasLength && !bodiless,
      keepAlive:
        length !== UNTIL_CLOSE &&
        !close &&
        !(bodiless && this.#contradicts(status)) &&
        (version === 11 || keepAlive),
      upgrade: status === 101 ? this.#upgrade : '',
      trailer: length === CHUNKED ? this.#trailer : '',
    }
  }

  /**
   * Framing where there can be none (RFC 9110 §8.6, RFC 9112 §6.1). Whoever says that much wrongly may also send the
   * body, and it would be the next request's answer: such a connection serves no other.
   */
  #contradicts(status: number): boolean {
    const { hasLength, length } = this.#framing
    return (status === 204 || status < 200) && (length === CHUNKED || (hasLength && length > 0))
  }

  #reset(): void {
    this.#fields = new Fields()
    this.#seen = 0
    this.#upgrade = ''
    this.#trailer = ''
    this.#connection.reset()
    this.#framing.reset()
    this.#wire.reset()
    this.keepAliveS = -1
  }

  #readFields(version: number): RuleName | '' {
    const cursor = this.#cursor
    const { list } = this.#fields
    const { text } = cursor
    let found
    while ((found = cursor.next(this.limits)) === FIELD) {
      const known = names.knownField(text, cursor.nameStart, cursor.nameEnd)
      if (known !== names.OTHER) {
        const fault = this.#readKnown(known, text.slice(cursor.valueStart, cursor.valueEnd))
        if (fault !== '') {
          this.brokenField = text.slice(cursor.nameStart, cursor.nameEnd).toLowerCase()
          return fault
        }
        if (isOwned(known)) continue
      }
      list.push(text.slice(cursor.nameStart, cursor.nameEnd), text.slice(cursor.valueStart, cursor.valueEnd))
      this.#wire.keep(cursor)
    }
    if (found === FAULT) return cursor.fault
    this.#fields.wrote(0, this.#wire.finish(text))
    this.#connection.strip(this.#fields)
    return this.#framing.finish(version)
  }

  #readKnown(known: number, value: string): RuleName | '' {
    switch (known) {
      case names.CONNECTION:
        return this.#connection.add(value)
      case names.KEEP_ALIVE:
        this.keepAliveS = this.#keepAlive.of(value)
        return ''
      case names.CONTENT_LENGTH:
        if (this.#cursor.tabbed) return 'content-length'
        return this.#framing.contentLength(value, 0, value.length)
      case names.TRANSFER_ENCODING:
        if (this.#cursor.tabbed) return 'transfer-encoding'
        return this.#framing.transferEncoding(value)
      case names.TRAILER:
        if (tokenList(value) === null) return 'trailer-names'
        this.#trailer = this.#trailer === '' ? value : `${this.#trailer}, ${value}`
        return ''
      case names.UPGRADE:
        // Outside 101 it is advertising (RFC 9110 §7.8), not worth a connection.
        this.#upgrade = this.#upgrade === '' ? value : `${this.#upgrade}, ${value}`
        return ''
    }
    const bit = 1 << known
    if ((bit & names.RESPONSE_SINGLETONS & this.#seen) !== 0) return 'field-repeated'
    this.#seen |= bit
    return ''
  }

  /** RFC 9110 §7.8, §15.2.2: a 101 must say what it switches to. */
  #upgradeFault(status: number): RuleName | '' {
    if (status !== 101 || (this.#connection.upgrade && isProtocolList(this.#upgrade))) return ''
    return 'upgrade-protocol'
  }
}

// Host, TE and Expect mean nothing in a response and pass like any field.
function isOwned(known: number): boolean {
  return known >= names.CONTENT_LENGTH && known <= names.UPGRADE && known !== names.TE
}

/** 10 or 11 where text begins with "HTTP/1.0 " or "HTTP/1.1 ", else 0. */
function versionAt(text: string): number {
  if (text.charCodeAt(0) !== 72 || text.charCodeAt(1) !== 84 || text.charCodeAt(2) !== 84) return 0
  if (text.charCodeAt(3) !== 80 || text.charCodeAt(4) !== 47 || text.charCodeAt(5) !== 49) return 0
  if (text.charCodeAt(6) !== 46 || text.charCodeAt(8) !== SP) return 0
  const minor = text.charCodeAt(7) - 48
  return minor === 1 ? 11 : minor === 0 ? 10 : 0
}

/** The status, 100 to 599 (RFC 9110 §15), or 0. */
function statusAt(text: string): number {
  const a = text.charCodeAt(9) - 48
  const b = text.charCodeAt(10) - 48
  const c = text.charCodeAt(11) - 48
  if (a < 1 || a > 5 || b < 0 || b > 9 || c < 0 || c > 9) return 0
  return a * 100 + b * 10 + c
}

/** What is wrong with a first line that has no version or status. Its first 12 characters decide, as far as they go. */
function startFault(text: string, limit: number): RuleName {
  if (text.charCodeAt(0) !== 72) return 'status-line'
  for (let i = 1; i < 12; i++) {
    if (i > limit) return 'head-size'
    const c = text.charCodeAt(i)
    if (c === CR ? text.charCodeAt(i + 1) !== LF : (CHARS[c]! & VALUE) === 0) return 'line-ending'
    if (c === CR) return 'status-line'
  }
  return 'status-line'
}
