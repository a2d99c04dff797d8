import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Endpoint } from '../snapshot/cluster.ts'
import { tellReadiness } from './readiness.ts'

const at = (port: number, readiness?: Endpoint['readiness']): Endpoint => ({
  address: '10.0.0.1',
  port,
  weight: 1,
  ...(readiness !== undefined && { readiness }),
})

const slice = 'its EndpointSlice says so'
const first = { cluster: 'a', endpoint: '10.0.0.1:1' }

for (const [what, before, now, told] of [
  ['all ready', [at(1)], [at(1), at(2)], []],
  ['the same', [at(1, 'unready')], [at(1, 'unready')], []],
  [
    'one is not any more',
    [at(1), at(2)],
    [at(1, 'unready'), at(2)],
    [['endpoint.unready', { ...first, reason: slice }]],
  ],
  [
    'one ends',
    [at(1)],
    [at(1, 'terminating')],
    [['endpoint.unready', { ...first, reason: 'it is terminating' }]],
  ],
  ['one is again', [at(1, 'unready')], [at(1)], [['endpoint.ready', first]]],
  ['one comes and is not yet', [], [at(1, 'unready')], [['endpoint.unready', { ...first, reason: slice }]]],
  ['one goes that was not', [at(1, 'terminating'), at(2)], [at(2)], []],
] as const)
  test(what, () => {
    const lines: unknown[] = []
    tellReadiness({ info: (event, fields) => void lines.push([event, fields]) }, { a: before }, { a: now })
    assert.deepEqual(lines, told)
  })

test('a cluster that is new is told of as one that had none', () => {
  let told = 0
  tellReadiness({ info: () => void told++ }, {}, { a: [at(1), at(2, 'unready')] })
  assert.equal(told, 1)
})
