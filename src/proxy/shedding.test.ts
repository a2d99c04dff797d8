import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { seeded } from '../../test/support/seeded.ts'
import { CRITICAL, NORMAL, SHEDDABLE, type Rank } from '../filters/priority.ts'
import { Shedding } from './shedding.ts'

interface Offer {
  /** Of what one thread can do. */
  readonly load: number
  /** Shares of the ranks, the most important first. */
  readonly mix: readonly [number, number, number]
  /** What a refusal costs, of what a request costs. */
  readonly refusal: number
  /** Whose a request is, by what was drawn from 0 to 1; absent: all are of one. */
  readonly clientOf?: (drawn: number) => number
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
  /** By the place of the client. */
  cameOf: number[] = []
  servedOf: number[] = []
  /** This client is one that comes anew with each request. */
  once = -1
  private readonly random = seeded(7)
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
    this.cameOf = []
    this.servedOf = []
  }

  share(rank: Rank): number {
    return this.served[rank]! / this.came[rank]!
  }

  /** What is served, of what clients from this place on ask for. */
  of(from: number, until = from + 1): number {
    const sum = (all: readonly number[]): number =>
      all.slice(from, until).reduce((one, more) => one + more, 0)
    return sum(this.servedOf) / sum(this.cameOf)
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
      const client = offer.clientOf?.(this.random()) ?? 0
      const refused =
        shedding.active &&
        shedding.refuses(rank, client === this.once ? `once ${this.nowMs} ${this.owed}` : `c${client}`)
      this.came[rank]!++
      this.cameOf[client] = (this.cameOf[client] ?? 0) + 1
      this.servedOf[client] = (this.servedOf[client] ?? 0) + (refused ? 0 : 1)
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
    for (let i = 0; i < 4; i++) shedding.refuses(NORMAL, 'a')
    assert.equal(
      [1, 2, 3, 4].some(() => shedding.refuses(NORMAL, 'a')),
      true,
    )
  })

  test('a look that is late, since requests are too much, lets no more of them in', () => {
    const shedding = new Shedding()
    assert.deepEqual([shedding.look(100, 100), shedding.look(300, 500)], [false, true])
    for (const nowMs of [1_500, 2_500, 3_500]) {
      shedding.look(1_000, nowMs)
      const refused = Array.from({ length: 100 }, () => shedding.refuses(NORMAL, 'a'))
      assert.ok(refused.filter(Boolean).length > 50, String(refused.filter(Boolean).length))
    }
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
      for (let n = 0; n < 4; n++) assert.equal(shedding.active && shedding.refuses(SHEDDABLE, 'a'), false)
      shedding.look(500, (nowMs += 500))
    }
    assert.equal(shedding.active, true)
    assert.ok(shedding.share >= 0.5)
  })
})

const normal: Offer['mix'] = [0, 1, 0]
/** So many clients that ask for as much as each other. */
const alike =
  (count: number): NonNullable<Offer['clientOf']> =>
  drawn =>
    Math.floor(drawn * count)
/** Clients that ask for so much each. */
const parts =
  (...all: readonly number[]): NonNullable<Offer['clientOf']> =>
  drawn => {
    let left = drawn * all.reduce((sum, one) => sum + one, 0)
    return Math.max(
      0,
      all.findIndex(part => (left -= part) < 0),
    )
  }
/** What is a thirtieth of a flood, of ten. */
const neighbours = Array.from({ length: 10 }, () => 0.01)

suite('clients of one priority', () => {
  for (const [what, mix] of [
    ['where all is Normal', normal],
    ['where all priorities are asked for', mixed],
  ] as const)
    test(`a flood is refused its own, and its neighbours none, ${what}`, () => {
      // Three times what the thread can do by one client, a tenth of it by ten others.
      const flood: Offer = { load: 3.1, mix, refusal: 0.05, clientOf: parts(3, ...neighbours) }
      const before: Offer = { load: flood.load, mix, refusal: flood.refusal }
      const loops = [flood, before].map(offer => {
        const loop = new Loop().run(3_000, offer)
        loop.forget()
        return loop.run(10_000, offer)
      })
      const [fair, blind] = loops as [Loop, Loop]
      assert.ok(fair.goodput > 0.98 * blind.goodput, `goodput ${fair.goodput}, was ${blind.goodput}`)
      if (mix === normal) assert.ok(fair.of(1, 11) > 0.99, `neighbours ${fair.of(1, 11)}`)
      else assert.equal(fair.share(CRITICAL), 1)
      assert.ok(fair.of(0) < 0.4, `flood ${fair.of(0)}`)
      assert.ok(fair.share(SHEDDABLE) <= fair.share(NORMAL) || mix === normal)
    })

  for (const [count, ms] of [
    [2, 10_000],
    [11, 10_000],
    [100, 20_000],
    [1_000, 60_000],
  ] as const)
    test(`${count} that ask for as much as each other are served as much`, () => {
      const offer: Offer = { load: 2, mix: normal, refusal: 0.05, clientOf: alike(count) }
      const loop = new Loop().run(3_000, offer)
      loop.forget()
      loop.run(ms, offer)
      assert.ok(loop.goodput > 0.88, `goodput ${loop.goodput}`)
      const all = loop.of(0, count)
      assert.ok(Math.abs(all - 0.48) < 0.06, `${all}`)
      const shares = Array.from({ length: count }, (_, client) => loop.of(client)).toSorted((a, b) => a - b)
      // Within what chance makes of so few requests.
      const [low, high] = [shares[Math.floor(count * 0.05)]!, shares[Math.ceil(count * 0.95) - 1]!]
      assert.ok(high - low < 0.1, `${low} to ${high}`)
    })

  test('two floods are served as much as each other, however much each of them asks for', () => {
    const offer: Offer = { load: 4, mix: normal, refusal: 0.02, clientOf: parts(1, 3, 0.05) }
    const loop = new Loop().run(3_000, offer)
    loop.forget()
    loop.run(10_000, offer)
    const [less, more] = loop.servedOf as [number, number]
    assert.ok(Math.abs(less / more - 1) < 0.1, `${less} ${more}`)
    assert.ok(loop.of(2) > 0.99, `${loop.of(2)}`)
  })

  test('those who come once are refused evenly too, and of a flood beside them they lose nothing', () => {
    for (const [load, flood] of [
      [2, 0],
      [5, 9],
    ] as const) {
      const offer: Offer = { load, mix: normal, refusal: 0.02, clientOf: parts(flood, 1) }
      const loop = new Loop()
      loop.once = 1
      loop.run(3_000, offer).forget()
      loop.run(6_000, offer)
      assert.ok(loop.goodput > 0.85, `goodput ${loop.goodput}`)
      if (flood > 0) assert.ok(loop.of(1) > 0.95, `${loop.of(1)}`)
      else assert.ok(Math.abs(loop.of(1) - 0.48) < 0.06, `${loop.of(1)}`)
    }
  })
})
