import { CHARS, CR, HEX, LF, TOKEN, VALUE, hexValue } from '../chars.ts'
import type { Rejection } from '../failures.ts'
import { Fields } from '../fields.ts'
import { refusals } from '../rejections.ts'
import type { RuleName } from '../rejections.ts'
import { FAULT, FIELD, FieldCursor } from './fieldcursor.ts'
import { FIELDS, Gatherer, MORE, OFFENCE } from './gatherer.ts'
import { trailerAllowed } from './trailers.ts'

/** Takes the bytes of a body as they come, without framing; the chunk is only borrowed. */
export interface ContentSink {
  data(chunk: Buffer, start: number, end: number): void
}

/** 13 digits stay below 2^52, where every whole number is exact. */
const SIZE_DIGITS = 13
const EXTENSION_BYTES = 256
/** All extensions of a message: without a limit a client can send a body of one byte in gigabytes (CVE-2023-39326). */
const EXTENSIONS_BYTES = 4096
const TRAILER_LIMITS = { fieldBytes: 8192, headBytes: 16_384, fieldCount: 100 }

// States, by what the next byte may be.
const FIRST_DIGIT = 0
const SIZE = 1
const EXTENSION_NAME = 2
const EXTENSION_VALUE = 3
const QUOTED = 4
const QUOTED_PAIR = 5
const AFTER_QUOTED = 6
const SIZE_LF = 7
const DATA = 8
const DATA_CR = 9
const DATA_LF = 10
const TRAILERS = 11
const DONE = 12

/**
 * Reads a chunked body (RFC 9112 §7.1; HTTP1.md rules 7 and 8), reusable by
 * `reset`. Extensions are checked and forgotten. Sizes of 13 digits, CRLF to
 * the byte: what a lenient reader takes for the end of a chunk is where the
 * next request can be hidden.
 */
export class ChunkedReader {
  done = false
  /** Set once; nothing is read after it. */
  rejection: Rejection | null = null
  /** The trailers that may pass, when `done`; null where there were none. */
  trailers: Fields | null = null
  #state = FIRST_DIGIT
  #digits = 0
  /** Bytes of the chunk still to come; exact below 2^53. */
  #remaining = 0
  #extension = 0
  #extensions = 0
  /** Characters of the extension's name or value so far. */
  #word = 0
  #gatherer: Gatherer | null = null

  reset(): void {
    this.done = false
    this.rejection = null
    this.trailers = null
    this.#state = FIRST_DIGIT
    this.#digits = 0
    this.#remaining = 0
    this.#extension = 0
    this.#extensions = 0
    this.#gatherer?.reset()
  }

