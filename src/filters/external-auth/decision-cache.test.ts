import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DecisionCache } from './decision-cache.ts'

test('what was put is had until its time', () => {
  const cache = new DecisionCache<string>(10)
  cache.put('a', 'k', 'v', 100)
  assert.equal(cache.get('k', 99), 'v')
  assert.equal(cache.get('k', 100), undefined)
  assert.equal(cache.size, 0)
})

test('a sweep gives up what is past its time', () => {
  const cache = new DecisionCache<string>(10)
  cache.put('a', 'old', 'v', 100)
  cache.put('a', 'new', 'v', 200)
  cache.sweep(100)
  assert.equal(cache.size, 1)
  assert.equal(cache.get('new', 100), 'v')
})

test('whoever holds most loses the one that it used longest ago', () => {
  const cache = new DecisionCache<string>(4)
  cache.put('neighbour', 'n', 'v', 1000)
  for (const key of ['1', '2', '3']) cache.put('attacker', key, 'v', 1000)
  cache.get('1', 0)
  cache.put('attacker', '4', 'v', 1000)
  cache.put('other', 'o', 'v', 1000)
  assert.deepEqual(
    ['n', '1', '2', '3', '4', 'o'].filter(key => cache.get(key, 0) !== undefined),
    ['n', '1', '4', 'o'],
  )
})

test('what is put again takes no second place', () => {
  const cache = new DecisionCache<string>(2)
  for (const value of ['a', 'b', 'c']) cache.put('x', 'k', value, 1000)
  cache.put('y', 'k', 'd', 1000)
  assert.equal(cache.size, 1)
  assert.equal(cache.get('k', 0), 'd')
})

test('it never holds more than it may, and the newest always', () => {
  const step = fc.record({ client: fc.nat(3), key: fc.nat(9), lastsMs: fc.nat(5), sweeps: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const cache = new DecisionCache<number>(3)
      for (const [nowMs, { client, key, lastsMs, sweeps }] of steps.entries()) {
        if (sweeps) cache.sweep(nowMs)
        cache.put(`c${client}`, `k${key}`, nowMs, nowMs + 1 + lastsMs)
        assert.ok(cache.size <= 3)
        assert.equal(cache.get(`k${key}`, nowMs), nowMs)
      }
    }),
  )
})
