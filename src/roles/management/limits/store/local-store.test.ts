import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import {
  identityOf,
  limitRow,
  planRow,
  policyRow,
  quotaRow,
  subscriptionRow,
} from '../../../../../test/support/limit-rows.ts'
import type { Asking } from '../../../../../test/support/limits-worker.ts'
import { asked, LimitsNode, meet, product } from '../../../../../test/support/limits-node.ts'
import { NodeState } from '../../../../shared/node-state.ts'
import { PlanLimits } from '../plan-limits.ts'
import { LocalStore } from './local-store.ts'

const entry = new URL('../../../../../test/support/limits-worker.ts', import.meta.url)
const MONTH = Date.UTC(2026, 10, 1)

async function ask(
  state: NodeState,
  owner: number,
  asking: Omit<Asking, 'handle'>,
): Promise<Record<string, number>> {
  const { handle, ports } = state.handle(owner)
  const worker = new Worker(entry, { workerData: { handle, ...asking }, transferList: [...ports] })
  const [passed] = (await once(worker, 'message')) as [Record<string, number>]
  return passed
}

// Kong #5790, Gravitee #2206: requests at the same time were let through past the limit.
test('workers that ask at once let through as many as there are, and what is refused consumes nothing of any limit', async () => {
  const node = new LimitsNode(new NodeState())
  node.plans({
    'default/free': planRow([
      quotaRow('monthly', 3_000),
      limitRow('burst', 2_500, { per: 'Day' }),
      quotaRow('each', 1_700, { scope: 'Operation' }),
      quotaRow('buying', 900, { operations: ['buy'] }),
    ]),
  })
  const applications = ['one', 'two']
  node.subscriptions(
    Object.fromEntries(
      applications.map(name => [`${name} default/pets`, subscriptionRow(name, 'default/free')]),
    ),
  )
  const asking = { times: 2_000, applications, operations: ['get', 'buy'] }
  const results = await Promise.all([2, 3, 4].map(owner => ask(node.state, owner, asking)))
  const passed = (of: string): number => results.reduce((sum, result) => sum + (result[of] ?? 0), 0)
  const counters = node.state.counters('limits', 'known')
  const used = (key: string): number => counters.aim(`${key} ${MONTH}`, '').read(node.nowUs)
  for (const name of applications) {
    const [get, buy] = [passed(`${name} get`), passed(`${name} buy`)]
    // Two of them are used up for good: what is left for the others is as exact.
    assert.ok(get <= 1_700 && buy <= 900, `${get} ${buy}`)
    assert.equal(get + buy, 2_500)
    assert.equal(used(`${name} Quota/Requests/Month monthly`), 2_500)
    assert.equal(used(`${name} Quota/Requests/Month each operation get`), get)
    assert.equal(used(`${name} Quota/Requests/Month each operation buy`), buy)
    assert.equal(used(`${name} Quota/Requests/Month buying`), buy)
  }
  assert.equal(used('default/all all Quota/Requests/Month all'), 5_000)
})

test('what another worker has taken between the look and the taking is found, and what was taken by then is given back', () => {
  const node = new LimitsNode()
  const metered = new PlanLimits(planRow([quotaRow('first', 100), quotaRow('last', 1)])).metered(
    { whose: 'known', key: 's1', crowd: '', sinceMs: 0 },
    'get',
    '',
  )!
  const at = { nowUs: node.nowUs, wallMs: node.wallMs }
  const take = (store: LocalStore) => store.take(metered, metered.costs, metered.all, at)
  const other = (key: string): number => {
    const counters = node.shared
      .counters('limits', 'known')
      .aim(`s1 Quota/Requests/Month ${key} ${MONTH}`, '')
    return counters.read(node.nowUs)
  }
  // Of this worker's swaps, before the second: the last one goes to somebody else.
  let swaps = 0
  const store = new LocalStore({
    counters(name, whose) {
      const counters = node.shared.counters(name, whose)
      const swap = counters.swap.bind(counters)
      counters.swap = (...given) => {
        if (++swaps === 2) {
          const key = `s1 Quota/Requests/Month last ${MONTH}`
          node.shared.counters(name, whose).aim(key, '').swap(0, 1, given[2], given[3])
        }
        return swap(...given)
      }
      return counters
    },
  })
  assert.equal(take(store), 'denied')
  assert.deepEqual([other('first'), other('last')], [0, 1])
})

test('a quota is counted as by who counts on paper: only what is let through, and in each window by itself', () => {
  const limit = fc.record({
    amount: fc.integer({ min: 1, max: 6 }),
    per: fc.constantFrom('Minute', 'Hour', 'Day'),
    operations: fc.constantFrom(null, ['get'], ['buy']),
    scope: fc.constantFrom('Subscription', 'Credential', 'Operation'),
  })
  const step = fc.record({
    pass: fc.integer({ min: 0, max: 40_000_000 }),
    operation: fc.constantFrom('get', 'buy'),
    credential: fc.constantFrom('a', 'b'),
  })
  const lengths = { Minute: 60_000, Hour: 3_600_000, Day: 86_400_000 } as const
  fc.assert(
    fc.property(
      fc.array(limit, { minLength: 1, maxLength: 4 }),
      fc.array(step, { maxLength: 60 }),
      (limits, steps) => {
        const node = new LimitsNode()
        const rows = limits.map(({ amount, ...more }, i) => quotaRow(`l${i}`, amount, more))
        node.plans({ 'default/free': planRow(rows) })
        node.subscriptions({ 'app default/pets': subscriptionRow('s1', 'default/free') })
        const filters = [
          node.policy('default/p', [policyRow(quotaRow('p', 30), { by: 'All' })]),
          node.plan(product('pets')),
        ]
        const paper = new Map<string, number>()
        let total = 0
        for (const { pass, operation, credential } of steps) {
          node.pass(pass)
          const pages = rows.flatMap(({ name, per, operations, scope, amount }) => {
            if (operations?.includes(operation) === false) return []
            const window = Math.floor(node.wallMs / lengths[per as 'Day'])
            const whose = { Subscription: '', Credential: credential, Operation: operation }[scope]
            return [{ page: `${name} ${window} ${whose}`, amount }]
          })
          const has = total < 30 && pages.every(({ page, amount }) => (paper.get(page) ?? 0) < amount)
          assert.equal(meet(asked(identityOf('app', credential), operation), ...filters) === '', has)
          if (!has) continue
          total++
          for (const { page } of pages) paper.set(page, (paper.get(page) ?? 0) + 1)
        }
      },
    ),
  )
})
