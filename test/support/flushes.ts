import fc from 'fast-check'
import { cellCode } from '../../src/roles/management/usage/cell.ts'
import { HOUR_MS, MINUTE_MS } from '../../src/roles/management/usage/entry.ts'
import type { Flush } from '../../src/roles/management/usage/flush.ts'

const some = (...texts: readonly string[]) => fc.constantFrom(...texts)
const count = fc.integer({ min: 0, max: 5_000_000 })

const cell = fc
  .tuple(
    fc.constantFrom(
      cellCode(null, 200, 5, false),
      cellCode(null, 200, 50, true),
      cellCode('authentication_required', 401, 1, false),
      cellCode('connection_refused', 502, 1, false),
    ),
    fc.integer({ min: 1, max: 100 }),
    count,
    count,
    // Sums of halves are exact.
    fc.integer({ min: 0, max: 100 }).map(n => n / 2),
  )
  .map(numbers => [...numbers])

const consumer = fc.record({
  subscription: some('', 's1', 's2', 's3'),
  application: some('', 'app1', 'app2'),
  account: some('', 'acc1'),
  product: some('', 'default/p'),
  plan: some('', 'default/gold', 'default/free'),
  credential: some('', 'key1', 'key2'),
  operations: fc.array(
    fc.record({
      operation: some('', 'get', 'put'),
      cells: fc.array(cell, { minLength: 1, maxLength: 3 }).map(cells => cells.flat()),
    }),
    { minLength: 1, maxLength: 2 },
  ),
})

/** A minute of two days that begin with 3 March 2026, 22:00 UTC. */
export const anyMinute = fc
  .integer({ min: 0, max: 2 * 24 * 60 - 1 })
  .map(minute => Date.UTC(2026, 2, 3) + 22 * HOUR_MS + minute * MINUTE_MS)

/** Of books and numbers that may be the same; who wants flushes to differ by these numbers them itself. */
export const anyFlush: fc.Arbitrary<Flush> = fc.record({
  book: some('book1', 'book2'),
  number: fc.integer({ min: 1, max: 5 }),
  minuteMs: anyMinute,
  apis: fc.array(
    fc.record({
      api: some('default/a', 'default/b'),
      version: some('v1', 'v2'),
      consumers: fc.array(consumer, { minLength: 1, maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 2 },
  ),
})
