import { Rejection } from '../failures.ts'

/**
 * Rules that only HTTP/2 has (sections of RFC 9113); the others are in
 * ../rejections.ts. A message that breaks one of these is malformed (§8.1.1):
 * its stream is reset with PROTOCOL_ERROR and nobody answers it.
 */
const table = {
  'h2-field-name': 'A field name is empty, not a token, or has upper-case letters',
  'h2-field-value': 'A field value has a control character, or white space at its begin or end',
  'h2-connection-field': 'A field is specific to a connection of HTTP/1',
  'h2-te': 'TE says something else than "trailers"',
  'h2-pseudo-unknown': 'A pseudo-header field is unknown, or not of this kind of message',
  'h2-pseudo-repeated': 'A pseudo-header field is repeated',
  'h2-pseudo-late': 'A pseudo-header field follows a regular field',
  'h2-pseudo-missing': 'A pseudo-header field is missing or empty',
  'h2-pseudo-trailer': 'A trailer section has a pseudo-header field',
  'h2-connect': 'CONNECT has the wrong pseudo-header fields, or :protocol stands without it',
  'h2-status': 'The status is not a number from 100 to 599, or is 101',
  'h2-content-length': 'Content-Length is not the length of the data',
  'h2-trailers-open': 'A trailer section does not end its stream',
  'h2-interim': 'A request gets too many interim responses',
  'h2-data-early': 'Data stands before the head of the response',
} as const satisfies Record<string, string>

export type MalformedName = keyof typeof table

function isMalformedName(name: string): name is MalformedName {
  return Object.hasOwn(table, name)
}

const malformedNames: readonly MalformedName[] = Object.keys(table).filter(isMalformedName)

/** §8.3.1; not malformed by the letter ("SHOULD"), and an answer tells an honest client what is wrong. */
export const authorityDiffers = new Rejection(400, 'h2-authority', 'Host and :authority are not the same')

/** §5.1.2: not processed, and the client may ask again, here or on another connection. */
export const tooManyStreams = new Rejection(503, 'h2-streams', 'Too many streams are open')

/** Nobody can be told by an answer: it is the answer that is not taken. */
export const stalled = new Rejection(408, 'h2-stall', 'Nothing of the response was taken for too long')

/** Preallocated: refusing must cost less than accepting. */
export const malformed = build()
const all: ReadonlySet<Rejection> = new Set(Object.values(malformed))

/** Whether a rejection means that the stream is reset; the others are answered. */
export function isMalformed(rejection: Rejection): boolean {
  return all.has(rejection)
}

function build(): Readonly<Record<MalformedName, Rejection>> {
  const made: Partial<Record<MalformedName, Rejection>> = {}
  for (const name of malformedNames) made[name] = new Rejection(400, name, table[name])
  return Object.freeze(made) as Readonly<Record<MalformedName, Rejection>>
}
