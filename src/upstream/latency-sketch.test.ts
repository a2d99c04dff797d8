import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { LatencySketch } from './latency-sketch.ts'

function sketch(percentile: number, latencies: Iterable<number>, nowMs = 0): LatencySketch {
  const made = new LatencySketch(percentile)
  for (const ms of latencies) made.observe(ms, nowMs)
  return made
}

const upTo = (count: number, factor = 1): number[] =>
  Array.from({ length: count }, (_, i) => (i + 1) * factor)

suite('a percentile of latencies', () => {
  for (const [percentile, latencies, trueMs] of [
    [50, upTo(1000), 500],
    [95, upTo(1000), 950],
    [99, upTo(1000), 990],
    [95, upTo(1000, 0.01), 9.5],
    [95, upTo(1000, 50), 47_500],
    [95, [...Array<number>(95).fill(10), ...Array<number>(5).fill(1000)], 10],
    [96, [...Array<number>(95).fill(10), ...Array<number>(5).fill(1000)], 1000],
  ] as const)
    test(`${percentile} of ${latencies.length}, the last ${String(latencies.at(-1))} ms, is ${trueMs} ms, or a little more`, () => {
      const { ms } = sketch(percentile, latencies)
      assert.ok(ms >= trueMs * 0.999 && ms <= trueMs * 1.1, String(ms))
    })

  for (const [what, ms, expected] of [
    ['none at all', 0, 2 ** -4],
    ['less than the clock can tell', 1e-9, 2 ** -4],
    ['an hour', 3_600_000, 2 ** 16.875],
  ] as const)
    test(`takes ${what}`, () => assert.equal(sketch(95, [ms]).ms, expected))

  test('is 0 without any', () => assert.equal(new LatencySketch(95).ms, 0))

  test('forgets within a minute', () => {
    const one = sketch(95, upTo(100, 100))
    one.observe(1, 29_999)
    assert.equal(one.count, 101)
    for (let i = 0; i < 100; i++) one.observe(1, 30_000)
    assert.equal(one.count, 201)
    assert.ok(one.ms > 1000)
    for (let i = 0; i < 100; i++) one.observe(1, 60_000)
    assert.equal(one.count, 200)
    assert.ok(one.ms < 1.1)
    one.observe(5, 130_000)
    assert.equal(one.count, 1)
  })
})
