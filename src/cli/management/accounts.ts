import type { Account } from '../../api/shapes/account.ts'
import type { Application } from '../../api/shapes/application.ts'
import type { Command, Given } from '../command/flag.ts'
import { factsText, roomOf, tableText, type Column } from '../command/table.ts'
import { applicationColumns } from './applications.ts'
import { limit, title } from './flags.ts'
import { operandsOf } from './operands.ts'
import { all, alter, ask, sessionOf, showAll, showOne, type Session } from './session.ts'
import { statusColour, timeText } from './texts.ts'

const columns: readonly Column<Account>[] = [
  { title: 'ACCOUNT', of: ({ name }) => name },
  { title: 'TITLE', of: one => one.title, spare: 3 },
  { title: 'STATUS', of: ({ status }) => status, colour: statusColour },
  { title: 'CREATED', of: ({ createdAt }) => timeText(createdAt), spare: 1 },
  { title: 'ID', of: ({ id }) => id, spare: 2 },
]

export async function create(given: Given, command: Command): Promise<number> {
  const [name] = operandsOf(given, command, 1)
  const session = sessionOf(given)
  const body = { name, ...session.within, ...(given.get(title) !== '' && { title: given.get(title) }) }
  const account = await ask<Account>(session, 'POST', '/v1/accounts', { body })
  showOne(session, account, text(session))
  return 0
}

export async function list(given: Given, command: Command): Promise<number> {
  operandsOf(given, command, 0)
  const session = sessionOf(given)
  const found = await all<Account>(session, '/v1/accounts', session.within, given.get(limit))
  showAll(session, found, columns, 'no account yet; one is made by: portcullis accounts create NAME')
  return 0
}

export async function show(given: Given, command: Command): Promise<number> {
  const [name = ''] = operandsOf(given, command, 1)
  const session = sessionOf(given)
  const account = await ask<Account>(session, 'GET', pathOf(name), { query: session.within })
  const applications = await all<Application>(session, '/v1/applications', { account: account.id })
  showOne(session, { ...account, applications }, whole => {
    const own = whole.applications
    const table =
      own.length === 0
        ? 'no application\n'
        : tableText(applicationColumns, own, roomOf(process.stdout), session.paint)
    return `${text(session)(whole)}\n${table}`
  })
  return 0
}

export async function become(given: Given, command: Command, status: Account['status']): Promise<number> {
  const [name = ''] = operandsOf(given, command, 1)
  const session = sessionOf(given)
  const fields = ({ title: called }: Account) => ({ title: called, status })
  const account = await alter(session, pathOf(name), fields, session.within)
  showOne(session, account, text(session))
  return 0
}

export async function remove(given: Given, command: Command): Promise<number> {
  const [name = ''] = operandsOf(given, command, 1)
  const session = sessionOf(given)
  await ask(session, 'DELETE', pathOf(name), { query: session.within })
  process.stderr.write(`account ${name} is deleted\n`)
  return 0
}

function pathOf(account: string): string {
  return `/v1/accounts/${encodeURIComponent(account)}`
}

function text({ paint }: Session): (account: Account) => string {
  return ({ id, name, title: called, organization, status, createdAt }) =>
    factsText(
      [
        ['account', name],
        ['title', called],
        ['organization', organization.name],
        ['status', status],
        ['created', timeText(createdAt)],
        ['id', id],
      ],
      paint,
    )
}
