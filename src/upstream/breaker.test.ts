import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CounterAreas, counterMemory } from '../shared/counters.ts'
import type { BreakerTrip } from '../snapshot/resilience.ts'
import { Breaker } from './breaker.ts'

const trip: BreakerTrip = {
  intervalMs: 10_000,
  minRequests: 10,
  errorPercent: 50,
  slowPercent: 0,
  slowAfterMs: 1_000,
  openMs: 5_000,
  probes: 2,
}

/** The breaker of one cluster in so many workers, at `clock.ms`. */
function workers(count: number, settings: Partial<BreakerTrip> | null = {}, limits: object = {}) {
  const memory = counterMemory(new Uint8Array(16), { buckets: 16, reserve: 1 })
  const clock = { ms: 0 }
  const told: string[] = []
  const breakers = Array.from({ length: count }, (_, i) => {
    const counters = new CounterAreas(memory, i + 1).scope('test')
    return new Breaker(
      'a',
      {
        maxRequests: 0,
        maxRetries: 0,
        ...limits,
        trip: settings === null ? null : { ...trip, ...settings },
      },
      { counters, nowUs: () => clock.ms * 1000 },
      count,
      { onBreaker: (state, detail) => told.push(detail === '' ? state : `${state}: ${detail}`) },
    )
  }) as [Breaker, Breaker, ...Breaker[]]
  return { clock, told, breakers }
}

/** One exchange of one attempt; what it was refused by. */
function meet(breaker: Breaker, failed: boolean, latencyMs = 1): string {
  const refusal = breaker.enter()
  if (refusal !== null) return refusal
  breaker.answered(failed, latencyMs, breaker.enteredUs)
  breaker.left()
  return failed ? 'failed' : 'good'
}

const times = (count: number, run: () => void): void => {
  for (let i = 0; i < count; i++) run()
}

suite('a breaker', () => {
  test('opens for all workers where half of the attempts of all fail, and not before there are enough', () => {
    const { breakers, told } = workers(2)
    const [one, other] = breakers
    times(4, () => meet(one, true))
    times(5, () => meet(other, true))
    assert.deepEqual([told, one.state], [[], 'closed'])
    meet(other, true)
    assert.deepEqual(told, ['open: 10 of 10 failed'])
    assert.deepEqual(
      breakers.map(breaker => meet(breaker, false)),
      ['breaker_open', 'breaker_open'],
    )
  })

  for (const [what, good, bad, expected] of [
    ['stays closed below the share', 60, 40, 'closed'],
    ['opens at the share', 40, 60, 'open'],
    ['stays closed where nothing fails', 1000, 0, 'closed'],
  ] as const)
    test(what, () => {
      const [one] = workers(1).breakers
      times(good, () => meet(one, false))
      times(bad, () => meet(one, true))
      assert.equal(one.state, expected)
    })

  test('opens where too many are slow', () => {
    const { breakers, told } = workers(1, { errorPercent: 0, slowPercent: 80 })
    times(2, () => meet(breakers[0], false, 10))
    times(8, () => meet(breakers[0], false, 1_001))
    assert.deepEqual(told, ['open: 8 of 10 were slow'])
  })

  test('forgets what is older than its interval', () => {
    const { breakers, clock } = workers(1)
    times(9, () => meet(breakers[0], true))
    clock.ms = 11_000
    times(9, () => meet(breakers[0], true))
    assert.equal(breakers[0].state, 'closed')
  })
})

