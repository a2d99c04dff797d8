import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CRITICAL, NORMAL, SHEDDABLE } from '../filters/priority.ts'
import { Overload } from './overload.ts'

const roomy = { exchanges: 1_000, bufferedBytes: 1_000, heapShare: 1, stayMs: 0, leavingShare: 0.5 }
const limits = { ...roomy, beginMs: 30, targetMs: 3 }
const refused = (overload: Overload): (string | null)[] =>
  [CRITICAL, NORMAL, SHEDDABLE].map(rank => overload.refuses(rank as typeof CRITICAL, 'a', 0))

suite('what a worker holds', () => {
  for (const [what, held, expected] of [
    ['nothing', [0, 0], [null, null, null]],
    ['nine tenths of its exchanges', [900, 0], [null, null, null]],
    ['more than that', [901, 0], [null, null, 'exchanges']],
    ['more than 95 %', [951, 0], [null, 'exchanges', 'exchanges']],
    ['more than it may', [1_001, 0], ['exchanges', 'exchanges', 'exchanges']],
    ['bytes', [0, 960], [null, 'buffered_bytes', 'buffered_bytes']],
  ] as const)
    test(`${what}: ${expected.join(', ')}`, () => {
      const overload = new Overload(limits)
      overload.judge(held[0], held[1])
      assert.deepEqual(refused(overload), expected)
      assert.equal(overload.active, expected.at(-1) !== null)
    })

  test('a rank is served again with a tenth of room, and changes are told once', () => {
    const overload = new Overload(limits)
    const seen = [0, 910, 920, 960, 880, 850, 820, 800].map(exchanges => {
      const changed = overload.judge(exchanges, 0)
      return [changed, overload.state.reason === null ? null : overload.state.serves]
    })
    assert.deepEqual(seen, [
      [false, null],
      [true, 'Normal'],
      [false, 'Normal'],
      [true, 'Critical'],
      [false, 'Critical'],
      [true, 'Normal'],
      [false, 'Normal'],
      [true, null],
    ])
  })

  test('connections are sent away a share at a time, and only where something is refused', () => {
    const overload = new Overload({ ...limits, stayMs: 10 })
    const away = (stayedMs: number): boolean[] => [1, 2, 3, 4].map(() => overload.sendsAway(stayedMs))
    assert.deepEqual(away(20), [false, false, false, false])
    overload.judge(1_001, 0)
    assert.deepEqual(away(5), [false, false, false, false])
    assert.deepEqual(away(20), [false, true, false, true])
  })

  test("of the gateway's own matters a few are urgent between two looks, and not all of one client", () => {
    const overload = new Overload(limits)
    const hurried = (): boolean[] => ['a', 'a', 'a', 'b', 'c', 'd'].map(client => overload.hurries(client))
    assert.deepEqual(hurried(), [true, true, false, true, true, false])
    assert.deepEqual(hurried(), [false, false, false, false, false, false])
    overload.look({ delayMs: 0, busy: 0, nowMs: 50 })
    assert.deepEqual(hurried(), [true, true, false, true, true, false])
  })
})
