import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate as settled } from 'node:timers/promises'
import { limitRow, planRow, quotaRow } from '../../../../../test/support/limit-rows.ts'
import { LimitsNode } from '../../../../../test/support/limits-node.ts'
import type { LimitRow } from '../../rows.ts'
import type { Charge } from '../charge.ts'
import type { Meter } from '../meter.ts'
import type { Metered } from '../metered.ts'
import { PlanLimits } from '../plan-limits.ts'
import { Drops } from './drops.ts'
import { StoreAway, type ExactLevel, type ExactStore } from './exact-store.ts'
import { LimitStore } from './limit-store.ts'
import { LocalStore } from './local-store.ts'

const exact = { counters: 'Exact' } as const

/** A store for several nodes that answers as it is told, and remembers what it was told. */
class Elsewhere implements ExactStore {
  away = false
  share = 1
  fault: StoreAway | null = null
  used = 0
  isDenied = false
  whole = true
  timesLookedAt = 0
  readonly asked: (readonly number[])[] = []
  readonly settled: (readonly number[])[] = []

  take(meters: readonly Meter[], costs: readonly number[]): Promise<readonly ExactLevel[]> {
    this.asked.push(costs)
    if (this.fault !== null) return Promise.reject(this.fault)
    const outcome = this.isDenied ? 'denied' : 'taken'
    if (!this.isDenied) this.used++
    return Promise.resolve(
      meters.map(() => ({ outcome, used: this.used, remaining: 100 - this.used, resetSeconds: 7 })),
    )
  }

  isWhole(): Promise<boolean> {
    this.timesLookedAt++
    return Promise.resolve(this.whole)
  }

  settle(_meters: readonly Meter[], costs: readonly number[]): void {
    this.settled.push(costs)
  }

  peek(meters: readonly Meter[]): Promise<readonly ExactLevel[]> {
    return this.take(meters, [])
  }
}

/** A worker's store, and a subscription with these limits. */
class World {
  readonly node = new LimitsNode()
  readonly elsewhere = new Elsewhere()
  readonly store: LimitStore
  readonly metered: Metered

  constructor(...limits: readonly LimitRow[]) {
    const { kit } = this.node
    const local = new LocalStore(kit)
    const drops = new Drops(this.elsewhere, local, kit.clock)
    this.store = new LimitStore(local, this.elsewhere, kit.clock, drops)
    const counted = { whose: 'known', key: 's1', crowd: '', sinceMs: 0 } as const
    this.metered = new PlanLimits(planRow(limits)).metered(counted, 'get', '')!
  }

  async ask(): Promise<Charge> {
    return this.store.charge('Plan test', this.metered, null)
  }

  async outcomes(times: number): Promise<string> {
    const seen: string[] = []
    for (let i = 0; i < times; i++) seen.push((await this.ask()).outcome)
    return seen.join(' ')
  }
}

const left = ({ state }: Charge): string => state.replaceAll(/;t=\d+/g, '')

