import type { Flag } from '../../command/flag.ts'
import { limit, textFlag, timeOf } from '../flags.ts'

const time = (name: string, help: string): Flag<string> => ({
  name,
  placeholder: 'WHEN',
  fallback: '',
  help: `${help}: 24h (ago), 2027-01-31, or a time by RFC 3339.`,
  parse: text => (text === '' ? '' : timeOf(text, -1)),
})

export const filters = [
  textFlag('actor', 'ACTOR', 'By whom: user:ann, operator, socket.'),
  textFlag('kind', 'KIND', 'Of what kind: application, credential, subscription, object …'),
  textFlag('object', 'ID', 'Of what.'),
  textFlag('action', 'ACTION', 'What was done: credential.revoke.'),
  time('since', 'From then on'),
  time('until', 'Until then'),
] as const

export const lines: Flag<number> = { ...limit, fallback: '50', help: 'So many at most; 0 for all of them.' }
