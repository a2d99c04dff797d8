import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { requestHead } from '../../../test/support/head.ts'
import { seeded } from '../../../test/support/seeded.ts'
import { makeBalancer } from '../balancers.ts'
import type { PickInfo, Balancer } from './balancer.ts'

interface Candidate {
  readonly key: string
  readonly weight: number
  readonly active: number
}

const types = ['ConsistentHash', 'RingHash', 'Maglev'] as const
type HashType = (typeof types)[number]

const candidates = (...weights: number[]): Candidate[] =>
  weights.map((weight, i) => ({ key: `10.0.0.${i + 1}:80`, weight, active: 0 }))

const equal = (count: number): Candidate[] => candidates(...Array<number>(count).fill(1))
const client = (i: number): PickInfo => ({ clientAddress: `192.0.2.${i}`, request: null, principal: null })

function over(
  type: HashType,
  endpoints: readonly Candidate[],
  settings: object = { source: 'ClientAddress' },
): Balancer<Candidate> {
  const balancer = makeBalancer<Candidate>({ type, consistentHash: settings }, seeded(3))
  balancer.update(endpoints)
  return balancer
}

const chosen = (balancer: Balancer<Candidate>, count = 200): string[] =>
  Array.from({ length: count }, (_, i) => balancer.pick(null, client(i))!.key)

const weightLists = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 2, maxLength: 12 })
/** Small tables and rings: what holds for them holds for large ones, which take long to fill a hundred times. */
const small = {
  ConsistentHash: {},
  RingHash: { minimumRingSize: 256 },
  Maglev: { tableSize: 2039 },
} as const

for (const type of types) {
  const settings = { source: 'ClientAddress', ...small[type] }

  test(`${type}: all workers choose the same, in whatever order they were told of endpoints`, () => {
    fc.assert(
      fc.property(weightLists, fc.infiniteStream(fc.nat()), (weights, order) => {
        const all = candidates(...weights)
        const shuffled = all
          .map(one => [order.next().value, one] as const)
          .sort(([a], [b]) => a - b)
          .map(([, one]) => one)
        assert.deepEqual(chosen(over(type, all, settings)), chosen(over(type, shuffled, settings)))
      }),
      { numRuns: 30 },
    )
  })

  test(`${type}: who is there again has the same clients again, and nobody's weight or place in the list matters twice`, () => {
    fc.assert(
      fc.property(weightLists, fc.nat(), (weights, at) => {
        const all = candidates(...weights)
        const balancer = over(type, all, settings)
        const before = chosen(balancer)
        balancer.update(all.toSpliced(at % all.length, 1))
        balancer.update([...all])
        assert.deepEqual(chosen(balancer), before)
      }),
      { numRuns: 30 },
    )
  })

  test(`${type}: a weight that changes is looked into, though the endpoints are the same`, () => {
    const all = [
      { key: 'a', weight: 1, active: 0 },
      { key: 'b', weight: 1, active: 0 },
    ]
    const balancer = over(type, all, settings)
    all[0]!.weight = 1000
    balancer.update(all)
    assert.ok(chosen(balancer).filter(key => key === 'a').length > 180)
  })
}

/** Of all clients at most so many move that were not on the endpoint that goes. ConsistentHash has its own, exact property. */
for (const [type, settings, othersPercent] of [
  ['RingHash', {}, 0],
  ['Maglev', {}, 1.5],
  ['Maglev', { tableSize: 5_003 }, 3],
] as const)
  test(`${type} ${JSON.stringify(settings)}: of equal endpoints one goes, and ${othersPercent} % of the others' clients at most`, () => {
    const all = equal(40)
    const balancer = over(type, all, { source: 'ClientAddress', ...settings })
    const before = chosen(balancer, 5000)
    for (let at = 0; at < all.length; at += 5) {
      const gone = all[at]!
      balancer.update(all.toSpliced(at, 1))
      const after = chosen(balancer, 5000)
      assert.ok(!after.includes(gone.key))
      const moved = before.filter((key, i) => key !== gone.key && key !== after[i]).length
      assert.ok((moved * 100) / before.length <= othersPercent, `${moved} of 5000`)
    }
  })

test('RingHash: who fails is replaced by the one whose clients they would be without it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 30 }), fc.nat(), (count, at) => {
      const all = equal(count)
      const gone = all[at % count]!
      const balancer = over('RingHash', all)
      const second = Array.from({ length: 100 }, (_, i) => balancer.pick(gone, client(i))!.key)
      balancer.update(all.filter(one => one !== gone))
      assert.deepEqual(chosen(balancer, 100), second)
    }),
    { numRuns: 50 },
  )
})

test('RingHash: with weights, too, nobody else moves as long as one stays that is half as heavy as the heaviest was', () => {
  fc.assert(
    fc.property(weightLists, fc.nat(), (weights, at) => {
      const all = candidates(1000, ...weights)
      const gone = all[1 + (at % weights.length)]!
      const balancer = over('RingHash', all)
      const before = chosen(balancer, 100)
      balancer.update(all.filter(one => one !== gone))
      for (const [i, key] of chosen(balancer, 100).entries())
        if (before[i] !== gone.key) assert.equal(key, before[i])
    }),
    { numRuns: 50 },
  )
})