suite('a breaker that is open', () => {
  function opened(settings: Partial<BreakerTrip> = {}) {
    const made = workers(2, settings)
    times(10, () => meet(made.breakers[0], true))
    made.told.length = 0
    return made
  }

  test('lets so many try after its time, of all workers together', () => {
    const { breakers, clock, told } = opened()
    const [one, other] = breakers
    clock.ms = 4_900
    assert.equal(one.enter(), 'breaker_open')
    clock.ms = 5_100
    assert.deepEqual(
      [one.enter(), other.enter(), one.enter(), other.enter()],
      [null, null, 'breaker_open', 'breaker_open'],
    )
    assert.deepEqual(told, ['half-open'])
  })

  test('closes when they have succeeded, and what failed before is of another time', () => {
    const { breakers, clock, told } = opened()
    clock.ms = 5_100
    for (const breaker of breakers) assert.equal(meet(breaker, false), 'good')
    assert.deepEqual(told, ['half-open', 'closed'])
    times(9, () => meet(breakers[1], true))
    assert.equal(breakers[0].state, 'closed')
    meet(breakers[1], true)
    assert.equal(breakers[0].state, 'open')
  })

  test('closes when both probes of one worker have succeeded', () => {
    const { breakers, clock } = opened()
    const [one] = breakers
    clock.ms = 5_100
    assert.deepEqual([one.enter(), one.enter()], [null, null])
    one.answered(false, 1, one.enteredUs)
    one.answered(false, 1, one.enteredUs)
    assert.equal(one.state, 'closed')
  })

  test('opens again when one of them fails', () => {
    const { breakers, clock, told } = opened()
    clock.ms = 5_100
    meet(breakers[0], false)
    meet(breakers[1], true)
    assert.deepEqual(told, ['half-open', 'open: a probe failed'])
    assert.equal(breakers[0].enter(), 'breaker_open')
    clock.ms = 10_200
    assert.equal(breakers[0].enter(), null)
  })

  test('lets others try where nobody hears of the first ones any more', () => {
    const { breakers, clock } = opened()
    clock.ms = 5_100
    times(2, () => void breakers[0].enter())
    clock.ms = 10_000
    assert.equal(breakers[0].enter(), 'breaker_open')
    clock.ms = 10_200
    assert.equal(breakers[0].enter(), null)
  })

  test('hears nothing of attempts that were under way when it opened', () => {
    const { breakers, told } = opened()
    times(100, () => breakers[1].answered(false, 1, 0))
    times(100, () => breakers[1].answered(true, 1, 0))
    assert.deepEqual(told, [])
    assert.equal(breakers[0].state, 'open')
  })
})

test('what entered before a breaker opened is no probe, and does not open it when it has closed', () => {
  const { breakers, clock, told } = workers(2)
  const [one, other] = breakers
  assert.equal(other.enter(), null)
  const { enteredUs } = other
  times(10, () => meet(one, true))
  clock.ms = 5_100
  assert.equal(one.enter(), null)
  other.answered(true, 1, enteredUs)
  times(2, () => other.answered(false, 1, enteredUs))
  assert.equal(one.state, 'half-open')
  one.answered(false, 1, one.enteredUs)
  meet(one, false)
  times(10, () => other.answered(true, 1, enteredUs))
  assert.deepEqual(told, ['open: 10 of 10 failed', 'half-open', 'closed'])
})

test('a breaker that nothing opens any more is closed', () => {
  const [one] = workers(1).breakers
  times(10, () => meet(one, true))
  one.update({ maxRequests: 0, maxRetries: 0, trip: null })
  assert.equal(one.state, 'closed')
})

test('a breaker of a shorter interval begins anew: what the longer one has counted was long ago', () => {
  const { clock, breakers, told } = workers(2, { intervalMs: 300_000 })
  times(9, () => meet(breakers[0], true))
  clock.ms = 30_000
  for (const one of breakers) one.update({ maxRequests: 0, maxRetries: 0, trip })
  meet(breakers[0], true)
  assert.deepEqual(told, [])
  times(9, () => meet(breakers[1], true))
  assert.deepEqual(told, ['open: 10 of 10 failed'])
})

suite('at once', () => {
  test('there are so many requests, each worker having its share', () => {
    const [one, other] = workers(2, null, { maxRequests: 3 }).breakers
    assert.deepEqual(
      [one.enter(), one.enter(), one.enter(), other.enter()],
      [null, null, 'backend_request_limit_reached', null],
    )
    one.left()
    assert.equal(one.enter(), null)
  })

  test('there are so many retries', () => {
    const [one] = workers(1, null, { maxRetries: 2 }).breakers
    one.retries = 1
    assert.equal(one.mayRepeat(false), true)
    one.retries = 2
    assert.equal(one.mayRepeat(false), false)
    assert.equal(one.mayRepeat(true), true, 'one of the two may once more')
  })
})
