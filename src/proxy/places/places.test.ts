import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Places, type Place } from './places.ts'

/** `a` has one place more. Upper case: it is busy; `a.`: idle; `a`: silent. A client `-` has no share. */
type Held = string

interface Holder {
  readonly held: Held
  readonly index: number
}

const idle = ({ held }: Holder): boolean => held.endsWith('.')

function clientOf(held: Held): string {
  const client = held[0]!.toLowerCase()
  return client === '-' || client === '_' ? '' : client
}

function filled(all: readonly Held[]): { places: Places<Holder>; held: Place<Holder>[] } {
  const places = new Places<Holder>()
  const held = all.map((one, index) => places.take(clientOf(one), { held: one, index }))
  for (const place of held) if (/[A-Z_.]/.test(place.owner.held)) place.settle()
  return { places, held }
}

/** Who holds what, in the order of arrival; who comes; the index of who has to yield, or null. */
for (const [what, all, newcomer, expected] of [
  ['nobody else is there', [], 'n', null],
  ['the client that holds most loses its oldest silent one', ['b', 'a', 'a'], 'n', 1],
  ['silent ones go before idle ones that are older', ['a.', 'a', 'a'], 'n', 1],
  ['idle ones go before busy ones that are older', ['A', 'A', 'a.', 'b'], 'n', 2],
  ['idle ones of who holds most go before silent ones of others', ['b', 'a.', 'a.'], 'n', 1],
  ['silent and idle ones of others go before a busy one', ['A', 'A', 'A', 'b.'], 'n', 3],
  ['busy ones of who holds most go where nothing else is left', ['B', 'A', 'A', 'A'], 'n', 1],
  ['nobody loses a busy one to have less than who comes', ['A', 'B'], 'n', null],
  ['nobody loses a busy one to who holds as many', ['A', 'A', 'N'], 'n', null],
  ['who holds most loses to itself', ['b', 'n', 'n', 'n'], 'n', 1],
  ['who holds most takes nothing from who holds less', ['N', 'N', 'N', 'b', 'c.'], 'n', null],
  ['who holds as many as the newcomer has then may lose what does nothing', ['b', 'c.'], 'n', 0],
  ['the oldest of many strangers with one each', ['c', 'a', 'b'], 'n', 0],
  ['an idle one of many strangers with one each', ['C', 'a.', 'B'], 'n', 1],
  ['a balancer does not lose for holding most', ['-', '-', '-', 'a'], 'n', 3],
  ['and not to a client that comes first', ['-', '-', '_'], 'n', null],
  ['a balancer takes from who holds most', ['-', 'b', 'a', 'a'], '-', 2],
  ['a balancer takes from another where there is nobody else', ['_', '-', '-'], '-', 1],
  ['a busy one of a balancer is never taken', ['_', '_'], '-', null],
  ['a balancer takes a busy one from who holds two', ['A', 'A', '_'], '-', 0],
] as const satisfies readonly (readonly [string, readonly Held[], Held, number | null])[])
  test(`${what}: ${all.join(' ')}, then ${newcomer}`, () => {
    const { places } = filled(all)
    const place = places.take(clientOf(newcomer), { held: newcomer, index: -1 })
    assert.equal(places.victim(place, idle)?.index ?? null, expected)
  })

test('an idle one behind many busy ones is found in time', () => {
  const { places } = filled([...Array.from({ length: 1_000 }, () => 'A'), 'a.'])
  const place = places.take('n', { held: 'n', index: -1 })
  const found = Array.from({ length: 1_001 }, () => places.victim(place, idle)?.index)
  assert.ok(found.includes(1_000))
})

test('a choice looks at few, however many there are', () => {
  const { places } = filled(Array.from({ length: 20_000 }, (_, i) => String.fromCharCode(65 + (i % 26))))
  let looks = 0
  places.victim(places.take('n', { held: 'n', index: -1 }), () => {
    looks++
    return false
  })
  assert.ok(looks <= 64)
})

test('a place that is left twice was left once', () => {
  const { places, held } = filled(['a', 'a'])
  held[0]!.leave()
  held[0]!.leave()
  held[0]!.settle()
  held[0]!.move('b')
  assert.equal(places.size, 1)
})

test('a place that moves counts for its new client', () => {
  const { places, held } = filled(['-', '-', 'b'])
  held[0]!.move('a')
  held[1]!.move('a')
  assert.equal(places.victim(places.take('n', { held: 'n', index: -1 }), idle)?.index, 0)
})

suite('whatever comes and goes', () => {
  for (const seed of [1, 2, 3, 4])
    test(`who yields holds most of those that have something to yield (${seed})`, () => againstModel(seed))
})

/** Beside a model that looks at everybody. */
function againstModel(seed: number): void {
  let state = seed
  const random = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
  const places = new Places<Holder>()
  let all: Place<Holder>[] = []
  for (let i = 0; i < 5_000; i++) {
    const client = 'abcdefghij'[Math.min(random(10), random(10))]!
    const place = places.take(client, { held: client, index: i })
    const count = (one: string): number => all.filter(({ tenant }) => tenant.client === one).length
    const victim = places.victim(place, () => true)
    if (all.length > 0) {
      const most = Math.max(...'abcdefghij'.split('').map(count), count(client) + 1)
      const loser = all.find(({ owner }) => owner === victim)
      if (loser === undefined) assert.equal(most, 1 + count(client))
      else assert.equal(count(loser.tenant.client) + (loser.tenant.client === client ? 1 : 0), most)
    }
    all.push(place)
    if (random(3) === 0) place.settle()
    for (let left = random(4); left > 1 && all.length > 0; left--) {
      const [one] = all.splice(random(all.length), 1)
      one!.leave()
    }
    assert.equal(places.size, all.length)
  }
  for (const place of all) place.leave()
  all = []
  assert.equal(places.size, 0)
}
