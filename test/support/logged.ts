import type { Notes } from '../../src/filters/notes.ts'

/** What the access log is told of notes, by the names of fields. */
export function loggedOf(notes: Pick<Notes, 'logged'>): Record<string, unknown> {
  return Object.fromEntries((notes.logged() ?? []).flatMap(({ fields }) => fields))
}
