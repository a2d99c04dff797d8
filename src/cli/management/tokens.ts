import type { Token, TokenWithSecret } from '../../api/shapes/token.ts'
import type { Command, Given } from '../command/flag.ts'
import type { Column } from '../command/table.ts'
import { expires, textFlag } from './flags.ts'
import { operandsOf } from './operands.ts'
import { all, ask, sessionOf, showAll, type Session } from './session.ts'
import { statusColour, timeText } from './texts.ts'

const columns: readonly Column<Token>[] = [
  { title: 'TOKEN', of: ({ prefix }) => `${prefix}…` },
  { title: 'NAME', of: ({ name }) => name },
  { title: 'STATUS', of: ({ status }) => status, colour: statusColour },
  { title: 'EXPIRES', of: ({ expiresAt }) => timeText(expiresAt) || 'never', spare: 3 },
  { title: 'LAST USED', of: ({ lastUsedAt }) => timeText(lastUsedAt) || 'never', spare: 2 },
  { title: 'CREATED', of: ({ createdAt }) => timeText(createdAt), spare: 1 },
  { title: 'ID', of: ({ id }) => id },
]

const label = textFlag('name', 'TEXT', 'What it is for.')

export async function create(given: Given, command: Command): Promise<number> {
  const [user = ''] = operandsOf(given, command, 1)
  const [called, until] = [given.get(label), given.get(expires)]
  const session = sessionOf(given)
  const body = { ...(called !== '' && { name: called }), ...(until !== '' && { expiresAt: until }) }
  showToken(session, await ask<TokenWithSecret>(session, 'POST', pathOf(user), { body }), `of ${user}`)
  return 0
}

export async function list(given: Given, command: Command): Promise<number> {
  const [user = ''] = operandsOf(given, command, 1)
  const session = sessionOf(given)
  showAll(session, await all<Token>(session, pathOf(user)), columns, `${user} has no token`)
  return 0
}

export async function revoke(given: Given, command: Command): Promise<number> {
  const [user = '', id = ''] = operandsOf(given, command, 2)
  const session = sessionOf(given)
  await ask(session, 'DELETE', `${pathOf(user)}/${encodeURIComponent(id)}`)
  process.stderr.write('the token is revoked, and counts no more\n')
  return 0
}

/** The token alone on standard output, as a key is. */
export function showToken({ output: form }: Session, token: TokenWithSecret, about: string): void {
  if (form === 'json') return void process.stdout.write(`${JSON.stringify(token, null, 2)}\n`)
  process.stdout.write(`${token.secret ?? ''}\n`)
  const until = token.expiresAt === null ? '' : `; it counts until ${timeText(token.expiresAt)}`
  process.stderr.write(`The token, ${about}${until}. It is not shown again: keep it now.\n`)
}

function pathOf(user: string): string {
  return `/v1/users/${encodeURIComponent(user)}/tokens`
}
