/**
 * JSON strings made by hand, in ASCII only, so that a whole line is written as
 * latin1. Strings of the codec are latin1: a byte of 0x80 or more comes out as
 * \u00XX, and what reads the log gets the bytes that were on the wire.
 */

// Also DEL and everything above: C1 controls would reach a terminal that shows the log.
const UNSAFE = /[^\x20\x21\x23-\x5b\x5d-\x7e]/

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/** How each of the 256 latin1 characters is written. */
const LATIN1: readonly string[] = Array.from({ length: 256 }, (_, code) => {
  const char = String.fromCharCode(code)
  return SHORT[char] ?? (UNSAFE.test(char) ? unicode(code) : char)
})

function unicode(code: number): string {
  return `\\u${code.toString(16).padStart(4, '0')}`
}

/**
 * What stands between the quotes. At most `limit` characters of the result
 * (an ellipsis marks the cut), never half an escape or half a character.
 */
export function escapeJson(text: string, limit: number = Infinity): string {
  if (text.length <= limit && !UNSAFE.test(text)) return text
  let out = ''
  let clean = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const piece = code < 256 ? LATIN1[code]! : unicode(code)
    if (out.length + (i - clean) + piece.length > limit) {
      // JSON allows the first half of a surrogate pair alone, but not every reader of it does.
      const kept = isHighSurrogate(text.charCodeAt(i - 1)) ? out.slice(0, -6) : out + text.slice(clean, i)
      return `${kept}\\u2026`
    }
    if (piece.length === 1) continue
    out += text.slice(clean, i) + piece
    clean = i + 1
  }
  return out + text.slice(clean)
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}
