import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { byPriority, levelsOf } from './priorities.ts'

interface One {
  readonly priority: number
  readonly declaredWeight: number
  readonly serves: boolean
  weight: number
}

/** `5/5 3/4`: so many of a level serve, the first being priority 0. */
function cluster(text: string): readonly One[] {
  return text.split(' ').flatMap((level, priority) => {
    const [serving = 0, size = 0] = level.split('/').map(Number)
    return Array.from({ length: size }, (_, i) => ({
      priority,
      declaredWeight: 1,
      weight: 1,
      serves: i < serving,
    }))
  })
}

const levels = (all: readonly One[]) =>
  levelsOf(
    all,
    all.filter(({ serves }) => serves),
  )
const shares = (all: readonly One[], count: number): number[] =>
  Array.from({ length: count }, (_, priority) => {
    const share = levels(all).find(({ endpoints }) => endpoints[0]!.priority === priority)?.share ?? 0
    return Math.round(share * 100)
  })

// The first rows are those of Envoy's documentation of priority levels (overprovisioning factor 140).
for (const [text, expected] of [
  ['100/100 100/100', [100, 0]],
  ['72/100 100/100', [100, 0]],
  ['71/100 100/100', [99, 1]],
  ['50/100 100/100', [70, 30]],
  ['25/100 100/100', [35, 65]],
  ['25/100 25/100', [50, 50]],
  ['0/100 100/100', [0, 100]],
  ['5/100 0/100', [100, 0]],
  ['25/100 25/100 10/10', [35, 35, 30]],
  ['0/2 1/1', [0, 100]],
  ['3/3', [100]],
] as const)
  test(`of ${text} the levels have ${expected.join(', ')} percent`, () =>
    assert.deepEqual(shares(cluster(text), expected.length), expected))

test('whatever serves, shares make one whole, and weights within a level keep their proportions', () => {
  const some = fc.record({
    priority: fc.nat(3),
    declaredWeight: fc.integer({ min: 1, max: 9 }),
    serves: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(some, { minLength: 1, maxLength: 20 }), list => {
      const all = list.map(one => ({ ...one, weight: one.declaredWeight }))
      if (!all.some(({ serves }) => serves)) return
      const found = levels(all)
      const whole = found.reduce((sum, { share }) => sum + share, 0)
      assert.ok(Math.abs(whole - 1) < 1e-6, `${whole}`)
      const chosen = byPriority(found)
      for (const one of chosen) assert.ok(one.serves && one.weight > 0)
      if (found.length === 1) return
      const sum = chosen.reduce((total, { weight }) => total + weight, 0)
      for (const { endpoints, share } of found) {
        const own = endpoints.reduce((total, { weight }) => total + weight, 0)
        assert.ok(Math.abs(own / sum - share) < 1e-6)
      }
    }),
  )
})
