import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { seeded } from '../../test/support/seeded.ts'
import type { Balancing } from '../snapshot/cluster.ts'
import { balancers, makeBalancer } from './balancers.ts'

interface Candidate {
  readonly key: string
  weight: number
  active: number
}

const candidates = (...weights: number[]): Candidate[] =>
  weights.map((weight, i) => ({ key: String.fromCharCode(97 + i), weight, active: 0 }))

/** Of every type, with settings where it has any. */
const balancings: readonly Balancing[] = [
  { type: 'RoundRobin' },
  { type: 'LeastRequest' },
  { type: 'PeakEWMA' },
  { type: 'Random' },
  { type: 'ConsistentHash', consistentHash: { source: 'ClientAddress' } },
  { type: 'RingHash', consistentHash: { source: 'ClientAddress' } },
  { type: 'Maglev', consistentHash: { source: 'ClientAddress' } },
]
const weightLists = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 12 })

function counts(picks: number, pick: () => Candidate | null): Record<string, number> {
  const found: Record<string, number> = {}
  for (let i = 0; i < picks; i++) {
    const { key } = pick()!
    found[key] = (found[key] ?? 0) + 1
  }
  return found
}

test('round robin gives exact shares over every cycle', () => {
  fc.assert(
    fc.property(weightLists, fc.integer(), (weights, seed) => {
      const all = candidates(...weights)
      const balancer = makeBalancer<Candidate>({ type: 'RoundRobin' }, seeded(seed))
      balancer.update(all)
      const cycle = weights.reduce((sum, weight) => sum + weight, 0)
      for (let turn = 0; turn < 3; turn++) {
        const found = counts(cycle, () => balancer.pick(null, null))
        for (const { key, weight } of all) assert.equal(found[key], weight)
      }
    }),
  )
})

test('round robin spreads the heavy endpoint out', () => {
  const balancer = makeBalancer<Candidate>({ type: 'RoundRobin' }, () => 0)
  balancer.update(candidates(5, 1, 1))
  const order = Array.from({ length: 7 }, () => balancer.pick(null, null)!.key).join('')
  // The sequence that nginx's documentation gives for { 5, 1, 1 }.
  assert.equal(order, 'aabacaa')
})

test('round robin goes on where it was when endpoints change', () => {
  const all = candidates(1, 1, 1, 1)
  const balancer = makeBalancer<Candidate>({ type: 'RoundRobin' }, () => 0)
  const picked: string[] = []
  for (let i = 0; i < 8; i++) {
    balancer.update([...all])
    picked.push(balancer.pick(null, null)!.key)
  }
  assert.equal(picked.join(''), 'abcdabcd', 'a change per request must not send every request to the first')
})

test('weighted round robin keeps its credit across updates', () => {
  const all = candidates(3, 1)
  const balancer = makeBalancer<Candidate>({ type: 'RoundRobin' }, () => 0)
  const found = counts(8, () => {
    balancer.update([...all])
    return balancer.pick(null, null)
  })
  assert.deepEqual(found, { a: 6, b: 2 })
})

test('round robin starts where chance says, so that workers do not march in step', () => {
  const start = (random: number): string => {
    const balancer = makeBalancer<Candidate>({ type: 'RoundRobin' }, () => random)
    balancer.update(candidates(1, 1, 1, 1))
    return balancer.pick(null, null)!.key
  }
  assert.deepEqual([0, 0.3, 0.5, 0.99].map(start), ['a', 'b', 'c', 'd'])
})

for (const balancing of balancings.slice(1))
  for (const weights of [
    [1, 1, 1],
    [1, 3],
    [1, 10, 100],
    [7, 2, 2, 1],
  ])
    test(`${balancing.type} shares an idle cluster by weight ${weights.join(':')}`, () => {
      const all = candidates(...weights)
      const balancer = makeBalancer<Candidate>(balancing, seeded(7))
      balancer.update(all)
      const picks = 40_000
      const found = counts(picks, () => balancer.pick(null, null))
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      for (const { key, weight } of all) {
        const share = weight / total
        // Five standard deviations of a binomial.
        const margin = 5 * Math.sqrt((share * (1 - share)) / picks)
        assert.ok(
          Math.abs((found[key] ?? 0) / picks - share) < margin,
          `${key}: ${found[key] ?? 0} of ${picks}`,
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
    const balancer = makeBalancer<Candidate>({ type: 'LeastRequest' }, seeded(1))
    balancer.update(all)
    assert.deepEqual(
      counts(50, () => balancer.pick(null, null)),
      { [expected]: 50 },
      `${weights.join(':')} ${active.join(' ')}`,
    )
  }
})

test('least request never chooses the single busiest of many', () => {
  const all = candidates(1, 1, 1, 1, 1)
  all[2]!.active = 9
  const balancer = makeBalancer<Candidate>({ type: 'LeastRequest' }, seeded(3))
  balancer.update(all)
  assert.equal(counts(500, () => balancer.pick(null, null))['c'], undefined)
})

for (const balancing of balancings) {
  test(`${balancing.type}: the excluded endpoint is chosen only when there is no other`, () => {
    fc.assert(
      fc.property(weightLists, fc.nat(), fc.integer(), (weights, at, seed) => {
        const all = candidates(...weights)
        for (const [i, one] of all.entries()) one.active = (seed >>> i) & 3
        const balancer = makeBalancer<Candidate>(balancing, seeded(seed))
        balancer.update(all)
        const excluded = all[at % all.length]!
        for (let i = 0; i < 20; i++) {
          const picked = balancer.pick(excluded, null)
          assert.equal(picked === excluded, all.length === 1)
        }
      }),
    )
  })

  test(`${balancing.type}: no endpoint, no choice`, () => {
    const balancer = makeBalancer<Candidate>(balancing)
    assert.equal(balancer.pick(null, null), null)
    balancer.update(candidates(1, 2))
    balancer.update([])
    assert.equal(balancer.pick(null, null), null)
  })

  test(`${balancing.type}: picks only from the last update`, () => {
    const all = candidates(4, 1, 9, 1)
    const balancer = makeBalancer<Candidate>(balancing, seeded(5))
    balancer.update(all)
    for (let i = 0; i < 13; i++) balancer.pick(null, null)
    balancer.update(all.slice(0, 2))
    const found = counts(200, () => balancer.pick(null, null))
    assert.deepEqual(Object.keys(found).sort(), ['a', 'b'])
  })
}

test('an excluded endpoint earns no burst for later', () => {
  const all = candidates(1, 2)
  const balancer = makeBalancer<Candidate>({ type: 'RoundRobin' }, () => 0)
  balancer.update(all)
  for (let i = 0; i < 100; i++) balancer.pick(all[0]!, null)
  assert.deepEqual(
    counts(3, () => balancer.pick(null, null)),
    { a: 1, b: 2 },
  )
})

test('every balancer is among those that are tried here', () => {
  assert.deepEqual(
    balancers.map(({ type }) => type),
    balancings.map(({ type }) => type),
  )
})
