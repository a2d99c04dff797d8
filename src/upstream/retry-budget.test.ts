import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CounterAreas, counterMemory } from '../shared/counters.ts'
import { RetryBudget } from './retry-budget.ts'

/** Less than the default, so that little is to be spent. */
const ten = { percent: 20, intervalMs: 10_000, minRetries: 10 }

/** The budget of one cluster in so many workers, at `clock.ms`. */
function workers(count: number, settings: ConstructorParameters<typeof RetryBudget>[1] = ten) {
  const memory = counterMemory(new Uint8Array(16), { buckets: 4, reserve: 1 })
  const clock = { ms: 0 }
  const budgets = Array.from({ length: count }, (_, i) => {
    const counters = new CounterAreas(memory, i + 1).scope('test')
    return new RetryBudget('a', settings, { counters, nowUs: () => clock.ms * 1000 })
  })
  return { clock, budgets }
}

/** The same in each of the tenths of ten seconds. */
const spentInTime = (clock: { ms: number }, budgets: readonly RetryBudget[], times: number): number => {
  let count = 0
  for (let i = 0; i < 10; i++, clock.ms += 999) count += spent(budgets, times)
  return count
}

const spent = (budgets: readonly RetryBudget[], times: number): number => {
  let count = 0
  for (let i = 0; i < times; i++) if (budgets[i % budgets.length]!.spend()) count++
  return count
}

suite('retries of ten seconds, of all workers together', () => {
  for (const [what, requests, percent, expected] of [
    ['ten, where there were few requests', 0, 20, 10],
    ['ten, up to fifty requests', 50, 20, 10],
    ['a fifth of them', 1000, 20, 200],
    ['as many as they, where that is allowed', 1000, 100, 1000],
    ['ten, where the share is none', 1000, 0, 10],
  ] as const)
    test(what, () => {
      const { clock, budgets } = workers(3, { percent, intervalMs: 10_000, minRetries: 10 })
      budgets[0]!.requests = requests
      budgets[0]!.publish()
      assert.equal(spentInTime(clock, budgets, 3000), expected)
    })

  test('are spread over them: a tenth of the time has a fifth at most, and ten', () => {
    const { clock, budgets } = workers(2)
    budgets[0]!.requests = 1000
    const taken = Array.from({ length: 6 }, () => {
      const count = spent(budgets, 100)
      clock.ms += 1000
      return count
    })
    assert.deepEqual(taken, [40, 40, 40, 40, 40, 0])
    const { budgets: few } = workers(2)
    few[0]!.requests = 100
    assert.equal(spent(few, 100), 10)
  })

  test('a worker knows what it has begun itself before it has told the others', () => {
    const { clock, budgets } = workers(1)
    budgets[0]!.requests = 100
    assert.equal(spentInTime(clock, budgets, 100), 20)
  })

  test('are a hundred in ten seconds where no policy says it, twenty of them at once', () => {
    const { clock, budgets } = workers(1)
    budgets[0]!.update()
    assert.equal(spent(budgets, 100), 20)
    clock.ms = 999
    assert.equal(spentInTime(clock, budgets, 100), 80)
  })

  test('come back as time goes by', () => {
    const { clock, budgets } = workers(2)
    assert.equal(spent(budgets, 20), 10)
    clock.ms = 5_000
    assert.equal(spent(budgets, 20), 0)
    clock.ms = 11_000
    assert.equal(spent(budgets, 20), 10)
  })

  test('have those of others among them, which use up half at most', () => {
    const { budgets } = workers(1)
    for (let i = 0; i < 3; i++) budgets[0]!.note()
    assert.equal(spent(budgets, 20), 7)
    const { budgets: flooded } = workers(1)
    for (let i = 0; i < 100; i++) flooded[0]!.note()
    assert.equal(spent(flooded, 20), 5)
  })

  test('are by the settings that came last', () => {
    const { budgets } = workers(1)
    const [budget] = budgets as [RetryBudget]
    assert.equal(spent(budgets, 20), 10)
    budget.update({ percent: 20, intervalMs: 10_000, minRetries: 60 })
    assert.equal(spent(budgets, 20), 2)
    budget.update()
    assert.equal(spent(budgets, 20), 8)
  })
  test("are of a shorter interval as soon as it is configured: what a longer one has counted is nobody's requests", () => {
    const { clock, budgets } = workers(2, { percent: 20, intervalMs: 300_000, minRetries: 10 })
    for (let i = 0; i < 10; i++, clock.ms += 30_000) {
      budgets[0]!.requests = 5_000
      budgets[0]!.publish()
    }
    for (const budget of budgets) budget.update({ percent: 20, intervalMs: 10_000, minRetries: 10 })
    for (let second = 0; second < 20; second++, clock.ms += 1_000) {
      budgets[1]!.requests = 10
      assert.equal(budgets[0]!.use.allowed <= 20, true, `second ${second}: ${budgets[0]!.use.allowed}`)
    }
    assert.equal(budgets[0]!.use.requests <= 100, true)
  })
})
