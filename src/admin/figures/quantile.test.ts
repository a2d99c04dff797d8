import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { quantileMs } from './quantile.ts'
import { bounds, BUCKETS, ROUTE_CELLS, SUM } from './reading.ts'

/** Requests by the number of their bucket. */
function cells(...buckets: readonly (readonly [bucket: number, count: number])[]): Float64Array {
  return cellsOf(0, ...buckets)
}

function cellsOf(
  sum: number,
  ...buckets: readonly (readonly [bucket: number, count: number])[]
): Float64Array {
  const row = new Float64Array(ROUTE_CELLS)
  row[SUM] = sum
  for (const [bucket, count] of buckets) row[BUCKETS + bucket] = count
  return row
}

suite('quantiles of buckets', () => {
  for (const [what, row, q, expected] of [
    ['none', cells(), 0.5, null],
    ['half of the first bucket', cells([0, 10]), 0.5, 0.25],
    ['all of the first bucket', cells([0, 10]), 1, 0.5],
    ['the median at the edge of two buckets', cells([0, 5], [1, 5]), 0.5, 0.5],
    ['nine tenths of the way', cells([0, 8], [1, 2]), 0.9, 0.75],
    ['the last of two, in a bucket far away', cells([0, 1], [8, 1]), 1, 250],
    ['more than the last bound', cells([bounds.length, 3]), 0.5, 10_000],
    ['timeouts of one second, by their sum', cellsOf(45, [11, 45]), 0.99, 1000],
    ['timeouts beside quick ones', cellsOf(10 * 1.1 + 90 * 0.001, [2, 90], [11, 10]), 1, 1200],
    ['more than the last bound, by their sum', cellsOf(45, [bounds.length, 3]), 1, 20_000],
    ['a sum that says nothing new', cellsOf(2.4, [11, 1]), 1, 2500],
  ] as const)
    test(what, () => {
      const found = quantileMs(row, q)
      if (expected === null) assert.equal(found, null)
      else assert.ok(found !== null && Math.abs(found - expected) < 1e-9, String(found))
    })

  test('it lies in the bucket in which the request of that rank is, and rises with the share', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 50 }), { minLength: bounds.length + 1, maxLength: bounds.length + 1 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (counts, q) => {
          const row = new Float64Array(ROUTE_CELLS)
          counts.forEach((count, i) => (row[BUCKETS + i] = count))
          const all = counts.reduce((sum, count) => sum + count, 0)
          const found = quantileMs(row, q)
          if (all === 0) return assert.equal(found, null)
          let below = 0
          const bucket = counts.findIndex(count => count > 0 && (below += count) >= q * all)
          const from = (bounds[bucket - 1] ?? 0) * 1000
          const to = (bounds[bucket] ?? bounds.at(-1)!) * 1000
          assert.ok(found !== null && found >= Math.min(from, to) - 1e-9 && found <= to + 1e-9)
          assert.ok((quantileMs(row, q / 2) ?? 0) <= found + 1e-9)
        },
      ),
    )
  })
})
