import { CHARS, HTAB, NO_UNDERSCORE, SP, TOKEN, VALUE } from '../chars.ts'
import { CONTENT_TYPE, knownField } from '../h1/names.ts'

/**
 * What is known of a field's name and value, as one integer, found once when a
 * field enters a compression table, so that an indexed field costs no look at
 * its characters: in the low bits the number of a known name (h1/names.ts, or
 * one of those below), and flags.
 */
export const KNOWN = 63
export const COOKIE = 32
/** Pseudo-header fields (RFC 9113 §8.3); the numbers from METHOD on are theirs. */
export const METHOD = 40
export const SCHEME = 41
export const AUTHORITY = 42
export const PATH = 43
const PROTOCOL = 44
export const STATUS = 45
/** Begins with ":", and is none of these. */
export const UNKNOWN_PSEUDO = 46

/** The name is no token in lower case (§8.2.1). */
export const BAD_NAME = 64
/** The value has a control character, or white space at an end (§8.2.1). */
export const BAD_VALUE = 128
const UNDERSCORE = 256

const pseudo: Readonly<Record<string, number>> = {
  ':method': METHOD,
  ':scheme': SCHEME,
  ':authority': AUTHORITY,
  ':path': PATH,
  ':protocol': PROTOCOL,
  ':status': STATUS,
}

/** Whether a sink that is full is told all the same: what a refusal is written in depends on it. */
export function isLateField(kind: number): boolean {
  return (kind & KNOWN) === CONTENT_TYPE
}

/** What a name is; `name` is latin1 text. */
export function nameKind(name: string): number {
  if (name.charCodeAt(0) === 58) return Object.hasOwn(pseudo, name) ? pseudo[name]! : UNKNOWN_PSEUDO
  let all = NO_UNDERSCORE
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i)
    const kind = CHARS[c]!
    if ((kind & TOKEN) === 0 || (c >= 65 && c <= 90)) return BAD_NAME
    all &= kind
  }
  if (name === '') return BAD_NAME
  if (name === 'cookie') return COOKIE
  return knownField(name, 0, name.length) | (all === 0 ? UNDERSCORE : 0)
}

/** BAD_VALUE or 0 for the bytes from[start, end). */
export function valueKind(from: Uint8Array, start: number, end: number): number {
  if (start === end) return 0
  const first = from[start]!
  const last = from[end - 1]!
  if (first === SP || first === HTAB || last === SP || last === HTAB) return BAD_VALUE
  for (let i = start; i < end; i++) if ((CHARS[from[i]!]! & VALUE) === 0) return BAD_VALUE
  return 0
}
