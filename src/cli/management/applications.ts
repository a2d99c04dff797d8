import type { Account } from '../../api/shapes/account.ts'
import type { Application } from '../../api/shapes/application.ts'
import type { Credential } from '../../api/shapes/credential.ts'
import type { Subscription } from '../../api/shapes/subscription.ts'
import { Refused } from '../command/admin-client.ts'
import type { Command, Flag, Given } from '../command/flag.ts'
import { factsText, roomOf, tableText, type Column } from '../command/table.ts'
import { findApplication, fullName } from './find.ts'
import { account, limit, title } from './flags.ts'
import { keyColumns } from './keys.ts'
import { operandsOf } from './operands.ts'
import { all, alter, ask, sessionOf, showAll, showOne, type Session } from './session.ts'
import { subscriptionColumns } from './subscriptions.ts'
import { statusColour, timeText } from './texts.ts'

export const applicationColumns: readonly Column<Application>[] = [
  { title: 'APPLICATION', of: ({ name }) => name },
  { title: 'ACCOUNT', of: one => one.account.name },
  { title: 'TITLE', of: one => one.title, spare: 3 },
  { title: 'STATUS', of: ({ status }) => status, colour: statusColour },
  { title: 'CREATED', of: ({ createdAt }) => timeText(createdAt), spare: 1 },
  { title: 'ID', of: ({ id }) => id, spare: 2 },
]

/** Whose applications are that nobody has said of whose they are. */
const DEFAULT_ACCOUNT = 'default'

export async function create(given: Given, command: Command, ofAccount: Flag<string>): Promise<number> {
  const [name] = operandsOf(given, command, 1)
  const session = sessionOf(given)
  const named = given.get(ofAccount)
  if (named === '') await makeDefault(session)
  const body = {
    name,
    account: named === '' ? DEFAULT_ACCOUNT : named,
    ...session.within,
    ...(given.get(title) !== '' && { title: given.get(title) }),
  }
  const application = await ask<Application>(session, 'POST', '/v1/applications', { body })
  showOne(session, application, text(session))
  return 0
}

/** A first application needs no thought about accounts. */
async function makeDefault(session: Session): Promise<void> {
  const query = session.within
  try {
    await session.client.ask<Account>('GET', `/v1/accounts/${DEFAULT_ACCOUNT}`, { query })
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 404) throw error
    await ask(session, 'POST', '/v1/accounts', { body: { name: DEFAULT_ACCOUNT, ...session.within } })
  }
}

export async function list(given: Given, command: Command): Promise<number> {
  operandsOf(given, command, 0)
  const session = sessionOf(given)
  const of = given.get(account)
  const query = { ...session.within, ...(of !== '' && { account: of }) }
  const found = await all<Application>(session, '/v1/applications', query, given.get(limit))
  showAll(
    session,
    found,
    applicationColumns,
    'no application yet; one is made by: portcullis apps create NAME',
  )
  return 0
}

export async function show(given: Given, command: Command): Promise<number> {
  const [name = ''] = operandsOf(given, command, 1)
  const session = sessionOf(given)
  const application = await findApplication(session, given, name)
  const credentials = await all<Credential>(session, `/v1/applications/${application.id}/credentials`)
  const subscriptions = await all<Subscription>(session, '/v1/subscriptions', { application: application.id })
  showOne(session, { ...application, credentials, subscriptions }, whole => {
    const keys = whole.credentials
    const own = whole.subscriptions
    return [
      text(session)(whole),
      own.length === 0
        ? `no subscription; one is made by: portcullis subscriptions create ${whole.name} PRODUCT\n`
        : tableText(subscriptionColumns.slice(1), own, roomOf(process.stdout), session.paint),
      keys.length === 0
        ? `no key; one is made by: portcullis keys create ${whole.name}\n`
        : tableText(keyColumns, keys, roomOf(process.stdout), session.paint),
    ].join('\n')
  })
  return 0
}

export async function become(given: Given, command: Command, status: Application['status']): Promise<number> {
  const [name = ''] = operandsOf(given, command, 1)
  const session = sessionOf(given)
  const { id } = await findApplication(session, given, name)
  const fields = ({ title: called }: Application) => ({ title: called, status })
  const application = await alter(session, `/v1/applications/${id}`, fields)
  showOne(session, application, text(session))
  return 0
}

export async function remove(given: Given, command: Command): Promise<number> {
  const [name = ''] = operandsOf(given, command, 1)
  const session = sessionOf(given)
  const application = await findApplication(session, given, name)
  await ask(session, 'DELETE', `/v1/applications/${application.id}`)
  process.stderr.write(`application ${fullName(application)} is deleted\n`)
  return 0
}

function text({ paint }: Session): (application: Application) => string {
  return ({ id, name, title: called, account: of, organization, status, createdAt }) =>
    factsText(
      [
        ['application', name],
        ['title', called],
        ['account', of.name],
        ['organization', organization.name === 'default' ? '' : organization.name],
        ['status', status],
        ['created', timeText(createdAt)],
        ['id', id],
      ],
      paint,
    )
}