suite('limits that several nodes count together', () => {
  test('are asked for in one call, after those of this node, and told beside them', async () => {
    const world = new World(quotaRow('here', 5), quotaRow('a', 100, exact), limitRow('b', 100, exact))
    assert.equal(left(await world.ask()), '"here";r=4, "a";r=99, "b";r=99')
    assert.deepEqual(world.elsewhere.asked, [[1, 1]])
  })

  test('are not asked for what this node refuses', async () => {
    const world = new World(quotaRow('here', 1), quotaRow('a', 100, exact))
    assert.equal(await world.outcomes(3), 'taken denied denied')
    assert.equal(world.elsewhere.asked.length, 1)
  })

  test('give back what this node has taken where they refuse', async () => {
    const world = new World(quotaRow('here', 2), quotaRow('a', 100, exact))
    world.elsewhere.isDenied = true
    const charge = await world.ask()
    assert.deepEqual([charge.outcome, charge.exceeded, charge.retrySeconds], ['denied', [1], 7])
    assert.equal(await world.outcomes(4), 'denied denied denied denied')
    world.elsewhere.isDenied = false
    assert.equal(await world.outcomes(3), 'taken taken denied')
  })

  test('are given back what another limit has refused, and told what was settled', async () => {
    const world = new World(quotaRow('here', 5), quotaRow('a', 100, exact))
    const charge = await world.ask()
    world.store.giveBack(charge)
    world.store.settle(await world.ask(), [0, 12])
    assert.deepEqual(world.elsewhere.settled, [[-1], [12]])
    assert.equal(left(await world.ask()), '"here";r=3, "a";r=97')
  })

  for (const [how, set, owed] of [
    ['away', { away: true }, true],
    ['not reached', { fault: new StoreAway('down', false) }, true],
    ['asked without an answer', { fault: new StoreAway('slow', true) }, false],
  ] as const) {
    test(`Local: go on from what was used last where the store is ${how}`, async () => {
      const world = new World(quotaRow('here', 50), quotaRow('a', 10, exact))
      world.elsewhere.used = 6
      await world.ask()
      Object.assign(world.elsewhere, set)
      assert.equal(await world.outcomes(5), 'taken taken taken denied denied')
      assert.deepEqual(world.elsewhere.settled, owed ? [[1], [1], [1]] : [])
      const back = { away: false, fault: null, used: 2 }
      Object.assign(world.elsewhere, back)
      assert.equal(left(await world.ask()), '"here";r=45, "a";r=97')
    })

    test(`Deny: refuse where the store is ${how}, which is nobody's fault, and consume nothing`, async () => {
      const world = new World(quotaRow('here', 2), quotaRow('a', 10, { ...exact, onStoreError: 'Deny' }))
      Object.assign(world.elsewhere, set)
      assert.equal(await world.outcomes(4), 'unavailable unavailable unavailable unavailable')
      assert.deepEqual(world.elsewhere.settled, [])
      Object.assign(world.elsewhere, { away: false, fault: null })
      assert.equal(await world.outcomes(3), 'taken taken denied')
    })

    test(`Allow: let all through where the store is ${how}, say nothing of what is left, and tell it later`, async () => {
      const world = new World(quotaRow('here', 3), quotaRow('a', 1, { ...exact, onStoreError: 'Allow' }))
      Object.assign(world.elsewhere, set)
      assert.equal(left(await world.ask()), '"here";r=2')
      assert.equal(await world.outcomes(3), 'taken taken denied')
      assert.deepEqual(world.elsewhere.settled, owed ? [[1], [1], [1]] : [])
    })
  }

  for (const [what, whole, expected] of [
    ['that has lost nothing: it was given back', true, 'taken taken taken taken denied'],
    ['that has lost what it had: it is needed to put it back', false, 'taken denied'],
  ] as const)
    test(`Local: go on from less where that is said by a store ${what}`, async () => {
      const world = new World(quotaRow('a', 10, exact))
      world.elsewhere.used = 8
      await world.ask()
      Object.assign(world.elsewhere, { used: 5, whole })
      await world.ask()
      world.node.tick()
      await settled()
      world.elsewhere.away = true
      assert.equal(await world.outcomes(expected.split(' ').length), expected)
    })

  test('answers that overtake each other are not taken for less', async () => {
    const world = new World(quotaRow('a', 10, exact))
    world.elsewhere.used = 5
    await world.ask()
    world.elsewhere.used = 4
    await world.outcomes(3)
    world.node.tick()
    await settled()
    assert.equal(world.elsewhere.timesLookedAt, 0)
    world.elsewhere.away = true
    assert.equal(await world.outcomes(4), 'taken taken taken denied')
  })

  test('Local: a rate has the part of this node', async () => {
    const world = new World(limitRow('pace', 10, exact))
    world.elsewhere.away = true
    world.elsewhere.share = 0.5
    assert.equal(await world.outcomes(7), `${'taken '.repeat(5)}denied denied`)
    world.node.pass(12_000)
    assert.equal(await world.outcomes(2), 'taken denied')
  })

  test('of those who are counted by address are counted here', () => {
    const world = new World(quotaRow('a', 1, exact))
    const counted = { whose: 'guests', key: 'g', crowd: 'n', sinceMs: 0 } as const
    const metered = new PlanLimits(planRow([quotaRow('a', 1, exact)])).metered(counted, 'get', '')!
    const seen = [world.store.charge('x', metered, null), world.store.charge('x', metered, null)]
    assert.deepEqual(
      seen.map(charge => (charge instanceof Promise ? 'asked' : charge.outcome)),
      ['taken', 'denied'],
    )
  })
})
