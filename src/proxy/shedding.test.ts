import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CRITICAL, NORMAL, SHEDDABLE, type Rank } from '../filters/priority.ts'
import { Shedding } from './shedding.ts'

interface Offer {
  /** Of what one thread can do. */
  readonly load: number
  /** Shares of the ranks, the most important first. */
  readonly mix: readonly [number, number, number]
  /** What a refusal costs, of what a request costs. */
  readonly refusal: number
}

const COST_MS = 0.06

/** An event loop by virtual time: each turn it does what came while the turn before lasted. */
class Loop {
  readonly shedding = new Shedding()
  nowMs = 0
  /** By rank, since `forget`. */
  came = [0, 0, 0]
  served = [0, 0, 0]
  turns: number[] = []
  private dueMs = 50
  private owed = 0
  private lastMs = 0.02
  private sumMs = 0
  private squares = 0
  private readonly drawn = [0, 0, 0]

  run(ms: number, offer: Offer): this {
    const untilMs = this.nowMs + ms
    while (this.nowMs < untilMs) this.turn(offer)
    return this
  }

  forget(): void {
    this.came = [0, 0, 0]
    this.served = [0, 0, 0]
    this.turns = []
  }

  share(rank: Rank): number {
    return this.served[rank]! / this.came[rank]!
  }

  /** Of what the thread could do if all of it were served. */
  get goodput(): number {
    const all = this.served.reduce((sum, one) => sum + one, 0)
    return (all * COST_MS) / this.turns.reduce((sum, one) => sum + one, 0)
  }

  private turn(offer: Offer): void {
    const { shedding } = this
    if (this.nowMs >= this.dueMs) {
      const waitMs = this.squares / (this.sumMs || 1)
      this.squares = this.sumMs = 0
      shedding.look(shedding.active ? waitMs : this.nowMs - this.dueMs, this.nowMs)
      this.dueMs = this.nowMs + shedding.periodMs
    }
    this.owed += (this.lastMs * offer.load) / COST_MS
    let tookMs = 0
    for (; this.owed >= 1; this.owed--) {
      const rank = this.draw(offer.mix)
      const refused = shedding.active && shedding.refuses(rank)
      this.came[rank]!++
      if (!refused) this.served[rank]!++
      tookMs += refused ? COST_MS * offer.refusal : COST_MS
    }
    this.lastMs = Math.max(tookMs, 0.02)
    this.turns.push(this.lastMs)
    this.sumMs += this.lastMs
    this.squares += this.lastMs ** 2
    this.nowMs += this.lastMs
  }

  /** Evenly spread. */
  private draw(mix: Offer['mix']): Rank {
    for (const rank of [CRITICAL, NORMAL, SHEDDABLE]) this.drawn[rank]! += mix[rank]!
    const most = Math.max(...this.drawn)
    const rank = this.drawn.findIndex(one => one === most) as Rank
    this.drawn[rank]!--
    return rank
  }
}

const mixed: Offer['mix'] = [0.2, 0.4, 0.4]
const twice: Offer = { load: 2, mix: mixed, refusal: 0.05 }

