import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { zoneFactors, type Zoned } from './zones.ts'

const always = { minEndpoints: 1, percent: 100 }

/** `a3 b2` are three endpoints of zone a, and two of zone b; `-1` is one of which it is not known. */
const endpoints = (text: string): Zoned[] =>
  text.split(' ').flatMap(one => {
    const [, zone = '', count] = /^(\D)(\d+)$/.exec(one)!
    return Array.from({ length: Number(count) }, () => ({
      zone: zone === '-' ? '' : zone,
      declaredWeight: 1,
    }))
  })

/** The share of requests that each zone gets from a gateway of zone a, in percent. */
function shares(
  serving: string,
  share: number | null = null,
  policy: Parameters<typeof zoneFactors>[3] = always,
  members = serving,
): Record<string, number> | null {
  const list = endpoints(serving)
  const factors = zoneFactors(endpoints(members), list, { name: 'a', share }, policy)
  if (factors === null) return null
  const found: Record<string, number> = {}
  for (const { zone } of list) found[zone] = (found[zone] ?? 0) + (factors.get(zone)! / list.length) * 100
  return Object.fromEntries(Object.entries(found).map(([zone, part]) => [zone, Math.round(part * 10) / 10]))
}

/** Each row: who serves, what part of all requests comes in by zone a (null: as much as by others), and who gets what. */
for (const [serving, share, expected] of [
  // As many here as elsewhere: everything stays.
  ['a2 b2', null, { a: 100, b: 0 }],
  ['a2 b2 c2', null, { a: 100, b: 0, c: 0 }],
  // More here than comes in here.
  ['a5 b1', null, { a: 100, b: 0 }],
  // Less: as much stays as it bears, and the rest goes to those that have to spare. Of Envoy's documentation: a fifth of the endpoints here, half of the requests.
  ['a1 b3', null, { a: 50, b: 50 }],
  ['a1 b2 c3', null, { a: 50, b: 0, c: 50 }],
  ['a1 b4 c4', null, { a: 33.3, b: 33.3, c: 33.3 }],
  // A small zone behind a large gateway, and the other way round.
  ['a2 b2', 0.8, { a: 62.5, b: 37.5 }],
  ['a2 b2', 0.2, { a: 100, b: 0 }],
  ['a1 b9', 0.1, { a: 100, b: 0 }],
  // Where nothing comes in, there is everything to spare.
  ['a1 -3', null, { a: 25, '': 75 }],
  // Nothing here, or nothing elsewhere.
  ['b2 c2', null, null],
  ['a4', null, null],
] as const)
  test(`${serving}, ${share === null ? 'requests evenly' : `${share * 100} % of the requests here`}: ${JSON.stringify(expected)}`, () =>
    assert.deepEqual(shares(serving, share), expected))

test('a zone in which none serves has requests all the same', () => {
  assert.deepEqual(shares('a2 b2', null, always, 'a2 b2 c2'), { a: 100, b: 0 })
  assert.deepEqual(shares('a1 b3', null, always, 'a2 b3 c2'), { a: 75, b: 25 })
})

test('with too few endpoints zones count for nothing', () => {
  assert.equal(shares('a2 b2', null, { minEndpoints: 6, percent: 100 }), null)
  assert.notEqual(shares('a3 b3', null, { minEndpoints: 6, percent: 100 }), null)
})

test('forced, everything stays as long as enough serve here', () => {
  const forced = { ...always, forceFrom: 2 }
  assert.deepEqual(shares('a2 b8', null, forced), { a: 100, b: 0 })
  assert.deepEqual(shares('a1 b9', null, forced), { a: 20, b: 80 })
})

test('a part of the requests may go by weight alone', () => {
  assert.deepEqual(shares('a2 b2', null, { ...always, percent: 50 }), { a: 75, b: 25 })
  assert.deepEqual(shares('a1 b3', null, { ...always, percent: 0 }), { a: 25, b: 75 })
})

const clusters = fc.array(
  fc.record({
    zone: fc.constantFrom('a', 'b', 'c', 'd', ''),
    declaredWeight: fc.integer({ min: 1, max: 1000 }),
  }),
  { minLength: 1, maxLength: 30 },
)

test('if gateways of all zones do so, each endpoint has its share by weight, and nobody is missing', () => {
  fc.assert(
    fc.property(clusters, fc.integer({ min: 0, max: 100 }), (list, percent) => {
      const zones = [...new Set(list.map(({ zone }) => zone))].filter(zone => zone !== '')
      if (zones.length === 0) return
      const whole = list.reduce((sum, { declaredWeight }) => sum + declaredWeight, 0)
      const loads = list.map(() => 0)
      for (const name of zones) {
        const factors = zoneFactors(list, list, { name, share: null }, { minEndpoints: 1, percent })
        let sent = 0
        for (const [i, { zone, declaredWeight }] of list.entries()) {
          const part = ((factors?.get(zone) ?? 1) * declaredWeight) / whole
          loads[i]! += part / zones.length
          sent += part
        }
        assert.ok(Math.abs(sent - 1) < 1e-9, `${sent}`)
      }
      for (const [i, { declaredWeight }] of list.entries())
        assert.ok(Math.abs(loads[i]! - declaredWeight / whole) < 1e-9)
    }),
  )
})

test('nowhere does an endpoint of the own zone get less than by weight alone, and nothing is below 0', () => {
  fc.assert(
    fc.property(clusters, fc.double({ min: 0.01, max: 1, noNaN: true }), (list, share) => {
      const factors = zoneFactors(list, list, { name: 'a', share }, always)
      if (factors === null) return
      assert.ok(factors.get('a')! >= 1 - 1e-9)
      for (const factor of factors.values()) assert.ok(factor >= 0 && Number.isFinite(factor))
    }),
  )
})
