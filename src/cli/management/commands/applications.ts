import type { Command, CommandGroup } from '../../command/flag.ts'
import { account, asking, limit, organization, textFlag, title } from '../flags.ts'

const APP = 'APP is NAME, ACCOUNT/NAME where several accounts have one of that name, or an id.'

const ofAccount = textFlag(
  'account',
  'ACCOUNT',
  'Whose it is; where absent, the account "default", which is made where it is not there.',
)

const create: Command = {
  name: 'apps create',
  operands: 'NAME',
  summary: 'Make an application: what calls APIs, has keys, and subscribes to products.',
  details: [],
  examples: [
    'portcullis apps create my-app',
    "portcullis apps create mobile --account acme --title 'Our mobile app'",
  ],
  flags: [ofAccount, title, organization, ...asking],
  run: async given => (await import('../applications.ts')).create(given, create, ofAccount),
}

const list: Command = {
  name: 'apps list',
  operands: '',
  summary: 'List applications, the oldest first.',
  details: [],
  examples: ['portcullis apps list --account acme', "portcullis apps list -o json | jq -r '.[].name'"],
  flags: [{ ...account, help: 'Only those of this account.' }, limit, organization, ...asking],
  run: async given => (await import('../applications.ts')).list(given, list),
}

const show: Command = {
  name: 'apps show',
  operands: 'APP',
  summary: 'Show an application with its keys and subscriptions.',
  details: [APP],
  examples: ['portcullis apps show my-app'],
  flags: [account, organization, ...asking],
  run: async given => (await import('../applications.ts')).show(given, show),
}

const suspend: Command = {
  name: 'apps suspend',
  operands: 'APP',
  summary: 'Have none of its keys count any more, until it is resumed.',
  details: [APP],
  flags: [account, organization, ...asking],
  run: async given => (await import('../applications.ts')).become(given, suspend, 'suspended'),
}

const resume: Command = {
  name: 'apps resume',
  operands: 'APP',
  summary: 'Have them count again.',
  details: [APP],
  flags: [account, organization, ...asking],
  run: async given => (await import('../applications.ts')).become(given, resume, 'active'),
}

const remove: Command = {
  name: 'apps delete',
  operands: 'APP',
  summary: 'Delete an application.',
  details: [APP],
  flags: [account, organization, ...asking],
  run: async given => (await import('../applications.ts')).remove(given, remove),
}

/** `portcullis apps`. */
export const applications: CommandGroup = {
  name: 'apps',
  summary: 'Applications, which call APIs:',
  commands: [create, list, show, suspend, resume, remove],
}
