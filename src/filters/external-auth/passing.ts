import type { Fields } from '../../http/fields.ts'
import type { Exchange } from '../filter.ts'
import { Note } from '../notes.ts'
import { removeSpellings } from '../spellings.ts'
import type { Allowed } from './decision.ts'

/** What external authorization has done with one exchange, whichever policies there are. */
export class Passing {
  /** Names, in lower case, that an answer has brought: they are not the client's any more. */
  readonly brought = new Set<string>()
  /** Policies that have let it pass; one that applies in two ways is asked once. */
  readonly passed = new Set<string>()
  /** For the answer of the client. */
  answered: string[] = []
}

const note = new Note<Passing>('external-auth')

export function passingOf(x: Exchange): Passing {
  const known = x.notes.get(note)
  if (known !== undefined) return known
  const made = new Passing()
  x.notes.set(note, made)
  return made
}

/** Appends to an answer what services have for the client, once. */
export function sayAnswered(x: Exchange): void {
  const passing = x.notes.get(note)
  if (passing === undefined) return
  const { answered } = passing
  for (let i = 0; i < answered.length; i += 2) x.response.fields.add(answered[i]!, answered[i + 1]!)
  passing.answered = []
}

/** Removes what a client sends under names that are a service's to give, or that some backends take for them. */
export function strip(fields: Fields, names: readonly string[], { brought }: Passing): void {
  for (const name of names) if (!brought.has(name)) fields.remove(name)
  removeSpellings(fields, names)
}

/** Gives a request what an approval says. */
export function bring(fields: Fields, { set, added, removed, answered }: Allowed, passing: Passing): void {
  for (const name of removed) fields.remove(name)
  const replaced = new Set<string>()
  for (let i = 0; i < set.length; i += 2) {
    const name = set[i]!.toLowerCase()
    if (!replaced.has(name)) fields.remove(name)
    replaced.add(name)
    passing.brought.add(name)
    fields.add(set[i]!, set[i + 1]!)
  }
  for (let i = 0; i < added.length; i += 2) fields.add(added[i]!, added[i + 1]!)
  passing.answered.push(...answered)
}
