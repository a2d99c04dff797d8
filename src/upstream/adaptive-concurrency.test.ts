import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { AdaptiveConcurrencySettings } from '../snapshot/resilience.ts'
import { AdaptiveConcurrency } from './adaptive-concurrency.ts'

const settings: AdaptiveConcurrencySettings = {
  sampleMs: 100,
  percentile: 50,
  minLimit: 3,
  maxLimit: 200,
  minRttIntervalMs: 60_000,
  minRttRequests: 50,
  bufferPercent: 25,
  jitterPercent: 0,
}

/** A backend that takes so many at once in `baseMs`; what is beyond waits there. Clients come again at once. */
class Backend {
  nowMs = 1
  capacity = 20
  baseMs = 10
  readonly adaptive: AdaptiveConcurrency
  refused = 0
  private underWay: { readonly sentMs: number; readonly untilMs: number }[] = []
  private free: number[] = []

  constructor(adaptive: AdaptiveConcurrency) {
    this.adaptive = adaptive
  }

  /** `wanted` at once, for so long. */
  run(ms: number, wanted: number): this {
    const untilMs = this.nowMs + ms
    for (; this.nowMs < untilMs; this.nowMs++) {
      this.finish()
      while (this.underWay.length < wanted && this.begin());
    }
    return this
  }

  private begin(): boolean {
    if (!this.adaptive.enter()) {
      this.refused++
      return false
    }
    this.free.length = Math.min(this.free.length, this.capacity)
    while (this.free.length < this.capacity) this.free.push(this.nowMs)
    this.free.sort((a, b) => a - b)
    const untilMs = Math.max(this.nowMs, this.free[0]!) + this.baseMs
    this.free[0] = untilMs
    this.underWay.push({ sentMs: this.nowMs, untilMs })
    return true
  }

  private finish(): void {
    const done = this.underWay.filter(({ untilMs }) => untilMs <= this.nowMs)
    this.underWay = this.underWay.filter(({ untilMs }) => untilMs > this.nowMs)
    for (const { sentMs, untilMs } of done) {
      this.adaptive.left()
      this.adaptive.answered(untilMs - sentMs, sentMs)
    }
  }
}

const started = (more: Partial<AdaptiveConcurrencySettings> = {}, workers = 1): Backend =>
  new Backend(new AdaptiveConcurrency({ ...settings, ...more }, workers, () => 0))

suite('adaptive concurrency', () => {
  test('finds about as many as the backend takes at once', () => {
    const backend = started().run(10_000, 500)
    const { limit } = backend.adaptive
    assert.ok(limit >= 20 && limit <= 60, `limit ${limit}`)
  })

  for (const [what, change, falls] of [
    ['takes half as many at once', (one: Backend) => void (one.capacity = 5), true],
    ['takes four times as long for each', (one: Backend) => void (one.baseMs = 40), true],
    ['takes four times as many', (one: Backend) => void (one.capacity = 80), false],
  ] as const)
    test(`where the backend ${what}, the limit ${falls ? 'falls' : 'rises'}, and is what it was when that is over`, () => {
      const backend = started().run(5_000, 500)
      const before = backend.adaptive.limit
      change(backend)
      backend.run(3_000, 500)
      const then = backend.adaptive.limit
      assert.equal(falls ? then < before : then > before, true, `${before}, then ${then}`)
      backend.capacity = 20
      backend.baseMs = 10
      backend.run(5_000, 500)
      const after = backend.adaptive.limit
      assert.ok(Math.abs(after - before) < before / 2, `${before}, ${then}, ${after}`)
    })

  test('is never beyond its bounds, whatever it sees, and of several workers each has its share', () => {
    for (const [workers, least, most] of [
      [1, 3, 200],
      [4, 1, 50],
    ] as const) {
      const adaptive = new AdaptiveConcurrency(settings, workers, () => 0)
      let nowMs = 1
      for (let i = 0; i < 5_000; i++) {
        const isSlow = Math.floor(i / 500) % 2 === 1
        while (adaptive.enter());
        const before = adaptive.requests
        for (let n = 0; n < before; n++) adaptive.left()
        adaptive.answered(isSlow ? 1_000 : 1, (nowMs += 50))
        assert.ok(adaptive.limit >= least && adaptive.limit <= most, `limit ${adaptive.limit}`)
      }
    }
  })

  test('a limit that nobody comes near does not grow, and nobody is refused', () => {
    const backend = started().run(60_000, 4)
    assert.equal(backend.adaptive.limit, 20)
    assert.equal(backend.refused, 0)
  })

  for (const [when, minRttIntervalMs] of [
    ['after its time', 10_000],
    ['before it, where the least is let through for that alone', 60_000],
  ] as const)
    test(`what a backend takes at least is forgotten ${when}: where it is slower for good, the limit is what it bears`, () => {
      const backend = started({ minRttIntervalMs }).run(5_000, 500)
      backend.baseMs = 40
      backend.run(1_000, 500)
      const low = backend.adaptive.limit
      assert.ok(low < 10, `${low}`)
      backend.run(20_000, 500)
      assert.ok(backend.adaptive.limit > 2 * low, `${low}, then ${backend.adaptive.limit}`)
    })

  test('while it is found out anew, few are let in, and answers to those before do not count', () => {
    const backend = started({ minRttIntervalMs: 2_000 })
    let fewest = Infinity
    for (let i = 0; i < 60; i++) fewest = Math.min(fewest, backend.run(50, 500).adaptive.limit)
    assert.equal(fewest, 3)
    assert.ok(backend.run(500, 500).adaptive.limit > 3)
  })
})
