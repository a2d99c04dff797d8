import type { Command, CommandGroup } from '../../command/flag.ts'
import { asking, expires, limit, organization, textFlag, title } from '../flags.ts'
import { email, role, setupToken } from './users-flags.ts'

const WHERE =
  'ROLE is viewer (sees), api-owner (APIs, products, plans, policies, subscriptions), operator (routes, backends, gateways), admin (everything) or developer (applications of an account); it holds in the organization, or behind an @ for team/NAME, account/NAME, or the platform.'

const create: Command = {
  name: 'users create',
  operands: 'NAME',
  summary: 'Make a user of the Admin API.',
  details: [WHERE, 'What they ask with is a token: portcullis tokens create.'],
  examples: ['portcullis users create ann --role api-owner@team/pets --email ann@acme.example'],
  flags: [role, title, email, organization, ...asking],
  run: async given => (await import('../users.ts')).create(given, create),
}

const list: Command = {
  name: 'users list',
  operands: '',
  summary: 'List users, the oldest first.',
  details: [],
  flags: [limit, organization, ...asking],
  run: async given => (await import('../users.ts')).list(given, list),
}

const show: Command = {
  name: 'users show',
  operands: '[USER]',
  summary: 'Show a user with their roles; without USER, who you are.',
  details: [],
  flags: [...asking],
  run: async given => (await import('../users.ts')).show(given, show),
}

const disable: Command = {
  name: 'users disable',
  operands: 'USER',
  summary: 'Have no token of a user count, until they are enabled.',
  details: [],
  flags: [...asking],
  run: async given => (await import('../users.ts')).become(given, disable, 'disabled'),
}

const enable: Command = {
  name: 'users enable',
  operands: 'USER',
  summary: 'Have them count again.',
  details: [],
  flags: [...asking],
  run: async given => (await import('../users.ts')).become(given, enable, 'active'),
}

const remove: Command = {
  name: 'users delete',
  operands: 'USER',
  summary: 'Delete a user, and their tokens and roles.',
  details: [],
  flags: [...asking],
  run: async given => (await import('../users.ts')).remove(given, remove),
}

/** `portcullis users`. */
export const users: CommandGroup = {
  name: 'users',
  summary: 'Who may use the Admin API:',
  commands: [create, list, show, disable, enable, remove],
}

const grant: Command = {
  name: 'roles grant',
  operands: 'USER|team/TEAM ROLE[@WHERE]',
  summary: 'Give a user, or all of a team, a role.',
  details: [WHERE],
  examples: [
    'portcullis roles grant ann developer@account/acme',
    'portcullis roles grant team/pets api-owner@team/pets',
  ],
  flags: [organization, ...asking],
  run: async given => (await import('../roles.ts')).grant(given, grant),
}

const roleList: Command = {
  name: 'roles list',
  operands: '[USER]',
  summary: 'List who has which role, and where.',
  details: [],
  flags: [limit, organization, ...asking],
  run: async given => (await import('../roles.ts')).list(given, roleList),
}

const withdraw: Command = {
  name: 'roles revoke',
  operands: 'ID',
  summary: 'Take a role back.',
  details: ['ID is what `roles list` has.'],
  flags: [...asking],
  run: async given => (await import('../roles.ts')).revoke(given, withdraw),
}

/** `portcullis roles`. */
export const roles: CommandGroup = {
  name: 'roles',
  summary: 'What users may do, and where:',
  commands: [grant, roleList, withdraw],
}

const tokenCreate: Command = {
  name: 'tokens create',
  operands: 'USER',
  summary: 'Make a token for a user, and show it this once.',
  details: ['Standard output has the token alone. It expires after 90 days unless you say otherwise.'],
  examples: ['portcullis tokens create ann --name laptop --expires 30d > ann.token'],
  flags: [textFlag('name', 'TEXT', 'What it is for.'), expires, ...asking],
  run: async given => (await import('../tokens.ts')).create(given, tokenCreate),
}

const tokenList: Command = {
  name: 'tokens list',
  operands: 'USER',
  summary: 'List the tokens of a user.',
  details: [],
  flags: [...asking],
  run: async given => (await import('../tokens.ts')).list(given, tokenList),
}

const tokenRevoke: Command = {
  name: 'tokens revoke',
  operands: 'USER ID',
  summary: 'Have a token count no more, at once and for good.',
  details: [],
  flags: [...asking],
  run: async given => (await import('../tokens.ts')).revoke(given, tokenRevoke),
}

/** `portcullis tokens`. */
export const tokens: CommandGroup = {
  name: 'tokens',
  summary: 'By what users are known to the Admin API:',
  commands: [tokenCreate, tokenList, tokenRevoke],
}

/** `portcullis setup`. */
export const setup: Command = {
  name: 'setup',
  operands: 'NAME',
  summary:
    'Make the first user of the Admin API, who administers everything, and show their token this once.',
  details: [
    'From then on nobody without a token sees anything by --admin. The socket of the machine stays open to its user.',
  ],
  examples: ['portcullis setup ann --setup-token @setup-token > ann.token'],
  flags: [setupToken, title, email, ...asking],
  run: async given => (await import('../users.ts')).first(given, setup),
}