/** How far an endpoint's share is from what it should be, at most, beside chance in which clients come. */
const deviation = {
  ConsistentHash: () => 0,
  // Five standard deviations of its places, of which the heaviest has between 256 and 512.
  RingHash: (weight: number, heaviest: number) => 5 / Math.sqrt(Math.max(1, (256 * weight) / heaviest)),
  // A place of the table.
  Maglev: (weight: number, _heaviest: number, total: number) => total / weight / 65_537,
} as const

for (const type of types)
  for (const weights of [
    [1, 1, 1],
    [1, 3],
    [1, 10, 100],
    [7, 2, 2, 1],
    [0.25, 0.25, 0.5],
  ])
    test(`${type} shares clients by weight ${weights.join(':')}`, () => {
      const all = candidates(...weights)
      const picks = 40_000
      const found = new Map<string, number>()
      for (const key of chosen(over(type, all), picks)) found.set(key, (found.get(key) ?? 0) + 1)
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      for (const { key, weight } of all) {
        const share = weight / total
        // Five standard deviations of a binomial.
        const chance = 5 * Math.sqrt((share * (1 - share)) / picks)
        const margin = chance + share * deviation[type](weight, Math.max(...weights), total)
        assert.ok(
          Math.abs((found.get(key) ?? 0) / picks - share) < margin,
          `${key}: ${found.get(key) ?? 0} of ${picks}`,
        )
      }
    })

test('a ring grows with endpoints, and beyond its largest each has fewer places', () => {
  for (const [maximumRingSize, count] of [
    [8192, 16],
    [64, 16],
    [1, 5],
  ] as const) {
    const all = equal(count)
    const balancer = over('RingHash', all, { source: 'ClientAddress', minimumRingSize: 1, maximumRingSize })
    const found = new Set(chosen(balancer, 5000))
    assert.equal(found.size, count, 'everybody has one place at least')
  }
})

test('a table with fewer places than endpoints still has others for who fails', () => {
  const all = equal(9)
  const balancer = over('Maglev', all, { source: 'ClientAddress', tableSize: 2 })
  for (const one of all) for (let i = 0; i < 20; i++) assert.notEqual(balancer.pick(one, client(i)), one)
})

const someone = (principal: string | null): PickInfo => ({
  clientAddress: '192.0.2.1',
  request: null,
  principal,
})

for (const type of types) {
  test(`${type}: ClientIdentity has who has authenticated on one endpoint, and who has not on any`, () => {
    const balancer = over(type, equal(50), { source: 'ClientIdentity' })
    const ask = (principal: string | null) => balancer.pick(null, someone(principal))
    for (let i = 0; i < 10; i++) assert.equal(ask('jwt:issuer#alice'), ask('jwt:issuer#alice'))
    const many = new Set(Array.from({ length: 500 }, (_, i) => ask(`key:${i}`)))
    assert.ok(many.size > 40)
    assert.ok(new Set(Array.from({ length: 200 }, () => ask(null))).size > 20)
  })

  test(`${type}: who has nothing of it comes to any of them`, () => {
    const balancer = over(type, candidates(1, 1, 1, 1), { source: 'Cookie', name: 'sid' })
    const request = requestHead({ fields: ['cookie', 'other=1'] })
    const asker = { clientAddress: '192.0.2.1', request, principal: null }
    assert.equal(new Set(Array.from({ length: 200 }, () => balancer.pick(null, asker)!.key)).size, 4)
    assert.equal(new Set(Array.from({ length: 200 }, () => balancer.pick(null, client(1))!.key)).size, 4)
  })
}

/** Each row: the source, its name, and two requests, by query and fields, that are to meet the same endpoint, or not. */
for (const [source, name, one, other, same] of [
  ['Header', 'X-User', ['', 'x-user', 'a', 'accept', 'x'], ['?q', 'X-USER', 'a'], true],
  ['Header', 'x-user', ['', 'x-user', 'a'], ['', 'x-user', 'b'], false],
  ['Cookie', 'sid', ['', 'cookie', 'sid=a; x=1'], ['', 'cookie', 'y=sid=b; sid=a'], true],
  ['Cookie', 'sid', ['', 'cookie', 'sid=a'], ['', 'cookie', 'x=1', 'cookie', 'sid=a'], true],
  ['Cookie', 'sid', ['', 'cookie', 'sid=a'], ['', 'cookie', 'sid=b'], false],
  ['Cookie', 'sid', ['', 'cookie', 'sid=a'], ['', 'cookie', 'xsid=b; sid=a'], true],
  ['QueryParam', 'user', ['?user=a&x'], ['?x&user=%61'], true],
  ['QueryParam', 'user', ['?user=a'], ['?user=b'], false],
] as const)
  for (const type of types)
    test(`${type}: ${source} ${name}: ${one.join(' ')} and ${other.join(' ')} are ${same ? 'one' : 'two'}`, () => {
      const balancer = over(type, equal(100), { source, name })
      const ask = ([query, ...fields]: readonly string[]): string | undefined =>
        balancer.pick(null, {
          clientAddress: '192.0.2.1',
          request: requestHead({ query: query!, fields }),
          principal: null,
        })?.key
      for (let i = 0; i < 10; i++) assert.equal(ask(one), ask(one))
      assert.equal(ask(one) === ask(other), same)
    })
