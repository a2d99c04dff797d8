import type { Command, CommandGroup } from '../../command/flag.ts'
import { data, secrets } from '../../command/flags.ts'
import { account, asking, expires, organization, reason, scopes } from '../flags.ts'
import { clientId, everything, issuer, kind, label, overlap, subject, user } from './keys-flags.ts'

const APP = 'APP is NAME, ACCOUNT/NAME where several accounts have one of that name, or an id.'
const KEY =
  'KEY is an id, a prefix, the key itself, or what it was called; it may be left out where the application has one key that counts.'

const create: Command = {
  name: 'keys create',
  operands: 'APP',
  summary: 'Make a key for an application, and show it this once.',
  details: [
    APP,
    'Standard output has the key alone, standard error the rest: KEY=$(portcullis keys create my-app). The gateway keeps a hash of it, and nobody can show it again.',
  ],
  examples: [
    'portcullis keys create my-app',
    'portcullis keys create acme/mobile --name ci --expires 90d --scope read',
    'portcullis keys create my-app --kind certificate --subject CN=mobile,O=Acme',
  ],
  flags: [label, expires, scopes, kind, user, subject, issuer, clientId, account, organization, ...asking],
  run: async given => (await import('../keys.ts')).create(given, create),
}

const list: Command = {
  name: 'keys list',
  operands: 'APP',
  summary:
    'List the keys of an application: how they begin, until when they count, when they were last used.',
  details: [APP],
  examples: ['portcullis keys list my-app'],
  flags: [everything, account, organization, ...asking],
  run: async given => (await import('../keys.ts')).list(given, list),
}

const rotate: Command = {
  name: 'keys rotate',
  operands: 'APP [KEY] | ID',
  summary: 'Make a key that takes the place of another, which counts beside it for a while.',
  details: [APP, KEY],
  examples: ['portcullis keys rotate my-app', 'portcullis keys rotate my-app ci --overlap 7d'],
  flags: [overlap, expires, account, organization, ...asking],
  run: async given => (await import('../keys.ts')).rotate(given, rotate),
}

const revoke: Command = {
  name: 'keys revoke',
  operands: 'APP [KEY] | ID',
  summary: 'Have a key count no more, at once and for good.',
  details: [APP, KEY],
  examples: ["portcullis keys revoke my-app ci --reason 'it was in a log'"],
  flags: [reason, account, organization, ...asking],
  run: async given => (await import('../keys.ts')).revoke(given, revoke),
}

const peppers: Command = {
  name: 'keys peppers',
  operands: '[make | add | use VERSION | drop VERSION]',
  summary:
    'Tell, make or change what keys and tokens are hashed under: peppers.json in the folder of --secrets.',
  details: [
    'It is a file, no gateway is asked. One with a store of its own makes it; gateways that share a database are given the same, which make has made.',
    'To change it without an interruption: add a version and bring the file to every gateway, which reads it within a second; use it, and bring the file again. What was made before counts on. Once all of that has been rotated, drop takes the old version away: what is still hashed under it can never be verified again.',
  ],
  examples: [
    'portcullis keys peppers make --secrets ./secrets',
    'portcullis keys peppers add --secrets ./secrets',
    'portcullis keys peppers use 2 --secrets ./secrets',
  ],
  flags: [secrets, data],
  run: async given => (await import('../peppers.ts')).peppers(given),
}

/** `portcullis keys`. */
export const keys: CommandGroup = {
  name: 'keys',
  summary: 'What applications are known by:',
  commands: [create, list, rotate, revoke, peppers],
}
