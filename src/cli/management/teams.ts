import type { Member, Team } from '../../api/shapes/team.ts'
import type { Command, Given } from '../command/flag.ts'
import { factsText, type Column } from '../command/table.ts'
import { limit, title } from './flags.ts'
import { operandsOf } from './operands.ts'
import { all, ask, sessionOf, showAll, showOne, type Session } from './session.ts'
import { timeText } from './texts.ts'

const columns: readonly Column<Team>[] = [
  { title: 'TEAM', of: ({ name }) => name },
  { title: 'TITLE', of: one => one.title },
  { title: 'ORGANIZATION', of: ({ organization }) => organization.name },
  { title: 'CREATED', of: ({ createdAt }) => timeText(createdAt), spare: 1 },
  { title: 'ID', of: ({ id }) => id, spare: 2 },
]

export async function create(given: Given, command: Command): Promise<number> {
  const [name] = operandsOf(given, command, 1)
  const session = sessionOf(given)
  const body = { name, ...session.within, ...(given.get(title) !== '' && { title: given.get(title) }) }
  showOne(session, await ask<Team>(session, 'POST', '/v1/teams', { body }), text(session, []))
  return 0
}

export async function list(given: Given, command: Command): Promise<number> {
  operandsOf(given, command, 0)
  const session = sessionOf(given)
  const found = await all<Team>(session, '/v1/teams', session.within, given.get(limit))
  showAll(session, found, columns, 'no team yet; one is made by: portcullis teams create NAME')
  return 0
}

export async function show(given: Given, command: Command): Promise<number> {
  const [name = ''] = operandsOf(given, command, 1)
  const session = sessionOf(given)
  const team = await ask<Team>(session, 'GET', pathOf(name), { query: session.within })
  const members = await all<Member>(session, `${pathOf(name)}/members`, session.within)
  showOne(session, { ...team, members }, text(session, members))
  return 0
}

export async function member(given: Given, command: Command, method: 'PUT' | 'DELETE'): Promise<number> {
  const [team = '', user = ''] = operandsOf(given, command, 2)
  const session = sessionOf(given)
  const path = `${pathOf(team)}/members/${encodeURIComponent(user)}`
  await ask(session, method, path, { query: session.within })
  process.stderr.write(`${user} is ${method === 'PUT' ? '' : 'no longer '}in ${team}\n`)
  return 0
}

export async function remove(given: Given, command: Command): Promise<number> {
  const [name = ''] = operandsOf(given, command, 1)
  const session = sessionOf(given)
  await ask(session, 'DELETE', pathOf(name), { query: session.within })
  process.stderr.write(`team ${name} is deleted\n`)
  return 0
}

function pathOf(team: string): string {
  return `/v1/teams/${encodeURIComponent(team)}`
}

function text({ paint }: Session, members: readonly Member[]): (team: Team) => string {
  return ({ id, name, title: called, organization, createdAt }) =>
    factsText(
      [
        ['team', name],
        ['title', called],
        ['organization', organization.name],
        ['members', members.map(({ user }) => user.name).join(', ')],
        ['created', timeText(createdAt)],
        ['id', id],
      ],
      paint,
    )
}
