import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Narrowing } from './narrowing.ts'
import type { Place } from './place.ts'
import { byPriority, levelsOf } from './priorities.ts'

interface One {
  readonly key: string
  readonly zone: string
  readonly priority: number
  readonly declaredWeight: number
  weight: number
}

const endpoint = (key: string, zone = '', priority = 0): One => ({
  key,
  zone,
  priority,
  declaredWeight: 1,
  weight: 1,
})

const many = (count: number, zone = '', priority = 0): One[] =>
  Array.from({ length: count }, (_, i) => endpoint(`${zone}${priority}-${i}`, zone, priority))

const at = (index: number, zone: string | null = null): Place => ({
  zone: zone === null ? null : { name: zone, share: null },
  index,
  process: 'gateway',
})

const zoneAware = { minEndpoints: 1, percent: 100 }

/** The weights by key that a worker chooses by, as a Cluster has them made. */
function chosen(
  members: readonly One[],
  serving: readonly One[],
  settings: Parameters<Narrowing<One>['isOf']>[0],
  place: Place,
  { workers = 1, panics = false } = {},
): Record<string, number> {
  for (const one of members) one.weight = one.declaredWeight
  const narrowing = new Narrowing<One>(place, workers)
  const levels = levelsOf(members, serving)
  assert.ok(narrowing.isOf(settings))
  narrowing.apply(levels, members, settings, 1, panics)
  const near = byPriority(levels).filter(({ weight }) => weight > 0)
  return Object.fromEntries(near.map(({ key, weight }) => [key, Math.round(weight * 1000) / 1000]))
}

test('within each level of priority the own zone goes first, and levels keep their shares', () => {
  const all = [...many(2, 'a'), ...many(2, 'b'), ...many(1, 'a', 1), ...many(1, 'b', 1)]
  const { length } = Object.keys(chosen(all, all, { zoneAware }, at(0, 'a')))
  assert.equal(length, 2, 'the first level bears all, and its own zone does')
  // One of four serves in the first level: it bears 0.35, in zone b alone; of the second the own zone has all.
  const serving = all.filter(({ key }) => key === 'b0-0' || key.endsWith('1-0'))
  assert.deepEqual(chosen(all, serving, { zoneAware }, at(0, 'a')), { 'b0-0': 0.35, 'a1-0': 0.65 })
})

test('where a cluster panics zones count for nothing', () => {
  const all = [...many(2, 'a'), ...many(2, 'b')]
  assert.equal(Object.keys(chosen(all, all, { zoneAware }, at(0, 'a'), { panics: true })).length, 4)
})

test('nothing is narrowed without a zone of our own, or with one worker', () => {
  assert.ok(!new Narrowing(at(0), 4).isOf({ zoneAware }))
  assert.ok(!new Narrowing(at(0), 1).isOf({ subsetSize: 10 }))
  assert.ok(!new Narrowing(at(0, 'a'), 4).isOf({}))
})

test('workers have parts of the endpoints, of each zone and level, and together all of them as often', () => {
  const all = [...many(40, 'a'), ...many(80, 'b'), ...many(16, 'b', 1)]
  const counts = new Map<string, number>()
  for (let index = 0; index < 4; index++) {
    const found = chosen(all, all, { subsetSize: 34 }, at(index), { workers: 4 })
    const keys = Object.keys(found)
    assert.deepEqual(
      [10, 20],
      ['a0', 'b0'].map(begin => keys.filter(key => key.startsWith(begin)).length),
    )
    for (const [key, weight] of Object.entries(found)) {
      assert.equal(weight, 4, 'of a quarter, four times the weight')
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
  }
  assert.deepEqual([...new Set(counts.values())], [1])
  assert.equal(counts.size, 120)
})

test('who has less than half of its part left has all that serve', () => {
  const all = many(40)
  const settings = { subsetSize: 10 }
  const own = Object.keys(chosen(all, all, settings, at(0), { workers: 4 }))
  assert.equal(own.length, 10)
  const without = (count: number) => all.filter(({ key }) => !own.slice(0, count).includes(key))
  assert.deepEqual(Object.keys(chosen(all, without(5), settings, at(0), { workers: 4 })), own.slice(5))
  assert.equal(Object.keys(chosen(all, without(6), settings, at(0), { workers: 4 })).length, 34)
})

test('a part of the own zone, where both are asked for', () => {
  const all = [...many(40, 'a'), ...many(40, 'b')]
  const found = chosen(all, all, { zoneAware, subsetSize: 20 }, at(1, 'a'), { workers: 4 })
  assert.equal(Object.keys(found).length, 10)
  assert.ok(Object.keys(found).every(key => key.startsWith('a')))
})
