import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { RandomSource } from './balancer.ts'
import { makeBalancer } from './balancers.ts'

interface Candidate {
  readonly name: string
  weight: number
  active: number
}

const candidates = (...weights: number[]): Candidate[] =>
  weights.map((weight, i) => ({ name: String.fromCharCode(97 + i), weight, active: 0 }))

/** mulberry32: the same numbers in every run. */
function seeded(seed: number): RandomSource {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const types = ['round-robin', 'least-request', 'random'] as const
const weightLists = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 12 })

function counts(picks: number, pick: () => Candidate | null): Record<string, number> {
  const found: Record<string, number> = {}
  for (let i = 0; i < picks; i++) {
    const name = pick()!.name
    found[name] = (found[name] ?? 0) + 1
  }
  return found
}

test('round robin gives exact shares over every cycle', () => {
  fc.assert(
    fc.property(weightLists, fc.integer(), (weights, seed) => {
      const all = candidates(...weights)
      const balancer = makeBalancer<Candidate>('round-robin', seeded(seed))
      balancer.update(all)
      const cycle = weights.reduce((sum, weight) => sum + weight, 0)
      for (let turn = 0; turn < 3; turn++) {
        const found = counts(cycle, () => balancer.pick(null))
        for (const { name, weight } of all) assert.equal(found[name], weight)
      }
    }),
  )
})

test('round robin spreads the heavy endpoint out', () => {
  const balancer = makeBalancer<Candidate>('round-robin', () => 0)
  balancer.update(candidates(5, 1, 1))
  const order = Array.from({ length: 7 }, () => balancer.pick(null)!.name).join('')
  // The sequence that nginx's documentation gives for { 5, 1, 1 }.
  assert.equal(order, 'aabacaa')
})

test('round robin goes on where it was when endpoints change', () => {
  const all = candidates(1, 1, 1, 1)
  const balancer = makeBalancer<Candidate>('round-robin', () => 0)
  const picked: string[] = []
  for (let i = 0; i < 8; i++) {
    balancer.update([...all])
    picked.push(balancer.pick(null)!.name)
  }
  assert.equal(picked.join(''), 'abcdabcd', 'a change per request must not send every request to the first')
})

test('weighted round robin keeps its credit across updates', () => {
  const all = candidates(3, 1)
  const balancer = makeBalancer<Candidate>('round-robin', () => 0)
  const found = counts(8, () => {
    balancer.update([...all])
    return balancer.pick(null)
  })
  assert.deepEqual(found, { a: 6, b: 2 })
})

test('round robin starts where chance says, so that workers do not march in step', () => {
  const start = (random: number): string => {
    const balancer = makeBalancer<Candidate>('round-robin', () => random)
    balancer.update(candidates(1, 1, 1, 1))
    return balancer.pick(null)!.name
  }
  assert.deepEqual([0, 0.3, 0.5, 0.99].map(start), ['a', 'b', 'c', 'd'])
})

for (const type of ['random', 'least-request'] as const)
  for (const weights of [
    [1, 1, 1],
    [1, 3],
    [1, 10, 100],
    [7, 2, 2, 1],
  ])
    test(`${type} shares an idle cluster by weight ${weights.join(':')}`, () => {
      const all = candidates(...weights)
      const balancer = makeBalancer<Candidate>(type, seeded(7))
      balancer.update(all)
      const picks = 40_000
      const found = counts(picks, () => balancer.pick(null))
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      for (const { name, weight } of all) {
        const share = weight / total
        // Five standard deviations of a binomial.
        const margin = 5 * Math.sqrt((share * (1 - share)) / picks)
        assert.ok(
          Math.abs((found[name] ?? 0) / picks - share) < margin,
          `${name}: ${found[name] ?? 0} of ${picks}`,
        )
      }
    })

test('least request chooses the less loaded of two, for their weight', () => {
  for (const [weights, active, expected] of [
    [[1, 1], [3, 2], 'b'],
    [[1, 1], [0, 1], 'a'],
    [[2, 1], [3, 2], 'a'],
    [[2, 1], [5, 2], 'b'],
    [[100, 1], [99, 1], 'a'],
  ] as const) {
    const all = candidates(...weights)
    for (const [i, load] of active.entries()) all[i]!.active = load
    const balancer = makeBalancer<Candidate>('least-request', seeded(1))
    balancer.update(all)
    assert.deepEqual(
      counts(50, () => balancer.pick(null)),
      { [expected]: 50 },
      `${weights.join(':')} ${active.join(' ')}`,
    )
  }
})

test('least request never chooses the single busiest of many', () => {
  const all = candidates(1, 1, 1, 1, 1)
  all[2]!.active = 9
  const balancer = makeBalancer<Candidate>('least-request', seeded(3))
  balancer.update(all)
  assert.equal(counts(500, () => balancer.pick(null))['c'], undefined)
})

for (const type of types) {
  test(`${type}: the excluded endpoint is chosen only when there is no other`, () => {
    fc.assert(
      fc.property(weightLists, fc.nat(), fc.integer(), (weights, at, seed) => {
        const all = candidates(...weights)
        for (const [i, one] of all.entries()) one.active = (seed >>> i) & 3
        const balancer = makeBalancer<Candidate>(type, seeded(seed))
        balancer.update(all)
        const excluded = all[at % all.length]!
        for (let i = 0; i < 20; i++) {
          const picked = balancer.pick(excluded)
          assert.equal(picked === excluded, all.length === 1)
        }
      }),
    )
  })

  test(`${type}: no endpoint, no choice`, () => {
    const balancer = makeBalancer<Candidate>(type)
    assert.equal(balancer.pick(null), null)
    balancer.update(candidates(1, 2))
    balancer.update([])
    assert.equal(balancer.pick(null), null)
  })

  test(`${type}: picks only from the last update`, () => {
    const all = candidates(4, 1, 9, 1)
    const balancer = makeBalancer<Candidate>(type, seeded(5))
    balancer.update(all)
    for (let i = 0; i < 13; i++) balancer.pick(null)
    balancer.update(all.slice(0, 2))
    const found = counts(200, () => balancer.pick(null))
    assert.deepEqual(Object.keys(found).sort(), ['a', 'b'])
  })
}

test('an excluded endpoint earns no burst for later', () => {
  const all = candidates(1, 2)
  const balancer = makeBalancer<Candidate>('round-robin', () => 0)
  balancer.update(all)
  for (let i = 0; i < 100; i++) balancer.pick(all[0]!)
  assert.deepEqual(
    counts(3, () => balancer.pick(null)),
    { a: 1, b: 2 },
  )
})
