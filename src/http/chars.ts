/**
 * Classes of bytes, one bit each, looked up as `CHARS[byte]! & CLASS`. The
 * table has 256 entries for latin1 text; a char code above that yields
 * undefined, which is in no class.
 */

/** RFC 9110 §5.6.2: tchar. */
export const TOKEN = 1
/** RFC 9110 §5.5: field-vchar, SP and HTAB; obs-text included. */
export const VALUE = 2
/** What may stand in a path as it is: RFC 3986 pchar without percent-encoding, and without "/" and ".", which need a look. */
export const PATH = 4
/** What may stand in a query as it is. "[" and "]" too: they are URI characters, and browsers send them bare. */
export const QUERY = 8
export const HEX = 16
/** What hostnames are made of: RFC 3986 reg-name without sub-delims and percent-encoding, which no DNS name has. */
export const HOST = 32
/** Every tchar but "_". */
export const NO_UNDERSCORE = 64
/** RFC 3986 §2.3: unreserved, the only characters that percent-decoding may give back. */
export const UNRESERVED = 128

export const HTAB = 9
export const LF = 10
export const CR = 13
export const SP = 32
export const PERCENT = 37
export const COMMA = 44
export const DOT = 46
export const SLASH = 47
export const COLON = 58
export const QUESTION = 63

export const CHARS = new Uint8Array(256)

mark(TOKEN | NO_UNDERSCORE, "!#$%&'*+-.^`|~")
mark(TOKEN, '_')
mark(UNRESERVED, '-._~')
mark(PATH, "-_~!$&'()*+,;=:@")
mark(QUERY, "-._~!$&'()*+,;=:@/?[]")
mark(HOST, '-._')
mark(HEX, 'ABCDEFabcdef0123456789')
for (const range of ['09', 'AZ', 'az'])
  for (let c = range.charCodeAt(0); c <= range.charCodeAt(1); c++)
    CHARS[c]! |= TOKEN | NO_UNDERSCORE | UNRESERVED | PATH | QUERY | HOST
for (let c = 0; c < 256; c++) if (c === HTAB || (c >= SP && c !== 127)) CHARS[c]! |= VALUE

function mark(bits: number, characters: string): void {
  for (let i = 0; i < characters.length; i++) CHARS[characters.charCodeAt(i)]! |= bits
}

/** Value of a hexadecimal digit; the caller has checked the HEX class. */
export function hexValue(c: number): number {
  return c <= 57 ? c - 48 : (c | 32) - 87
}

/** Whether text has a control character other than HTAB, or one that latin1 cannot carry: it must not reach the wire. */
export function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) if ((CHARS[text.charCodeAt(i)]! & VALUE) === 0) return true
  return false
}

/** Whether text is a token (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) if ((CHARS[text.charCodeAt(i)]! & TOKEN) === 0) return false
  return text !== ''
}
