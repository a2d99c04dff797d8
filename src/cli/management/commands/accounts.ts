import type { Command, CommandGroup } from '../../command/flag.ts'
import { asking, limit, organization, title } from '../flags.ts'

const create: Command = {
  name: 'accounts create',
  operands: 'NAME',
  summary: 'Make an account: a company, a department or a person whose applications call APIs.',
  details: [],
  examples: ["portcullis accounts create acme --title 'Acme Corp.'"],
  flags: [title, organization, ...asking],
  run: async given => (await import('../accounts.ts')).create(given, create),
}

const list: Command = {
  name: 'accounts list',
  operands: '',
  summary: 'List accounts, the oldest first.',
  details: [],
  flags: [limit, organization, ...asking],
  run: async given => (await import('../accounts.ts')).list(given, list),
}

const show: Command = {
  name: 'accounts show',
  operands: 'ACCOUNT',
  summary: 'Show an account and its applications.',
  details: [],
  flags: [organization, ...asking],
  run: async given => (await import('../accounts.ts')).show(given, show),
}

const suspend: Command = {
  name: 'accounts suspend',
  operands: 'ACCOUNT',
  summary: 'Have no key of its applications count any more, until it is resumed.',
  details: [],
  flags: [organization, ...asking],
  run: async given => (await import('../accounts.ts')).become(given, suspend, 'suspended'),
}

const resume: Command = {
  name: 'accounts resume',
  operands: 'ACCOUNT',
  summary: 'Have them count again.',
  details: [],
  flags: [organization, ...asking],
  run: async given => (await import('../accounts.ts')).become(given, resume, 'active'),
}

const remove: Command = {
  name: 'accounts delete',
  operands: 'ACCOUNT',
  summary: 'Delete an account.',
  details: ['Its applications go first: portcullis apps delete.'],
  flags: [organization, ...asking],
  run: async given => (await import('../accounts.ts')).remove(given, remove),
}

/** `portcullis accounts`. */
export const accounts: CommandGroup = {
  name: 'accounts',
  summary: 'Who consumes APIs:',
  commands: [create, list, show, suspend, resume, remove],
}
