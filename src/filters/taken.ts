import type { Exchange } from './filter.ts'
import { Note } from './notes.ts'

/**
 * Credentials that filters have taken out of a request, place and text, place and text: `header authorization` and what
 * stood there. Another policy may ask for the same one, and what is kept of a decision or an answer is kept for who has
 * brought it, and for nobody else.
 */
const taken = new Note<string[]>('taken')

/** A place is `header` and a name in lower case, `query` and a name, or `cookie` and a name. */
export function noteTaken(x: Pick<Exchange, 'notes'>, place: string, text: string): void {
  const list = x.notes.get(taken)
  if (list === undefined) x.notes.set(taken, [place, text])
  else list.push(place, text)
}

/** What was taken from this place; null where nobody has. */
export function takenFrom(x: Pick<Exchange, 'notes'>, place: string): string | null {
  const list = x.notes.get(taken)
  if (list === undefined) return null
  for (let i = 0; i < list.length; i += 2) if (list[i] === place) return list[i + 1]!
  return null
}

/** All of it, for a key that is hashed: never to be logged or kept as it is. */
export function allTaken(x: Pick<Exchange, 'notes'>): readonly string[] {
  return x.notes.get(taken) ?? nothing
}

const nothing: readonly string[] = []

/** What filters have told the backend of who asks, in fields that are not the client's. */
const told = new Note<string[]>('told')

/** An answer to such a request is for who it was told of, whatever it says of itself. */
export function noteTold(x: Pick<Exchange, 'notes'>, text: string): void {
  const list = x.notes.get(told)
  if (list === undefined) x.notes.set(told, [text])
  else list.push(text)
}

export function allTold(x: Pick<Exchange, 'notes'>): readonly string[] {
  return x.notes.get(told) ?? nothing
}

/** What other services were asked with about a request: name, value, name, value …, of each question. */
const asked = new Note<(readonly string[])[]>('asked')

/**
 * By any of it a service may have known who asks, and so may a backend that is sent it as well: an answer is for who
 * says the same. Other than with `noteTold`, an answer may still say that it is for all.
 */
export function noteAsked(x: Pick<Exchange, 'notes'>, fields: readonly string[]): void {
  const list = x.notes.get(asked)
  if (list === undefined) x.notes.set(asked, [fields])
  else list.push(fields)
}

export function allAsked(x: Pick<Exchange, 'notes'>): readonly (readonly string[])[] {
  return x.notes.get(asked) ?? noFields
}

const noFields: readonly (readonly string[])[] = []
