import type { Command } from '../command/flag.ts'
import { adminUrl, data, store, token } from '../command/flags.ts'
import { asking } from '../management/flags.ts'
import { dryRun, everything, force, kind, owner, prune } from './flags.ts'

const sources =
  'PATH is a file or folder of resources as YAML or JSON, - is standard input, and without one it is ./portcullis. They go to the store of the gateway, which serves them as it serves files; what a file of the gateway declares cannot be changed so.'

/** `portcullis apply`. */
export const apply: Command = {
  name: 'apply',
  operands: '[PATH…|-]',
  summary: 'Put resources into the store of a running gateway: all of them, or none where one is wrong.',
  details: [
    sources,
    'Nothing is ever deleted without --prune.',
    'The exit code is 0 where all is in force as it is written, 1 where something is wrong, before or after.',
  ],
  examples: [
    'portcullis apply petstore.yaml',
    'portcullis apply --prune --owner pets-repository portcullis/',
    'portcullis import openapi petstore.yaml --backend :9000 --gateway web | portcullis apply -',
  ],
  flags: [dryRun, prune, owner, ...asking],
  run: async given => (await import('./apply.ts')).apply(given),
}

/** `portcullis diff`. */
export const diff: Command = {
  name: 'diff',
  operands: '[PATH…|-]',
  summary: 'Show what apply would change, line by line.',
  details: [
    sources,
    'The exit code is 0 where nothing would change, 1 where something would, 2 where that cannot be told.',
  ],
  examples: ['portcullis diff petstore.yaml', 'portcullis diff --prune --owner pets-repository portcullis/'],
  flags: [prune, owner, ...asking],
  run: async given => (await import('./diff.ts')).diff(given),
}

/** `portcullis dump`. */
export const dump: Command = {
  name: 'dump',
  operands: '',
  summary: 'Print what is in the store of a running gateway, as YAML that apply takes; never secrets.',
  details: [
    'An object with something secret in it is there as a comment, without that: it could not be applied as it stands.',
  ],
  examples: ['portcullis dump > portcullis.yaml', 'portcullis dump --kind Plan'],
  flags: [kind, everything, ...asking],
  run: async given => (await import('./dump.ts')).dump(given),
}

/** `portcullis backup`. */
export const backup: Command = {
  name: 'backup',
  operands: 'FILE|-',
  summary: 'Write all of the store of a running gateway into a file: objects, records, usage, audit.',
  details: [
    'It is of one moment, while others go on to write, and goes into a store of either kind. - is standard output.',
    'Peppers and signing keys are not in it: keep the folder of --secrets as well, for without its peppers no key of the backup counts. The file has no key, but who uses what; it is for you alone (0600).',
  ],
  examples: ['portcullis backup store.jsonl', 'portcullis backup - | zstd > store.jsonl.zst'],
  flags: [force, adminUrl, token, data],
  run: async given => (await import('./backup.ts')).backup(given),
}

/** `portcullis restore`. */
export const restore: Command = {
  name: 'restore',
  operands: 'FILE|-',
  summary: 'Put a backup into a store that is empty, while no gateway runs on it.',
  details: [
    'The store is that of --store, or a new one in the folder of --data. All of the backup is taken, or nothing, where a line of it is wrong or its end is missing.',
    'Then start the gateway with the same --secrets as that of the backup.',
  ],
  examples: [
    'portcullis restore store.jsonl --data ./state',
    'portcullis restore store.jsonl --store postgres://db/portcullis',
  ],
  flags: [store, data],
  run: async given => (await import('./restore.ts')).restore(given),
}
