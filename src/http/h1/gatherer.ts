import { CHARS, COLON, CR, LF, SP, TOKEN, VALUE } from '../chars.ts'
import type { FieldLimits } from './fieldcursor.ts'

/** What `take` came to: it needs more bytes, has the whole section, or has met a byte that cannot be in one. */
export const MORE = 0
const WHOLE = 1
export const OFFENCE = 2

// States, by what the next byte may be.
export const REQUEST = 0
const LEADING_LF = 1
const AFTER_LEADING = 2
const METHOD = 3
const FIRST_LINE = 4
const FIRST_LF = 5
export const FIELDS = 6
const NAME = 7
const FIELD_VALUE = 8
const VALUE_LF = 9
const LAST_LF = 10
export const RESPONSE = 11
/** A CR where no line may end: the byte after it, whatever it is, ends the waiting, so that the parser sees what it was. */
const BROKEN = 12

/**
 * Collects a head (or the trailers) that arrives in pieces. Every byte is
 * looked at once as it comes, whatever the size of the pieces, and an offending
 * one ends the waiting at once: a client that drips bytes, or that speaks TLS
 * or something else to us, is not heard until a blank line.
 *
 * It only decides when there is enough to parse; what is wrong is for the
 * parser to say, from the text up to and including the offence. Holds at most
 * headBytes and a few more.
 */
export class Gatherer {
  /** Whether something of the section itself is held; the empty line that may precede a request is not. */
  begun = false
  outcome = MORE
  #bytes: Buffer | null = null
  #length = 0
  #state: number
  readonly #first: number
  /** How many bytes there may be before this line must have ended. */
  #limit = 0
  #origin = 0
  #fields = 0

  constructor(first: number) {
    this.#first = first
    this.#state = first
  }

  /** Whether bytes are held. */
  get pending(): boolean {
    return this.#length !== 0
  }

  /** What they take in memory. */
  get heldBytes(): number {
    return this.#bytes?.length ?? 0
  }

  /** Takes bytes of the chunk up to the section's end or an offence; returns the offset after them and sets `outcome`. */
  take(chunk: Buffer, start: number, end: number, lineBytes: number, limits: FieldLimits): number {
    if (this.#length === 0) this.#startLine(0, lineBytes, limits)
    let at = start
    this.outcome = MORE
    while (at < end && this.outcome === MORE)
      this.outcome = this.#step(chunk[at]!, this.#length + at++ - start, lineBytes, limits)
    this.#append(chunk, start, at)
    return at
  }

  /** The bytes held, as latin1. */
  text(): string {
    return this.#bytes === null ? '' : this.#bytes.toString('latin1', 0, this.#length)
  }

  reset(): void {
    this.begun = false
    this.#bytes = null
    this.#length = 0
    this.#state = this.#first
    this.#fields = 0
    this.#origin = 0
  }

  #step(c: number, index: number, lineBytes: number, limits: FieldLimits): number {
    const kind = CHARS[c]!
    switch (this.#state) {
      case REQUEST:
        if (c === CR) return this.#go(LEADING_LF)
        this.begun = true
        return (kind & TOKEN) !== 0 ? this.#within(index, METHOD) : OFFENCE
      case LEADING_LF:
        return c === LF ? this.#go(AFTER_LEADING) : OFFENCE
      case AFTER_LEADING:
        this.begun = true
        this.#origin = index
        this.#startLine(index, lineBytes, limits)
        return (kind & TOKEN) !== 0 ? this.#within(index, METHOD) : this.#offence(c)
      case METHOD:
        if ((kind & TOKEN) !== 0) return this.#within(index, METHOD)
        return c === SP ? this.#within(index, FIRST_LINE) : this.#offence(c)
      case RESPONSE:
        this.begun = true
        return c === 72 ? this.#within(index, FIRST_LINE) : OFFENCE
      case FIRST_LINE:
        if (c === CR) return this.#go(FIRST_LF)
        return (kind & VALUE) !== 0 ? this.#within(index, FIRST_LINE) : OFFENCE
      case FIRST_LF:
      case VALUE_LF:
        return c === LF ? this.#go(FIELDS) : OFFENCE
      case FIELDS:
        this.begun = true
        if (c === CR) return this.#go(LAST_LF)
        if (++this.#fields > limits.fieldCount) return OFFENCE
        this.#startLine(index, limits.fieldBytes, limits)
        return (kind & TOKEN) !== 0 ? this.#within(index, NAME) : OFFENCE
      case NAME:
        if ((kind & TOKEN) !== 0) return this.#within(index, NAME)
        return c === COLON ? this.#within(index, FIELD_VALUE) : this.#offence(c)
      case FIELD_VALUE:
        if (c === CR) return this.#go(VALUE_LF)
        return (kind & VALUE) !== 0 ? this.#within(index, FIELD_VALUE) : OFFENCE
      case LAST_LF:
        return c === LF ? WHOLE : OFFENCE
      default:
        return OFFENCE
    }
  }

  #go(state: number): number {
    this.#state = state
    return MORE
  }

  #offence(c: number): number {
    return c === CR ? this.#go(BROKEN) : OFFENCE
  }

  #within(index: number, state: number): number {
    this.#state = state
    return index < this.#limit ? MORE : OFFENCE
  }

  #startLine(index: number, lineBytes: number, limits: FieldLimits): void {
    this.#limit = Math.min(index + lineBytes, this.#origin + limits.headBytes)
  }

  #append(chunk: Buffer, start: number, end: number): void {
    const needed = this.#length + end - start
    if (this.#bytes === null || this.#bytes.length < needed) {
      const larger = Buffer.allocUnsafe(Math.max(512, needed * 2))
      if (this.#bytes !== null) this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    chunk.copy(this.#bytes, this.#length, start, end)
    this.#length = needed
  }
}
