import type { Command, CommandGroup } from '../../command/flag.ts'
import { asking } from '../flags.ts'
import { filters, lines } from './audit-flags.ts'

const list: Command = {
  name: 'audit list',
  operands: '',
  summary: 'List who has changed what, the newest first.',
  details: ['With -o json each has what was before and after, without what is secret.'],
  examples: ['portcullis audit list --kind credential --since 7d', 'portcullis audit list -n 0 -o json'],
  flags: [...filters, lines, ...asking],
  run: async given => (await import('../audit.ts')).list(given, list),
}

const verify: Command = {
  name: 'audit verify',
  operands: '',
  summary: 'Say whether the audit is as it was written, event by event.',
  details: [
    'Each event has a hash of itself and of the hash before it. Whoever keeps the last hash elsewhere can tell later that nothing was cut off.',
    'The exit code is 0 where all is as it was written, 1 where it is not.',
  ],
  examples: ['portcullis audit verify'],
  flags: [...asking],
  run: async given => (await import('../audit.ts')).verify(given, verify),
}

/** `portcullis audit`. */
export const audit: CommandGroup = {
  name: 'audit',
  summary: 'Who has changed what:',
  commands: [list, verify],
}
