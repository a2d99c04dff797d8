/**
 * What holding a plan costs a request, without the rest of it: `node bench/micro/limits.ts`. Numbers of one run are in
 * docs/adr/0046.
 */
import { askedApiNote, identityNote, type Identity } from '../../src/filters/identity.ts'
import type { Exchange, Filter } from '../../src/filters/filter.ts'
import { Notes } from '../../src/filters/notes.ts'
import { SharedClock } from '../../src/shared/clock.ts'
import { exchange } from '../../test/support/exchange.ts'
import {
  identityOf,
  limitRow,
  planRow,
  policyRow,
  quotaRow,
  subscriptionRow,
} from '../../test/support/limit-rows.ts'
import { LimitsNode, product } from '../../test/support/limits-node.ts'

const SUBSCRIPTIONS = 100_000
const TIMES = 300_000

const burst = limitRow('burst', 1e9, { per: 'Second', burst: 1e9 })
const monthly = quotaRow('monthly', 1e12)
const zoned = quotaRow('daily', 1e12, { per: 'Day', timeZone: 'Europe/Berlin', anchor: 'Subscription' })

const clock = new SharedClock(process.hrtime.bigint() - 1_000_000_000n)
const node = new LimitsNode()
Object.defineProperties(node, { nowUs: { get: () => clock.nowUs() }, wallMs: { get: () => Date.now() } })

const uuid = (i: number): string => `0190b2c4-7a1e-7c3d-9f00-${i.toString(16).padStart(12, '0')}`
const identities = Array.from({ length: SUBSCRIPTIONS }, (_, i): Identity => identityOf(uuid(i), uuid(i)))

function subscribeAll(plan: string): void {
  node.subscriptions(
    Object.fromEntries(identities.map((_, i) => [`${uuid(i)} default/pets`, subscriptionRow(uuid(i), plan)])),
  )
}

/** Time of this thread's processor, in microseconds for each. */
function usEach(times: number, one: (i: number) => void): string {
  for (let i = 0; i < times / 3; i++) one(i)
  const start = process.threadCpuUsage()
  for (let i = 0; i < times; i++) one(i)
  const { user, system } = process.threadCpuUsage(start)
  return `${((user + system) / times).toFixed(2)} µs`
}

const x = exchange({})
const api = { api: 'default/api', version: 'v1', operation: 'get' }

function request(filters: readonly Filter[], identity: Identity): void {
  const one: Exchange = { ...x, notes: new Notes() }
  one.notes.set(identityNote, identity)
  one.notes.set(askedApiNote, api)
  for (const filter of filters) if (filter.request?.(one) !== undefined) throw new Error('refused')
  one.response.fields.remove('ratelimit')
  one.response.fields.remove('ratelimit-policy')
  for (const filter of filters) void filter.response?.(one)
  for (const filter of filters) filter.end?.(one)
}

const say = (what: string, value: string): void => console.log(`${what.padEnd(64)} ${value}`)
const few = identities.slice(0, 16)
const config = [product('pets')] as const
const plan = node.plan(...config)
const subscription = node.subscription(...config)

say(
  'an exchange without any (to be taken off)',
  usEach(TIMES, i => request([], few[i & 15]!)),
)
for (const [name, limits] of [
  ['no limit', []],
  ['a rate', [burst]],
  ['a quota', [monthly]],
  ['a rate and a quota', [burst, monthly]],
  ['a rate and a quota since the subscription began, in a zone', [burst, zoned]],
  ['a rate and three quotas', [burst, monthly, zoned, quotaRow('yearly', 1e12, { per: 'Year' })]],
] as const) {
  node.plans({ 'default/free': planRow(limits) })
  subscribeAll('default/free')
  say(
    `plan with ${name}, of 16 subscriptions`,
    usEach(TIMES, i => request([plan], few[i & 15]!)),
  )
  node.tick()
}
node.plans({ 'default/free': planRow([burst, monthly]) })
say(
  'subscription and plan with both',
  usEach(TIMES, i => request([subscription, plan], few[i & 15]!)),
)
const policy = node.policy('default/p', [policyRow(burst), policyRow(monthly)])
say(
  'RateLimitPolicy with both, by identity',
  usEach(TIMES, i => request([policy], few[i & 15]!)),
)
say(
  `plan with both, of ${SUBSCRIPTIONS} subscriptions in turn`,
  usEach(TIMES, i => request([plan], identities[(i * 7) % SUBSCRIPTIONS]!)),
)
