import type { Command, CommandGroup } from '../../command/flag.ts'
import { asking, limit, organization, title } from '../flags.ts'

const create: Command = {
  name: 'teams create',
  operands: 'NAME',
  summary: 'Make a team, which owns the APIs whose spec.owner names it.',
  details: [],
  examples: ['portcullis teams create pets'],
  flags: [title, organization, ...asking],
  run: async given => (await import('../teams.ts')).create(given, create),
}

const list: Command = {
  name: 'teams list',
  operands: '',
  summary: 'List teams, the oldest first.',
  details: [],
  flags: [limit, organization, ...asking],
  run: async given => (await import('../teams.ts')).list(given, list),
}

const show: Command = {
  name: 'teams show',
  operands: 'TEAM',
  summary: 'Show a team and who is in it.',
  details: [],
  flags: [organization, ...asking],
  run: async given => (await import('../teams.ts')).show(given, show),
}

const add: Command = {
  name: 'teams add',
  operands: 'TEAM USER',
  summary: 'Have a user be in a team.',
  details: [],
  examples: ['portcullis teams add pets ann'],
  flags: [organization, ...asking],
  run: async given => (await import('../teams.ts')).member(given, add, 'PUT'),
}

const drop: Command = {
  name: 'teams remove',
  operands: 'TEAM USER',
  summary: 'Have a user be in it no more.',
  details: [],
  flags: [organization, ...asking],
  run: async given => (await import('../teams.ts')).member(given, drop, 'DELETE'),
}

const remove: Command = {
  name: 'teams delete',
  operands: 'TEAM',
  summary: 'Delete a team.',
  details: [],
  flags: [organization, ...asking],
  run: async given => (await import('../teams.ts')).remove(given, remove),
}

/** `portcullis teams`. */
export const teams: CommandGroup = {
  name: 'teams',
  summary: 'Users who own APIs together:',
  commands: [create, list, show, add, drop, remove],
}
