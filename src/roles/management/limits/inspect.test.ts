import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { origin } from '../../../../test/support/exchange.ts'
import { asked, LimitsNode, meet, product } from '../../../../test/support/limits-node.ts'
import {
  anonymous,
  identityOf,
  limitRow,
  planRow,
  policyRow,
  quotaRow,
  subscriptionRow,
} from '../../../../test/support/limit-rows.ts'
import type { Exchange, Inspection, InspectKit } from '../../../filters/filter.ts'
import { subscribedNote, type Identity } from '../../../filters/identity.ts'
import { undecidedNote } from '../../../filters/inspect.ts'
import { PLANS } from '../rows.ts'
import { identityLimits } from './filters/identity-limits.ts'
import { plan } from './filters/plan.ts'
import { subscription } from './filters/subscription.ts'
import type { ProductConfig } from './standings.ts'

const app = identityOf('app')
const monthly = quotaRow('monthly', 3)
const burst = limitRow('burst', 2)

const world = (): LimitsNode => {
  const node = new LimitsNode()
  node.plans({ 'default/free': planRow([burst, monthly]), 'default/trial': planRow([limitRow('trial', 1)]) })
  node.subscriptions({ 'app default/pets': subscriptionRow('s1', 'default/free') })
  return node
}

const running = (node: LimitsNode): InspectKit => ({
  table: name => node.state.table(name),
  counters: (name, whose) => node.state.counters(name, whose),
  sharedUs: () => node.nowUs,
  wallMs: () => node.wallMs,
})

/** What the plan's two filters find, one after the other. */
async function inspect(
  kit: InspectKit,
  x: Exchange,
  ...products: readonly ProductConfig[]
): Promise<readonly [Inspection, Inspection]> {
  const config = { origin, api: 'default/api', products }
  const first = await subscription.inspect!({ type: 'subscription', ...config }, x, kit)
  return [first, await plan.inspect!({ type: 'plan', ...config }, x, kit)]
}

const named = ({ facts }: Inspection): Record<string, unknown> =>
  Object.fromEntries(facts.map(({ name, value }) => [name, value]))

suite('what explain finds of plans', () => {
  test('subscription, plan, and what is left of its limits', async () => {
    const node = world()
    const x = asked(app)
    const [by, limits] = await inspect(running(node), x, product('pets'))
    assert.deepEqual(named(by), { product: 'default/pets', plan: 'default/free', subscription: 's1' })
    assert.equal(x.notes.get(subscribedNote)?.plan, 'default/free')
    assert.deepEqual(named(limits), {
      burst: {
        limit: 'burst 2 per minute, burst 2',
        left: 2,
        resetSeconds: 0,
        renews: '2026-11-26T10:20:00Z',
      },
      monthly: {
        limit: 'monthly 3 per month, in UTC',
        left: 3,
        resetSeconds: 394_800,
        renews: '2026-12-01T00:00:00Z',
      },
    })
    assert.deepEqual([limits.refusal, limits.unknown], [null, null])
  })

  test('it says what the request will meet, and takes nothing', async () => {
    const node = world()
    const filter = node.plan(product('pets'))
    const outcomes: string[] = []
    for (let i = 0; i < 6; i++) {
      // Each asked about twice: the second time nothing is different.
      const first = await inspect(running(node), asked(app), product('pets'))
      const [, again] = await inspect(running(node), asked(app), product('pets'))
      assert.deepEqual(first[1], again)
      const { failure = '', fields = [], members = {} } = again.refusal ?? {}
      const violated = (members['violated-policies'] ?? []) as readonly string[]
      const told = [failure, ...fields, ...violated].join(' ').trim()
      assert.equal(meet(asked(app), filter), told)
      outcomes.push(told.split(' ')[0]!)
      if (i === 2) node.pass(120_000)
    }
    assert.deepEqual(outcomes, [
      '',
      '',
      'plan_rate_limited',
      '',
      'plan_quota_exceeded',
      'plan_quota_exceeded',
    ])
  })

  for (const [what, identity, products, failure] of [
    ['nobody who has subscribed', identityOf('other'), [product('pets')], 'subscription_required'],
    ['another product', app, [product('toys')], 'subscription_required'],
    ['another operation', app, [product('pets', { operations: ['put'] })], 'operation_not_in_product'],
  ] as const)
    test(what, async () => {
      const [by, limits] = await inspect(running(world()), asked(identity), ...products)
      assert.equal(by.refusal, null)
      assert.equal(limits.refusal?.failure, failure)
    })

  test('who is anonymous has the plan for that, by address', async () => {
    const node = world()
    const trial = product('pets', { anonymousPlan: 'default/trial' })
    const here = asked(anonymous, 'get', { clientAddress: '192.0.2.1' })
    const [by, limits] = await inspect(running(node), here, trial)
    assert.equal(named(by)['plan'], 'default/trial')
    assert.equal(limits.unknown, null)
    const [, unknown] = await inspect(running(node), asked(anonymous, 'get', { clientAddress: '' }), trial)
    assert.equal(unknown.unknown, 'it depends on the address of the client')
  })

  test('where no gateway runs the limits are shown, and that what is left is not known', async () => {
    const trial = product('pets', { anonymousPlan: 'default/trial' })
    const rows = new Map([['default/trial', planRow([monthly])]])
    const offline: InspectKit = {
      // Only what was declared.
      table: <T>(name: string) =>
        name === PLANS ? (rows as ReadonlyMap<string, unknown> as ReadonlyMap<string, T>) : null,
      counters: () => null,
      sharedUs: () => 0,
      wallMs: () => 0,
    }
    const [, limits] = await inspect(offline, asked(anonymous), trial)
    assert.deepEqual(named(limits), { monthly: { limit: 'monthly 3 per month, in UTC' } })
    assert.equal(limits.unknown, 'it depends on what is left of limits')
    const x = asked(null)
    x.notes.set(undecidedNote, 'who knows')
    const [by, undecided] = await inspect(offline, x, trial)
    assert.deepEqual([by.facts, undecided.unknown], [[], 'who knows'])
  })
})

suite('what explain finds of limits by who asks', () => {
  const config = { type: 'identity-limits', origin, policy: 'default/calls', except: [] } as const
  const limits = [policyRow(quotaRow('calls', 1))]

  for (const [what, identity, address] of [
    ['a credential', app, ''],
    ['nobody, by address', null, '192.0.2.1'],
  ] as const)
    test(what, async () => {
      const node = world()
      const x = (): Exchange => asked(identity as Identity | null, 'get', { clientAddress: address })
      const look = async (): Promise<Inspection> =>
        identityLimits.inspect!({ ...config, limits }, x(), running(node))
      assert.equal((await look()).refusal, null)
      assert.equal(meet(x(), node.policy('default/calls', limits)), '')
      assert.equal((await look()).refusal?.failure, 'rate_limited')
    })

  test('what depends on who asks is not known where that is not', async () => {
    const x = asked(null)
    x.notes.set(undecidedNote, 'who knows')
    assert.equal(
      (await identityLimits.inspect!({ ...config, limits }, x, running(world()))).unknown,
      'who knows',
    )
    const all = [policyRow(quotaRow('calls', 1), { by: 'All' })]
    assert.equal(
      (await identityLimits.inspect!({ ...config, limits: all }, x, running(world()))).unknown,
      null,
    )
  })
})
