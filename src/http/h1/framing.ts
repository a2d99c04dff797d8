import { CHUNKED, NO_BODY } from '../head.ts'
import type { RuleName } from '../rejections.ts'
import { tokenList } from './connection-options.ts'

/**
 * Content-Length and Transfer-Encoding of one message (RFC 9112 §6.1–§6.3;
 * HTTP1.md rules 5 and 6). Two parties that disagree here see different
 * messages, so there is one way to say each thing and no repair.
 */
export class Framing {
  hasLength = false
  length = NO_BODY
  #chunked = false

  reset(): void {
    this.hasLength = false
    this.length = NO_BODY
    this.#chunked = false
  }

  /** Reads text[from, to). Returns the rule that it breaks, or "". */
  contentLength(text: string, from: number, to: number): RuleName | '' {
    if (this.hasLength) return 'content-length-repeated'
    if (to === from || to - from > 16) return 'content-length'
    let length = 0
    for (let i = from; i < to; i++) {
      const digit = text.charCodeAt(i) - 48
      if (digit < 0 || digit > 9) return 'content-length'
      length = length * 10 + digit
    }
    if (length > Number.MAX_SAFE_INTEGER) return 'content-length'
    this.hasLength = true
    this.length = length
    return ''
  }

  transferEncoding(value: string): RuleName | '' {
    if (this.#chunked) return 'transfer-encoding'
    this.#chunked = true
    if (value === 'chunked') return ''
    const codings = tokenList(value)
    if (codings === null || codings.length === 0) return 'transfer-encoding'
    if (codings.some(coding => coding !== 'chunked')) return 'transfer-coding'
    // Nothing but the word itself: "chunked," and ", chunked" are lists that someone else may read differently.
    return value.length === 7 ? '' : 'transfer-encoding'
  }

  /** What both together, and the version, mean; sets `length` to CHUNKED. */
  finish(version: number): RuleName | '' {
    if (!this.#chunked) return ''
    if (version !== 11) return 'transfer-encoding-version'
    if (this.hasLength) return 'framing-conflict'
    this.length = CHUNKED
    return ''
  }
}
