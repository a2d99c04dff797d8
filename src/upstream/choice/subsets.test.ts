import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { coverage, subsetOf } from './subsets.ts'

const keys = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `10.0.${i >> 8}.${i & 255}:80`)

const subsets = (all: readonly string[], covering: number, workers: number, process = 'gateway-1') =>
  Array.from({ length: workers }, (_, index) => subsetOf(all, covering, workers, { index, process }))

for (const [endpoints, size, workers, expected] of [
  [1000, 100, 8, 1],
  [1000, 125, 8, 1],
  [1000, 126, 8, 2],
  // Small clusters: all have all.
  [20, 20, 8, 8],
  [5, 20, 8, 8],
  [1000, 1, 2, 1],
  [0, 20, 4, 4],
] as const)
  test(`of ${endpoints} endpoints, ${size} for each of ${workers} workers: ${expected} have each`, () =>
    assert.equal(coverage(endpoints, size, workers), expected))

const drawn = fc.record({
  count: fc.integer({ min: 1, max: 300 }),
  workers: fc.integer({ min: 1, max: 16 }),
  process: fc.string({ maxLength: 10 }),
})

test('each endpoint is had by exactly as many workers, and workers have about as many endpoints, with one each exactly', () => {
  fc.assert(
    fc.property(drawn, fc.nat(), ({ count, workers, process }, any) => {
      const covering = 1 + (any % workers)
      const all = keys(count)
      const found = subsets(all, covering, workers, process)
      for (const key of all) assert.equal(found.filter(subset => subset.has(key)).length, covering)
      const even = (count * covering) / workers
      const margin = covering === 1 ? 0 : 2 + even / 4
      for (const { size } of found)
        assert.ok(size >= Math.floor(even) - margin && size <= Math.ceil(even) + margin, `${size} of ${even}`)
    }),
  )
})

test('whoever goes moves itself, and few others', () => {
  fc.assert(
    fc.property(drawn, fc.nat(), ({ count, workers, process }, at) => {
      const all = keys(count + 1)
      const gone = all[at % all.length]!
      const covering = Math.min(2, workers)
      const before = subsets(all, covering, workers, process)
      const after = subsets(
        all.filter(key => key !== gone),
        covering,
        workers,
        process,
      )
      let gained = 0
      for (const [worker, subset] of after.entries()) {
        assert.ok(!subset.has(gone))
        gained += subset.difference(before[worker]!).size
      }
      // One for each place of a worker moves at most in nearly all cases; chains of who makes room for whom fall off fast.
      assert.ok(gained <= 4 * workers * covering, `${gained} moved`)
    }),
  )
})

test('in whatever order endpoints are told, all workers know the same', () => {
  const all = keys(100)
  assert.deepEqual(
    subsets(all, 1, 4).map(subset => [...subset].sort()),
    subsets(all.toReversed(), 1, 4).map(subset => [...subset].sort()),
  )
})

test('workers of many processes together have each endpoint about as often', () => {
  const all = keys(200)
  // Without a limit to what each process may leave out: a worker alone of each, whose parts are drawn anew.
  const counts = new Map<string, number>()
  for (let i = 0; i < 400; i++)
    for (const key of subsetOf(all, 1, 8, { index: 0, process: `gateway-${i}` }))
      counts.set(key, (counts.get(key) ?? 0) + 1)
  for (const key of all)
    assert.ok(Math.abs(counts.get(key)! - 50) < 5 * Math.sqrt(50), `${key} ${counts.get(key)!}`)
})
