import type { ProductLine } from '../../api/shapes/catalog.ts'
import type { SubscriptionLimit, SubscriptionLimits } from '../../api/shapes/limit.ts'
import type { Subscription } from '../../api/shapes/subscription.ts'
import { proposal } from '../../model/nearest.ts'
import { CommandFailure, UsageError, type Command, type Given } from '../command/flag.ts'
import { factsText, roomOf, tableText, type Column } from '../command/table.ts'
import { application, plan, product, status } from './commands/subscriptions-flags.ts'
import { findApplication, findSubscription } from './find.ts'
import { account, limit, reason } from './flags.ts'
import { operandsOf } from './operands.ts'
import { all, ask, sessionOf, showAll, showOne, type Session } from './session.ts'
import { objectName, statusColour, timeText } from './texts.ts'

export const subscriptionColumns: readonly Column<Subscription>[] = [
  { title: 'APPLICATION', of: one => `${one.account.name}/${one.application.name}` },
  { title: 'PRODUCT', of: one => objectName(one.product) },
  { title: 'PLAN', of: one => objectName(one.plan) },
  { title: 'STATUS', of: one => one.status, colour: statusColour },
  { title: 'SINCE', of: ({ since }) => timeText(since), spare: 1 },
  { title: 'ID', of: ({ id }) => id, spare: 2 },
]

export async function create(given: Given, command: Command): Promise<number> {
  const [name = '', wanted = ''] = operandsOf(given, command, 2)
  const session = sessionOf(given)
  const { id } = await findApplication(session, given, name)
  const chosen = await planOf(session, wanted, given.get(plan))
  const body = { application: id, product: wanted, plan: chosen }
  const made = await ask<Subscription>(session, 'POST', '/v1/subscriptions', { body })
  show1(session, made)
  if (made.status === 'pending')
    process.stderr.write(`the plan wants approval: portcullis subscriptions approve ${made.id}\n`)
  return 0
}

/** What the product has of this name, or its only one. */
async function planOf(session: Session, name: string, wanted: string): Promise<string> {
  const products = await all<ProductLine>(session, '/v1/products')
  const found = products.find(one => objectName(`${one.namespace}/${one.name}`) === objectName(name))
  if (found === undefined) {
    const known = products.map(one => objectName(`${one.namespace}/${one.name}`))
    const those =
      known.length === 0 ? 'none is declared yet' : `those there are: ${known.slice(0, 10).join(', ')}`
    throw new CommandFailure(`there is no product "${name}"${proposal(name, known)}; ${those}`)
  }
  const plans = found.plans.map(one => objectName(one.includes('/') ? one : `${found.namespace}/${one}`))
  if (wanted === '' && plans.length === 1) return plans[0]!
  if (wanted !== '' && plans.includes(objectName(wanted))) return wanted
  const has = plans.length === 0 ? 'it has no plan' : `its plans are ${plans.join(', ')}`
  throw new CommandFailure(
    wanted === ''
      ? `which plan of ${name}? ${has}`
      : `product ${name} has no plan "${wanted}"${proposal(wanted, plans)}; ${has}`,
  )
}

export async function list(given: Given, command: Command): Promise<number> {
  operandsOf(given, command, 0)
  const session = sessionOf(given)
  const of = given.get(application)
  const filters = {
    application: of === '' ? '' : (await findApplication(session, given, of)).id,
    account: of === '' ? given.get(account) : '',
    product: given.get(product),
    plan: given.get(plan),
    status: given.get(status),
  }
  const query = {
    ...session.within,
    ...Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== '')),
  }
  const found = await all<Subscription>(session, '/v1/subscriptions', query, given.get(limit))
  showAll(
    session,
    found,
    subscriptionColumns,
    'no such subscription; one is made by: portcullis subscriptions create APP PRODUCT',
  )
  return 0
}

export async function show(given: Given, command: Command): Promise<number> {
  const operands = operandsOf(given, command, 1, 2)
  const session = sessionOf(given)
  const { id } = await findSubscription(session, given, operands)
  const one = await ask<Subscription>(session, 'GET', `/v1/subscriptions/${id}`)
  const hasLimits = one.status === 'active' || one.status === 'suspended'
  const limits = hasLimits
    ? (await ask<SubscriptionLimits>(session, 'GET', `/v1/subscriptions/${id}/limits`)).items
    : []
  showOne(session, { ...one, limits }, () => {
    const facts = factsOf(session, one)
    if (limits.length === 0) return facts
    return `${facts}\n${tableText(limitColumns, limits, roomOf(process.stdout), session.paint)}`
  })
  return 0
}

const limitColumns: readonly Column<SubscriptionLimit>[] = [
  { title: 'LIMIT', of: ({ name }) => name },
  { title: 'OF', of: ({ operation, credential }) => operation ?? credential ?? '', spare: 2 },
  { title: 'AMOUNT', of: amountText },
  { title: 'USED', of: ({ used }) => String(used) },
  { title: 'LEFT', of: ({ left }) => String(left), colour: ({ left }) => (left === 0 ? 'warning' : null) },
  { title: 'RENEWS', of: ({ renewsAt }) => (renewsAt === null ? 'never' : timeText(renewsAt)) },
  {
    title: 'NOTE',
    of: ({ flagged, known }) =>
      [flagged ? 'over: flagged' : '', known ? '' : 'as last known'].filter(Boolean).join(', '),
    spare: 1,
  },
]

/** `100000 bytes a month`, `20 at once` */
function amountText({ kind, amount, unit, per }: SubscriptionLimit): string {
  const of = unit === 'Requests' ? '' : ` ${unit.toLowerCase()}`
  if (kind === 'Rate') return `${amount}${of} at once`
  return `${amount}${of} ${per === 'Lifetime' ? 'ever' : `a ${per.toLowerCase()}`}`
}

export async function become(given: Given, command: Command, verb: string): Promise<number> {
  const operands = operandsOf(given, command, 1, 2)
  const why = given.get(reason)
  const session = sessionOf(given)
  const { id } = await findSubscription(session, given, operands)
  const body = why === '' ? {} : { reason: why }
  show1(session, await ask<Subscription>(session, 'POST', `/v1/subscriptions/${id}/${verb}`, { body }))
  return 0
}

export async function change(given: Given, command: Command): Promise<number> {
  const operands = operandsOf(given, command, 1, 2)
  if (given.get(plan) === '')
    throw new UsageError('subscriptions change: needs --plan, the plan to go on with')
  const session = sessionOf(given)
  const { id } = await findSubscription(session, given, operands)
  const body = { plan: given.get(plan) }
  show1(session, await ask<Subscription>(session, 'PATCH', `/v1/subscriptions/${id}`, { body }))
  return 0
}

function show1(session: Session, subscription: Subscription): void {
  showOne(session, subscription, one => factsOf(session, one))
}

function factsOf({ paint }: Session, one: Subscription): string {
  return factsText(
    [
      ['application', `${one.account.name}/${one.application.name}`],
      ['product', objectName(one.product)],
      ['plan', objectName(one.plan)],
      ['status', one.status],
      ['reason', one.reason],
      ['since', timeText(one.since)],
      ['plan since', one.planSince === one.since ? '' : timeText(one.planSince)],
      ['before', one.previousPlan === null ? '' : objectName(one.previousPlan)],
      ['approved by', one.approvedBy ?? ''],
      ['id', one.id],
    ],
    paint,
  )
}
