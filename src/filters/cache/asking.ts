import { Fields } from '../../http/fields.ts'
import type { Stored } from '../../shared/cache/stored.ts'
import { Note } from '../notes.ts'
import { conditionNames } from './conditions.ts'
import type { Directives } from './directives.ts'
import type { Flight } from './flights.ts'
import type { Found } from './found.ts'
import type { Question } from './question.ts'
import type { Shared } from './shared.ts'
import type { Forwarded } from './status.ts'

/** A request that the backend is asked, for the cache. */
export interface Asking {
  readonly question: Question
  readonly directives: Directives
  readonly why: Forwarded
  /** What is stored and may be true still; null: nothing is. */
  readonly stored: Stored | null
  /** As the client sent it, where we have put other conditions into its place. */
  readonly wanted: Fields
  readonly conditional: boolean
  /** What comes may be stored. */
  readonly stores: boolean
  readonly collapsed: boolean
  readonly key: string
  readonly flight: Flight | null
  readonly askedMs: number
  /** How many purges, and changes at its URL, had been made known. */
  readonly known: number
  readonly changePlace: number
  readonly changes: number
  /** How often it was asked for lately. */
  readonly times: number
  /** Nobody waits for it. */
  readonly background: boolean
  answered: boolean
}

export const askingNote = new Note<Asking>('cache.asking')

/** What every asking has of the moment in which it is made. */
export function momentOf({ reader }: Shared, { url }: Question, nowMs: number) {
  return { askedMs: nowMs, known: reader.known, ...reader.changesOf(url), answered: false }
}

export function whyOf({ stored, varies }: Found): Forwarded {
  return stored !== null ? 'stale' : varies ? 'vary-miss' : 'uri-miss'
}

/** What the backend says to somebody whom we have named to it is no word on what is for all. */
export function isOfOther({ question, stored }: Asking): boolean {
  return question.isTold && stored !== null && stored.place.startsWith('*')
}

const replaced = [...conditionNames, 'range']

/** Puts the conditions of what is stored into the place of the client's, for the backend that it came from. */
export function askAbout(fields: Fields, stored: Stored): void {
  for (const name of replaced) {
    fields.keep(name)
    fields.remove(name)
  }
  const of = new Fields([...stored.fields])
  const [etag, modified] = [of.get('etag'), of.get('last-modified')]
  if (etag !== undefined) fields.add('If-None-Match', etag)
  if (modified !== undefined) fields.add('If-Modified-Since', modified)
}
