import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CounterAreas, counterMemory } from '../shared/counters.ts'
import type { HedgingSettings } from '../snapshot/resilience.ts'
import { Hedging } from './hedging.ts'
import { RetryBudget } from './retry-budget.ts'

const settings: HedgingSettings = { percentile: 95, minDelayMs: 10, maxPercent: 5, methods: ['GET'] }

/** One cluster in so many workers, at `clock.ms`. */
function workers(count: number, more: Partial<HedgingSettings> = {}, percent = 20) {
  const memory = counterMemory(new Uint8Array(16), { buckets: 8, reserve: 1 })
  const clock = { ms: 0 }
  const all = Array.from({ length: count }, (_, i) => {
    const counters = new CounterAreas(memory, i + 1).scope('test')
    const shared = { counters, nowUs: () => clock.ms * 1000 }
    const budget = new RetryBudget('a', { percent, intervalMs: 10_000, minRetries: 10 }, shared)
    return { budget, hedging: new Hedging('a', { ...settings, ...more }, shared, budget) }
  })
  return { clock, all }
}

function spent({ all }: ReturnType<typeof workers>, times: number): number {
  let count = 0
  for (let i = 0; i < times; i++) if (all[i % all.length]!.hedging.spend()) count++
  return count
}

suite('hedges are a share of the requests, of all workers together', () => {
  for (const [what, requests, maxPercent, budgetPercent, expected] of [
    ['a twentieth', 1000, 5, 50, 50],
    ['a hundredth', 1000, 1, 20, 10],
    ['none of few', 19, 5, 20, 0],
    ['one of twenty', 20, 5, 20, 1],
    ['no more than the retry budget has at once', 1000, 50, 20, 40],
  ] as const)
    test(what, () => {
      const made = workers(3, { maxPercent }, budgetPercent)
      made.all[1]!.budget.requests = requests
      made.all[1]!.budget.publish()
      assert.equal(spent(made, 3000), expected)
    })

  test('and what is hedged is not repeated too', () => {
    const made = workers(1, {}, 50)
    const [{ budget }] = made.all as [(typeof made.all)[0]]
    budget.requests = 1000
    assert.equal(spent(made, 1000), 50)
    let retries = 0
    for (let i = 0; i < 1000; i++) if (budget.spend()) retries++
    assert.equal(retries, 100 - 50)
  })

  for (const [what, maxPercent, percent] of [
    ['the share', 1, 50],
    ['the budget', 50, 20],
  ] as const)
    test(`and where ${what} is spent, nothing is taken of the other`, () => {
      const made = workers(2, { maxPercent }, percent)
      const [{ budget, hedging }] = made.all as [(typeof made.all)[0]]
      budget.requests = 1000
      const count = spent(made, 1000)
      assert.equal(count, what === 'the share' ? 10 : 40)
      assert.equal(budget.use.retries, count)
      // With more of both, what one of them had counted for nothing would be missing.
      budget.update({ percent: 50, intervalMs: 10_000, minRetries: 10 })
      hedging.update({ ...settings, maxPercent: 50 })
      assert.equal(spent(made, 1000), 100 - count)
    })

  test('come back as time goes by', () => {
    const made = workers(2)
    const begin = (): void => {
      made.all[0]!.budget.requests = 100
      made.all[0]!.budget.publish()
    }
    begin()
    assert.equal(spent(made, 100), 5)
    made.clock.ms = 11_000
    assert.equal(spent(made, 100), 0)
    begin()
    assert.equal(spent(made, 100), 5)
  })

  test('are those of the interval that came last', () => {
    const made = workers(1, {}, 50)
    const [{ budget }] = made.all as [(typeof made.all)[0]]
    const begin = (intervalMs: number): void => {
      budget.update({ percent: 50, intervalMs, minRetries: 10 })
      budget.requests = 200
      budget.publish()
    }
    begin(300_000)
    assert.equal(spent(made, 4), 4)
    begin(10_000)
    assert.equal(spent(made, 100), 10)
  })
})

suite('a second attempt waits', () => {
  const hedging = (more: Partial<HedgingSettings> = {}): Hedging => workers(1, more).all[0]!.hedging
  const seen = (one: Hedging, count: number, latencyMs: number): Hedging => {
    for (let i = 0; i < count; i++) one.observe(latencyMs, 0)
    return one
  }

  for (const [what, percentile, count, latencyMs, expected] of [
    ['for ever, before anything is known', 95, 0, 0, Infinity],
    ['for ever, of too few answers', 95, 39, 100, Infinity],
    ['for the percentile', 95, 40, 100, 2 ** (54 / 8)],
    ['for the percentile, of which one as far out needs more', 99, 199, 100, Infinity],
    ['for the least, where the backend is faster', 95, 1000, 1, 10],
  ] as const)
    test(what, () => assert.equal(seen(hedging({ percentile }), count, latencyMs).delayMs, expected))

  test('for the percentile of its own, when that is another', () => {
    const one = seen(hedging(), 1000, 100)
    one.update({ ...settings, percentile: 50 })
    assert.equal(one.delayMs, Infinity)
  })
})

test('methods are those that are named', () => {
  const { hedging } = workers(1, { methods: ['GET', 'HEAD'] }).all[0]!
  assert.deepEqual(
    ['GET', 'HEAD', 'POST'].map(method => hedging.mayHedge(method)),
    [true, true, false],
  )
})
