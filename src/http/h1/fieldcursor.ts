import { CHARS, COLON, CR, HTAB, LF, NO_UNDERSCORE, SP, TOKEN, VALUE } from '../chars.ts'
import type { RuleName } from '../rejections.ts'

/** Limits of a field section; sizes in bytes, without the line endings. */
export interface FieldLimits {
  /** One line: name, colon, value and what is between. */
  readonly fieldBytes: number
  /** The whole head, from its first byte to the last byte of its last field. */
  readonly headBytes: number
  readonly fieldCount: number
}

/** What `next` found. */
export const FIELD = 0
const END = 1
export const FAULT = 2

/**
 * The one strict parser of field lines (RFC 9112 §5), for requests, responses
 * and trailers alike: a cursor over the text of a head.
 *
 * It looks at no character twice and reports the offence that comes first, so
 * that a head gives the same result however it was cut into packets. The text
 * must end with CRLF CRLF: that is why no loop here checks for its end.
 */
export class FieldCursor {
  text = ''
  /** Where the next line begins. */
  at = 0
  /** Where the head began; headBytes count from here. */
  origin = 0
  count = 0
  nameStart = 0
  nameEnd = 0
  /** Without the white space around it. */
  valueStart = 0
  valueEnd = 0
  /** Whether the name has an underscore. */
  underscore = false
  fault: RuleName = 'field-name'

  start(text: string, at: number, origin: number): void {
    this.text = text
    this.at = at
    this.origin = origin
    this.count = 0
  }

  next(limits: FieldLimits): number {
    const { text } = this
    const begin = this.at
    let i = begin
    let c = text.charCodeAt(i)
    if (c === CR) return this.#end(begin)
    if (++this.count > limits.fieldCount) return this.#fail('field-count')
    const limit = Math.min(begin + limits.fieldBytes, this.origin + limits.headBytes)
    let all = NO_UNDERSCORE
    for (let kind = CHARS[c]!; (kind & TOKEN) !== 0; kind = CHARS[c]!) {
      all &= kind
      c = text.charCodeAt(++i)
    }
    if (c !== COLON || i === begin)
      return this.#fail(i > limit ? sizeRule(begin, limits, limit) : nameRule(text, begin, i))
    this.underscore = all === 0
    this.nameStart = begin
    this.nameEnd = i
    do c = text.charCodeAt(++i)
    while (c === SP || c === HTAB)
    this.valueStart = i
    while ((CHARS[c]! & VALUE) !== 0) c = text.charCodeAt(++i)
    if (i > limit) return this.#fail(sizeRule(begin, limits, limit))
    if (c !== CR || text.charCodeAt(i + 1) !== LF)
      return this.#fail(c === CR || c === LF ? 'line-ending' : 'field-value')
    this.at = i + 2
    while (i > this.valueStart && ((c = text.charCodeAt(i - 1)) === SP || c === HTAB)) i--
    this.valueEnd = i
    return FIELD
  }

  /**
   * Whether there is a tab in the white space around the value. It is allowed
   * (RFC 9110 §5.6.3), but llhttp does not take "chunked" and a tab for
   * "chunked", so for the fields that frame a message it is refused.
   */
  get tabbed(): boolean {
    const { text } = this
    for (let i = this.nameEnd + 1; i < this.valueStart; i++) if (text.charCodeAt(i) === HTAB) return true
    for (let i = this.valueEnd; i < this.at; i++) if (text.charCodeAt(i) === HTAB) return true
    return false
  }

  #end(begin: number): number {
    if (this.text.charCodeAt(begin + 1) !== LF) return this.#fail('line-ending')
    this.at = begin + 2
    return END
  }

  #fail(rule: RuleName): number {
    this.fault = rule
    return FAULT
  }
}

// Of the two limits, the one that was reached first.
function sizeRule(begin: number, limits: FieldLimits, limit: number): RuleName {
  return limit === begin + limits.fieldBytes ? 'field-size' : 'head-size'
}

function nameRule(text: string, begin: number, at: number): RuleName {
  const c = text.charCodeAt(at)
  if (c === LF || c === CR) return text.charCodeAt(at + 1) === LF && c === CR ? 'field-name' : 'line-ending'
  return at === begin && (c === SP || c === HTAB) ? 'field-folded' : 'field-name'
}
