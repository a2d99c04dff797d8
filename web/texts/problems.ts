import { count } from '../format.ts'

export const problemsTexts = {
  title: 'Problems',
  nothing: 'Nothing is wrong',
  nothingHint: 'Every object that was read is in force as it is written.',
  severity: 'Severity',
  severities: { error: 'error', warning: 'warning', note: 'note' },
  kinds: { all: 'All', error: 'Errors', warning: 'Warnings', note: 'Notes' },
  held: 'Its last good version serves on.',
  heldSince: (since: string) => `Its last good version serves on, which was read on ${since}.`,
  running: 'found while running',
  todo: 'What to do',
  nothingOfKind: 'None of this kind.',
  more: (n: number) => `Of all kinds, ${count(n)} more: portcullis status -o json has them.`,
  conditions: 'Conditions that are not good',
  object: 'Object',
  condition: 'Condition',
  message: 'Message',
} as const
