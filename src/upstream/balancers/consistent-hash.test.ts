import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
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
const client = (i: number): PickInfo => ({ clientAddress: `192.0.2.${i}`, request: null, principal: null })

function over(endpoints: readonly Candidate[], balancing = byAddress): Balancer<Candidate> {
  const balancer = makeBalancer<Candidate>(balancing)
  balancer.update(endpoints)
  return balancer
}

const chosen = (balancer: Balancer<Candidate>, count = 200): string[] =>
  Array.from({ length: count }, (_, i) => balancer.pick(null, client(i))!.key)

const weightLists = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 2, maxLength: 12 })

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
