import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Endpoint } from '../../src/admin/shapes/cluster.ts'
import { factText, healthOf, liveHealth } from './summaries.ts'

const sums = { serving: 1, endpoints: 1, requestsPerS: 5, connectFailuresPerS: 0 }

const endpoint = (state: Endpoint['state']): Endpoint => ({
  address: '10.0.0.1',
  port: 80,
  weight: 1,
  priority: 0,
  zone: null,
  requestsPerS: 0,
  state,
  reason: null,
  until: null,
  says: { workers: 1, of: 1 },
  resolved: [],
})

suite('how a cluster is', () => {
  for (const [states, now, tone] of [
    [['serving'], sums, 'good'],
    [['unknown'], sums, 'good'],
    [['failing'], sums, 'bad'],
    [['serving', 'ejected'], { ...sums, endpoints: 2, serving: 2 }, 'warn'],
    [['serving', 'serving'], { ...sums, endpoints: 2, serving: 1 }, 'warn'],
    [['serving'], { ...sums, requestsPerS: 0, connectFailuresPerS: 3 }, 'bad'],
    [[], { ...sums, serving: 0, endpoints: 0 }, 'bad'],
  ] as const)
    test(`endpoints ${states.join(', ') || 'none'}, ${JSON.stringify(now)}: ${tone}`, () => {
      assert.equal(healthOf({ endpoints: states.map(endpoint), breaker: null }, now).tone, tone)
    })

  test('one that answers some and fails to connect at times serves', () => {
    assert.equal(liveHealth({ ...sums, connectFailuresPerS: 1 }).tone, 'good')
  })
})

for (const [value, expected] of [
  ['mary', 'mary'],
  [null, 'none'],
  [3, '3'],
  [[], ''],
  [['read', 'write'], 'read; write'],
  [{ left: 3, renews: null, flagged: true }, 'left 3, renews none, flagged true'],
] as const)
  test(`a fact ${JSON.stringify(value)} reads ${JSON.stringify(expected)}`, () => {
    assert.equal(factText(value), expected)
  })
