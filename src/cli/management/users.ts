import type { RoleBinding } from '../../api/shapes/role-binding.ts'
import type { Me, SetupDone, User } from '../../api/shapes/user.ts'
import { UsageError, type Command, type Given } from '../command/flag.ts'
import { factsText, type Column } from '../command/table.ts'
import { email, role, setupToken } from './commands/users-flags.ts'
import { limit, title } from './flags.ts'
import { operandsOf } from './operands.ts'
import { newBinding, roleText } from './roles.ts'
import { all, alter, ask, sessionOf, showAll, showOne, type Session } from './session.ts'
import { statusColour, timeText } from './texts.ts'
import { showToken } from './tokens.ts'

const columns: readonly Column<User>[] = [
  { title: 'USER', of: ({ name }) => name },
  { title: 'NAME', of: one => one.title, spare: 4 },
  { title: 'EMAIL', of: one => one.email, spare: 3 },
  { title: 'STATUS', of: ({ status }) => status, colour: statusColour },
  { title: 'CREATED', of: ({ createdAt }) => timeText(createdAt), spare: 1 },
  { title: 'ID', of: ({ id }) => id, spare: 2 },
]

export async function create(given: Given, command: Command): Promise<number> {
  const [name = ''] = operandsOf(given, command, 1)
  const wanted = given.get(role)
  const session = sessionOf(given)
  const body = { name, ...session.within, ...about(given) }
  const user = await ask<User>(session, 'POST', '/v1/users', { body })
  if (wanted !== null)
    await ask(session, 'POST', '/v1/role-bindings', { body: newBinding({ user: user.id }, wanted, session) })
  showOne(session, user, text(session, []))
  return 0
}

function about(given: Given): object {
  const [called, reach] = [given.get(title), given.get(email)]
  return { ...(called !== '' && { title: called }), ...(reach !== '' && { email: reach }) }
}

export async function list(given: Given, command: Command): Promise<number> {
  operandsOf(given, command, 0)
  const session = sessionOf(given)
  const found = await all<User>(session, '/v1/users', session.within, given.get(limit))
  showAll(session, found, columns, 'no user yet; the first is made by: portcullis setup NAME')
  return 0
}

export async function show(given: Given, command: Command): Promise<number> {
  const [name] = operandsOf(given, command, 0, 1)
  const session = sessionOf(given)
  if (name === undefined) {
    const me = await ask<Me>(session, 'GET', '/v1/me')
    showOne(session, me, ({ user, by, bindings }) =>
      user === null
        ? `nobody by name: let in by ${by}, which may do everything\n`
        : text(session, bindings)(user),
    )
    return 0
  }
  const user = await ask<User>(session, 'GET', pathOf(name))
  const bindings = await all<RoleBinding>(session, '/v1/role-bindings', { user: user.id })
  showOne(session, { ...user, bindings }, text(session, bindings))
  return 0
}

export async function become(given: Given, command: Command, status: User['status']): Promise<number> {
  const [name = ''] = operandsOf(given, command, 1)
  const session = sessionOf(given)
  const fields = (one: User) => ({ title: one.title, email: one.email, status })
  const user = await alter(session, pathOf(name), fields)
  showOne(session, user, text(session, []))
  return 0
}

export async function remove(given: Given, command: Command): Promise<number> {
  const [name = ''] = operandsOf(given, command, 1)
  const session = sessionOf(given)
  await ask(session, 'DELETE', pathOf(name))
  process.stderr.write(`user ${name} is deleted\n`)
  return 0
}

/** The first of all. */
export async function first(given: Given, command: Command): Promise<number> {
  const [name = ''] = operandsOf(given, command, 1)
  const secret = given.get(setupToken)
  if (secret === '')
    throw new UsageError('setup: needs --setup-token, which the first start of the gateway has printed')
  const session = sessionOf(given)
  const body = { token: secret, name, ...about(given) }
  const { user, token } = await ask<SetupDone>(session, 'POST', '/v1/setup', { body })
  showToken(session, token, `of ${user.name}, who administers everything`)
  return 0
}

function pathOf(user: string): string {
  return `/v1/users/${encodeURIComponent(user)}`
}

function text({ paint }: Session, bindings: readonly RoleBinding[]): (user: User) => string {
  return user =>
    factsText(
      [
        ['user', user.name],
        ['name', user.title],
        ['email', user.email],
        ['organization', user.organization.name],
        ['status', user.status],
        ...bindings.map(binding => ['role', roleText(binding)] as const),
        ['created', timeText(user.createdAt)],
        ['id', user.id],
      ],
      paint,
    )
}