suite('shedding', () => {
  test('nothing is refused below what can be done', () => {
    const loop = new Loop().run(10_000, { ...twice, load: 0.95 })
    assert.equal(loop.shedding.active, false)
    assert.equal(loop.goodput > 0.94, true)
  })

  test('at twice the capacity nine tenths of it are served, the important ones whole, and turns are short', () => {
    const loop = new Loop().run(4_000, twice)
    loop.forget()
    loop.run(10_000, twice)
    assert.equal(loop.shedding.active, true)
    assert.ok(loop.goodput > 0.9, `goodput ${loop.goodput}`)
    assert.equal(loop.share(CRITICAL), 1)
    assert.ok(loop.share(NORMAL) > 0.5, `Normal ${loop.share(NORMAL)}`)
    assert.ok(loop.share(SHEDDABLE) < 0.1, `Sheddable ${loop.share(SHEDDABLE)}`)
    const longest = loop.turns.toSorted((a, b) => a - b)
    assert.ok(longest[Math.floor(longest.length * 0.9)]! < 15)
  })

  for (const [what, offer, served] of [
    [
      'where there is more of what is Sheddable, Normal is served',
      { ...twice, mix: [0.1, 0.2, 0.7] },
      [1, 1],
    ],
    ['a little too much is refused a little', { ...twice, load: 1.2 }, [1, 1]],
    ['where all is Normal, half of it is served', { ...twice, mix: [0, 1, 0] }, [Number.NaN, 0.5]],
  ] as const)
    test(what, () => {
      const loop = new Loop().run(4_000, offer)
      loop.forget()
      loop.run(10_000, offer)
      const [critical, normal] = served
      assert.equal(loop.share(CRITICAL), critical)
      assert.ok(Math.abs(loop.share(NORMAL) - normal) < 0.1, `Normal ${loop.share(NORMAL)}`)
    })

  test('three times too much is refused within a second, though each turn takes three times as long as the one before', () => {
    const three: Offer = { ...twice, load: 3 }
    const loop = new Loop().run(1_000, three)
    assert.equal(loop.shedding.active, true)
    loop.run(1_000, three).forget()
    loop.run(4_000, three)
    assert.ok(loop.goodput > 0.8, `goodput ${loop.goodput}`)
    assert.ok(Math.max(...loop.turns) < 50, `${Math.max(...loop.turns)}`)
  })

  test('it ends when there is less to do, and what comes then is served', () => {
    const loop = new Loop().run(6_000, twice)
    assert.equal(loop.shedding.active, true)
    loop.run(12_000, { ...twice, load: 0.5 })
    assert.equal(loop.shedding.active, false)
    loop.forget()
    loop.run(1_000, { ...twice, load: 0.5 })
    for (const rank of [CRITICAL, NORMAL, SHEDDABLE] as const) assert.equal(loop.share(rank), 1)
  })

  test('a pause is no overload, and two are none', () => {
    const shedding = new Shedding()
    for (const delayMs of [0, 400, 0, 300, 200, 0, 60, 60, 1]) assert.equal(shedding.look(delayMs, 0), false)
    assert.equal(shedding.active, false)
    for (const delayMs of [60, 60]) assert.equal(shedding.look(delayMs, 0), false)
    assert.equal(shedding.look(60, 0), true)
    assert.equal(shedding.active, true)
  })

  test('a loop that is later and later has too much to do at the second look, whatever it is that comes', () => {
    const shedding = new Shedding()
    assert.deepEqual(
      [100, 300].map(delayMs => shedding.look(delayMs, 0)),
      [false, true],
    )
    for (let i = 0; i < 4; i++) shedding.refuses(NORMAL)
    assert.equal(
      [1, 2, 3, 4].some(() => shedding.refuses(NORMAL)),
      true,
    )
  })

  for (const load of [2.5, 3])
    test(`at ${load} times the capacity it does not take long to be of use`, () => {
      const offer = { ...twice, load }
      const loop = new Loop().run(2_500, offer)
      loop.forget()
      loop.run(5_000, offer)
      assert.ok(loop.goodput > 0.85, `goodput ${loop.goodput}`)
      assert.equal(loop.share(CRITICAL), 1)
    })

  test('a loop that has time between its turns is not behind, however long they are', () => {
    const shedding = new Shedding()
    for (let i = 0; i < 20; i++) assert.equal(shedding.look(100, i, 0.8), false)
  })

  test('the first few of each look are taken, however late the loop is', () => {
    const shedding = new Shedding()
    let nowMs = 0
    for (let i = 0; i < 50; i++) {
      for (let n = 0; n < 4; n++) assert.equal(shedding.active && shedding.refuses(SHEDDABLE), false)
      shedding.look(500, (nowMs += 500))
    }
    assert.equal(shedding.active, true)
    assert.ok(shedding.share >= 0.5)
  })
})