  /** Reads chunk[start, end) and gives the sink what is body. Returns the offset after what was consumed: `end`, unless `done` or rejected. */
  read(chunk: Buffer, start: number, end: number, sink: ContentSink): number {
    let at = start
    while (at < end && this.#state !== DONE) {
      if (this.#state === DATA) {
        const next = Math.min(end, at + this.#remaining)
        this.#remaining -= next - at
        if (this.#remaining === 0) this.#state = DATA_CR
        sink.data(chunk, at, next)
        at = next
      } else if (this.#state === TRAILERS) at = this.#readTrailers(chunk, at, end)
      else {
        const rule = this.#step(chunk[at]!)
        if (rule !== '') return this.#reject(rule, at)
        at++
      }
    }
    return at
  }

  /** One byte of what is not data. */
  #step(c: number): RuleName | '' {
    switch (this.#state) {
      case FIRST_DIGIT:
      case SIZE:
        return this.#readSize(c)
      case SIZE_LF:
        if (c !== LF) return 'chunk-ending'
        this.#state = this.#remaining === 0 ? TRAILERS : DATA
        return ''
      case DATA_CR:
        this.#state = DATA_LF
        return c === CR ? '' : 'chunk-ending'
      case DATA_LF:
        this.#state = FIRST_DIGIT
        this.#digits = 0
        return c === LF ? '' : 'chunk-ending'
      default:
        return this.#readExtension(c)
    }
  }

  #readSize(c: number): RuleName | '' {
    if ((CHARS[c]! & HEX) !== 0) {
      if (++this.#digits > SIZE_DIGITS) return 'chunk-size'
      this.#remaining = this.#remaining * 16 + hexValue(c)
      this.#state = SIZE
      return ''
    }
    if (this.#state === FIRST_DIGIT) return 'chunk-size'
    if (c === CR) return this.#go(SIZE_LF)
    if (c === LF) return 'chunk-ending'
    return c === SEMICOLON ? this.#startExtension() : 'chunk-size'
  }

  // RFC 9112 §7.1.1, without the "bad white space" that the grammar lets recipients put up with.
  #readExtension(c: number): RuleName | '' {
    if (c === CR && this.#mayEnd()) return this.#go(SIZE_LF)
    if (++this.#extension > EXTENSION_BYTES || ++this.#extensions > EXTENSIONS_BYTES)
      return 'chunk-extension-size'
    switch (this.#state) {
      case EXTENSION_NAME:
        if (c === EQUALS && this.#word > 0) return this.#go(EXTENSION_VALUE)
        return this.#readWord(c)
      case EXTENSION_VALUE:
        if (c === QUOTE && this.#word === 0) return this.#go(QUOTED)
        return this.#readWord(c)
      case QUOTED:
        if (c === QUOTE) return this.#go(AFTER_QUOTED)
        if (c === BACKSLASH) return this.#go(QUOTED_PAIR)
        return (CHARS[c]! & VALUE) !== 0 ? '' : 'chunk-extension'
      case QUOTED_PAIR:
        this.#state = QUOTED
        return (CHARS[c]! & VALUE) !== 0 ? '' : 'chunk-extension'
      default:
        return c === SEMICOLON ? this.#startExtension() : 'chunk-extension'
    }
  }

  #readWord(c: number): RuleName | '' {
    if (c === SEMICOLON && this.#word > 0) return this.#startExtension()
    this.#word++
    return (CHARS[c]! & TOKEN) !== 0 ? '' : 'chunk-extension'
  }

  #mayEnd(): boolean {
    if (this.#state === AFTER_QUOTED) return true
    return this.#word > 0 && (this.#state === EXTENSION_NAME || this.#state === EXTENSION_VALUE)
  }

  #startExtension(): RuleName | '' {
    this.#extension = 0
    return this.#go(EXTENSION_NAME)
  }

  #go(state: number): '' {
    this.#state = state
    this.#word = 0
    return ''
  }

  #readTrailers(chunk: Buffer, start: number, end: number): number {
    const gatherer = (this.#gatherer ??= new Gatherer(FIELDS))
    // Nearly always there are none.
    if (!gatherer.pending && end - start >= 2 && chunk[start] === CR && chunk[start + 1] === LF)
      return this.#finish(start + 2)
    const at = gatherer.take(chunk, start, end, TRAILER_LIMITS.fieldBytes, TRAILER_LIMITS)
    if (gatherer.outcome === MORE) return at
    const text = gatherer.text()
    const rule = this.#parseTrailers(`${text}\r\n\r\n`) || (gatherer.outcome === OFFENCE ? 'line-ending' : '')
    gatherer.reset()
    if (rule !== '') return this.#reject(rule, at)
    return this.#finish(at)
  }

  #finish(at: number): number {
    this.done = true
    this.#state = DONE
    return at
  }

  #parseTrailers(text: string): RuleName | '' {
    cursor.start(text, 0, 0)
    let found
    while ((found = cursor.next(TRAILER_LIMITS)) === FIELD) {
      const name = text.slice(cursor.nameStart, cursor.nameEnd)
      if (!trailerAllowed(name.toLowerCase())) continue
      this.trailers ??= new Fields()
      this.trailers.add(name, text.slice(cursor.valueStart, cursor.valueEnd))
    }
    if (found !== FAULT) return ''
    const { fault } = cursor
    return fault === 'field-size' || fault === 'field-count' || fault === 'head-size' ? 'trailer-size' : fault
  }

  #reject(rule: RuleName, at: number): number {
    this.rejection = refusals[rule]
    this.trailers = null
    this.#state = DONE
    return at
  }
}

const SEMICOLON = 59
const EQUALS = 61
const QUOTE = 34
const BACKSLASH = 92

// Trailers are parsed in one go, so that all readers share one cursor.
const cursor = new FieldCursor()
