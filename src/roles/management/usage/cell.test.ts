import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { failures, type FailureName } from '../../../http/failures.ts'
import { cellCode, cellOf } from './cell.ts'
import { outcomeOf } from './outcome.ts'

for (const [what, [failure, status, durationMs, over], expected] of [
  ['an answer', [null, 200, 5, false], { outcome: 'answered', status: '2xx', latency: '10ms' }],
  ['at a bound', [null, 204, 10, false], { outcome: 'answered', status: '2xx', latency: '10ms' }],
  ['above it', [null, 302, 10.1, false], { outcome: 'answered', status: '3xx', latency: '30ms' }],
  ['a slow one', [null, 500, 1e7, false], { outcome: 'answered', status: '5xx', latency: 'more' }],
  ['a tunnel', [null, 101, 1e7, false], { outcome: 'answered', status: '1xx', latency: 'tunnel' }],
  ['over quota', [null, 200, 1, true], { outcome: 'answered', status: '2xx', latency: '10ms' }],
  [
    'without a status',
    ['client_gone', 0, 99, false],
    { outcome: 'client_error', status: 'none', latency: '100ms' },
  ],
  [
    'refused',
    ['authentication_required', 401, 0, false],
    { outcome: 'denied_authentication', status: '4xx', latency: '10ms' },
  ],
] as const)
  test(what, () =>
    assert.deepEqual(cellOf(cellCode(failure, status, durationMs, over)), { ...expected, overQuota: over }),
  )

test('a code says all that went into it, whatever that was', () => {
  const failure = fc.constantFrom(null, ...(Object.keys(failures) as FailureName[]))
  const status = fc.oneof(fc.constant(0), fc.integer({ min: 100, max: 599 }))
  fc.assert(
    fc.property(failure, status, fc.double({ min: 0, max: 1e6, noNaN: true }), fc.boolean(), (...ended) => {
      const cell = cellOf(cellCode(...ended))
      assert.equal(cell.outcome, ended[0] === null ? 'answered' : outcomeOf(ended[0]))
      assert.equal(cell.status, ended[1] === 0 ? 'none' : `${Math.floor(ended[1] / 100)}xx`)
      assert.equal(cell.overQuota, ended[3])
    }),
  )
})
