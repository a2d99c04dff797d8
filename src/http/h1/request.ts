import type { Rejection } from '../failures.ts'
import type { RequestHead } from '../head.ts'
import { refusals } from '../rejections.ts'
import { Gatherer, MORE, OFFENCE, REQUEST } from './gatherer.ts'
import { headEnd } from './headend.ts'
import { RequestParser, type HeadLimits } from './request-parser.ts'

const parser = new RequestParser()

/**
 * Reads the request heads of one connection, one after the other (RFC 9112 §2,
 * §3, §5, §6; HTTP1.md rules 1–6, 9, 12). Whatever it accepts, llhttp accepts
 * with the same method, target, fields, body and end, methods that it does not
 * know aside.
 */
export class RequestHeadReader {
  /** May be replaced between heads. */
  limits: HeadLimits
  /** Offset, in the chunk given to the last `read`, of the first byte after the head. */
  consumed = 0
  readonly #scheme: 'http' | 'https'
  /** Of a connection of which a head has come in pieces; most never need one. */
  #gatherer: Gatherer | null = null

  constructor(limits: HeadLimits, scheme: 'http' | 'https') {
    this.limits = limits
    this.#scheme = scheme
  }

  /** Whether bytes of a head are held that is not complete: a client that stops now has left a request half-sent. */
  get begun(): boolean {
    return this.#gatherer !== null && this.#gatherer.begun
  }

  /** Bytes of memory that an incomplete head takes. */
  get heldBytes(): number {
    return this.#gatherer?.heldBytes ?? 0
  }

  /**
   * Reads on at `start`. Null asks for more bytes; what there was is kept. After
   * a rejection the connection cannot be read any further.
   */
  read(chunk: Buffer, start: number): RequestHead | Rejection | null {
    if (this.#gatherer === null || !this.#gatherer.pending) {
      const end = headEnd(chunk, start)
      if (end !== -1 && end - start <= this.limits.headBytes) {
        const head = parser.parse(chunk.toString('latin1', start, end), this.limits, this.#scheme)
        this.consumed = start + parser.end
        return head
      }
    }
    return this.#gather(chunk, start)
  }

  #gather(chunk: Buffer, start: number): RequestHead | Rejection | null {
    const gatherer = (this.#gatherer ??= new Gatherer(REQUEST))
    this.consumed = gatherer.take(chunk, start, chunk.length, this.limits.requestLineBytes, this.limits)
    if (gatherer.outcome === MORE) return null
    const text = gatherer.text()
    const offence = gatherer.outcome === OFFENCE
    gatherer.reset()
    const head = parser.parse(`${text}\r\n\r\n`, this.limits, this.#scheme)
    // The line endings appended for the parser must never be what completes a head.
    return offence && 'method' in head ? refusals['line-ending'] : head
  }
}
