import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { requestHead } from '../../../test/support/head.ts'
import { makeBalancer } from '../balancers.ts'
import type { PickInfo, Balancer } from './balancer.ts'

interface Candidate {
  readonly key: string
  readonly weight: number
  readonly active: number
}

const candidates = (...weights: number[]): Candidate[] =>
  weights.map((weight, i) => ({ key: `10.0.0.${i + 1}:80`, weight, active: 0 }))

const byAddress = { type: 'ConsistentHash', consistentHash: { source: 'ClientAddress' } }
const client = (i: number): PickInfo => ({ clientAddress: `192.0.2.${i}`, request: null })

function over(endpoints: readonly Candidate[], balancing = byAddress): Balancer<Candidate> {
  const balancer = makeBalancer<Candidate>(balancing)
  balancer.update(endpoints)
  return balancer
}

const chosen = (balancer: Balancer<Candidate>, count = 200): string[] =>
  Array.from({ length: count }, (_, i) => balancer.pick(null, client(i))!.key)

const weightLists = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 2, maxLength: 12 })

test('all workers choose the same, in whatever order they were told of endpoints', () => {
  fc.assert(
    fc.property(weightLists, weights => {
      const all = candidates(...weights)
      assert.deepEqual(chosen(over(all)), chosen(over(all.toReversed())))
    }),
  )
})

test('when an endpoint goes only its own clients move, each to the one that comes second for it', () => {
  fc.assert(
    fc.property(weightLists, fc.nat(), (weights, at) => {
      const all = candidates(...weights)
      const gone = all[at % all.length]!
      const balancer = over(all)
      const before = chosen(balancer)
      const second = before.map((_, i) => balancer.pick(gone, client(i))!.key)
      balancer.update(all.filter(one => one !== gone))
      const after = chosen(balancer)
      assert.deepEqual(after, second)
      for (const [i, key] of before.entries()) if (key !== gone.key) assert.equal(after[i], key)
      balancer.update(all)
      assert.deepEqual(chosen(balancer), before)
    }),
  )
})

for (const weights of [
  [1, 1, 1],
  [1, 3],
  [1, 10, 100],
  [7, 2, 2, 1],
])
  test(`clients are shared by weight ${weights.join(':')}`, () => {
    const all = candidates(...weights)
    const balancer = over(all)
    const picks = 40_000
    const found = new Map<string, number>()
    for (const key of chosen(balancer, picks)) found.set(key, (found.get(key) ?? 0) + 1)
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    for (const { key, weight } of all) {
      const share = weight / total
      // Five standard deviations of a binomial.
      const margin = 5 * Math.sqrt((share * (1 - share)) / picks)
      assert.ok(Math.abs((found.get(key) ?? 0) / picks - share) < margin, `${key}: ${found.get(key) ?? 0}`)
    }
  })

/** Each row: the source, its name, and two requests, by query and fields, that are to meet the same endpoint, or not. */
for (const [source, name, one, other, same] of [
  ['Header', 'X-User', ['', 'x-user', 'a', 'accept', 'x'], ['?q', 'X-USER', 'a'], true],
  ['Header', 'x-user', ['', 'x-user', 'a'], ['', 'x-user', 'b'], false],
  ['Cookie', 'sid', ['', 'cookie', 'sid=a; x=1'], ['', 'cookie', 'y=sid=b; sid=a'], true],
  ['Cookie', 'sid', ['', 'cookie', 'sid=a'], ['', 'cookie', 'x=1', 'cookie', 'sid=a'], true],
  ['Cookie', 'sid', ['', 'cookie', 'sid=a'], ['', 'cookie', 'sid=b'], false],
  ['Cookie', 'sid', ['', 'cookie', 'sid=a'], ['', 'cookie', 'xsid=b; sid=a'], true],
  ['QueryParam', 'user', ['?user=a&x'], ['?x&user=%61'], true],
  ['QueryParam', 'user', ['?user=a'], ['?user=b'], false],
] as const)
  test(`${source} ${name}: ${one.join(' ')} and ${other.join(' ')} are ${same ? 'one' : 'two'}`, () => {
    const balancer = over(candidates(...Array<number>(100).fill(1)), {
      type: 'ConsistentHash',
      consistentHash: { source, name },
    } as typeof byAddress)
    const ask = ([query, ...fields]: readonly string[]): string | undefined =>
      balancer.pick(null, { clientAddress: '192.0.2.1', request: requestHead({ query: query!, fields }) })
        ?.key
    for (let i = 0; i < 10; i++) assert.equal(ask(one), ask(one))
    assert.equal(ask(one) === ask(other), same)
  })

test('who has nothing of it comes to any of them', () => {
  const balancer = over(candidates(1, 1, 1, 1), {
    type: 'ConsistentHash',
    consistentHash: { source: 'Cookie', name: 'sid' },
  } as typeof byAddress)
  const request = requestHead({ fields: ['cookie', 'other=1'] })
  const asker = { clientAddress: '192.0.2.1', request }
  assert.equal(new Set(Array.from({ length: 200 }, () => balancer.pick(null, asker)!.key)).size, 4)
  assert.equal(new Set(Array.from({ length: 200 }, () => balancer.pick(null, client(1))!.key)).size, 4)
})
