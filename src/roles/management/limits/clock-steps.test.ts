import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  identityOf,
  limitRow,
  planRow,
  quotaRow,
  subscriptionRow,
} from '../../../../test/support/limit-rows.ts'
import { asked, fieldsOf, LimitsNode, meet, product } from '../../../../test/support/limits-node.ts'
import type { LimitRow } from '../rows.ts'

// What the system's clock does (NTP, a person, a machine that slept) is in `wallMs`; `nowUs` goes on as time does.

const HOUR = 3_600_000
const DAY = 24 * HOUR

class World {
  readonly node = new LimitsNode()
  private readonly filter = this.node.plan(product('pets'))

  constructor(...limits: readonly LimitRow[]) {
    this.node.plans({ 'default/free': planRow(limits) })
    this.node.subscriptions({ 'app default/pets': subscriptionRow('s1', 'default/free') })
  }

  /** What is left after one more request; "denied" where there was nothing. */
  ask(): string {
    const x = asked(identityOf('app'))
    if (meet(x, this.filter) !== '') return 'denied'
    return [...(fieldsOf(x)[1] ?? '').matchAll(/r=(\d+)/g)].map(([, left]) => left).join(' ')
  }

  asks(times: number): string {
    return Array.from({ length: times }, () => this.ask()).join(' ')
  }
}

suite('a clock that is set', () => {
  for (const ms of [-400 * DAY, -HOUR, -1, 1, HOUR, 400 * DAY])
    test(`by ${ms} ms gives a rate nothing, and takes nothing of it`, () => {
      const world = new World(limitRow('pace', 3, { per: 'Minute' }))
      assert.equal(world.asks(4), '2 1 0 denied')
      world.node.wallMs += ms
      assert.equal(world.asks(2), 'denied denied')
      world.node.pass(20_000)
      assert.equal(world.asks(2), '0 denied')
    })

  test('forth and back finds in each window what it has counted there', () => {
    const world = new World(quotaRow('monthly', 3))
    assert.equal(world.asks(2), '2 1')
    world.node.wallMs += 40 * DAY
    assert.equal(world.asks(4), '2 1 0 denied')
    world.node.wallMs -= 40 * DAY
    assert.equal(world.asks(2), '0 denied')
    world.node.wallMs += 40 * DAY
    assert.equal(world.ask(), 'denied')
    world.node.wallMs -= 80 * DAY
    assert.equal(world.ask(), '2')
  })

  test('back a little at the end of a window gives no second one', () => {
    const world = new World(quotaRow('hourly', 2, { per: 'Hour' }))
    const next = Math.ceil(world.node.wallMs / HOUR) * HOUR
    world.node.pass(next - 1 - world.node.wallMs)
    assert.equal(world.asks(3), '1 0 denied')
    // NTP steps it back and forth over the edge while time goes on.
    for (let i = 0; i < 9; i++) {
      world.node.wallMs = next - 1 - i
      assert.equal(world.ask(), 'denied', `${i} ms before`)
      world.node.pass(1)
    }
    world.node.wallMs = next
    assert.equal(world.asks(3), '1 0 denied')
    world.node.wallMs = next - 50
    assert.equal(world.ask(), 'denied')
  })

  test('says when a window ends by what it shows now', () => {
    const world = new World(quotaRow('hourly', 9, { per: 'Hour' }))
    const secondsLeft = (): number => {
      const x = asked(identityOf('app'))
      meet(x, world.node.plan(product('pets')))
      return Number(/t=(\d+)/.exec(fieldsOf(x)[1] ?? '')?.[1])
    }
    world.node.wallMs = Math.floor(world.node.wallMs / HOUR) * HOUR
    assert.equal(secondsLeft(), 3_600)
    world.node.wallMs += HOUR / 2
    assert.equal(secondsLeft(), 1_800)
    world.node.wallMs -= HOUR / 4
    assert.equal(secondsLeft(), 2_700)
  })
})
