import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CounterAreas, counterMemory, type Counters } from './counters.ts'

const SECOND = 1_000_000

function small(): Counters {
  return new CounterAreas(counterMemory(new Uint8Array(16), { buckets: 1, reserve: 1 }), 1).scope('test')
}

/** Adds one as a limit would; -1 where there is no place. */
function add(counters: Counters, key: string, crowd: string, nowUs = 0): number {
  counters.aim(key, crowd)
  for (;;) {
    const seen = counters.read(nowUs)
    const outcome = counters.swap(seen, seen + 1, nowUs + SECOND, nowUs)
    if (outcome === 'done') return seen + 1
    if (outcome === 'full') return -1
  }
}

test('who finds no place shares the number of his crowd, and neighbours keep theirs', () => {
  const counters = small()
  assert.equal(add(counters, 'neighbour', 'here'), 1)
  for (let i = 0; i < 31; i++) assert.equal(add(counters, `attacker ${i}`, 'there'), 1)
  assert.equal(counters.crowded, false)
  for (let i = 0; i < 1_000; i++) assert.equal(add(counters, `attacker ${100 + i}`, 'there'), i + 1)
  assert.equal(counters.crowded, true)
  assert.equal(add(counters, 'neighbour', 'here'), 2)
  assert.equal(add(counters, 'newcomer', 'elsewhere'), 1)
  assert.equal(add(counters, 'newcomer', 'elsewhere'), 2)
})

test('where there is no place for another crowd either, nobody is counted', () => {
  const counters = small()
  for (let i = 0; i < 64; i++) assert.equal(add(counters, `key ${i}`, `crowd ${i}`), 1)
  assert.equal(add(counters, 'newcomer', 'another'), -1)
  assert.equal(add(counters, 'newcomer', 'another', 3 * SECOND), 1)
  assert.equal(counters.crowded, false)
})

test('a key that was hashed before is the same key', () => {
  const counters = small()
  const [one, two] = [counters.hash('one'), counters.hash('two')]
  add(counters, 'one', 'here')
  assert.equal(counters.aimAt(one, 'here').read(0), 1)
  assert.equal(counters.aimAt(two, 'here').read(0), 0)
  assert.equal(counters.aimAt(one, 'here').swap(1, 7, SECOND, 0), 'done')
  assert.equal(counters.aim('one', 'here').read(0), 7)
})

test('who has as many networks as a provider fills the places of one, and others keep theirs', () => {
  const memory = counterMemory(new Uint8Array(16), { buckets: 8_192, reserve: 2_048 })
  const counters = new CounterAreas(memory, 1).scope('test')
  const count = (key: string, crowd: string, provider: string): number => {
    counters.aimAt(counters.hash(key, provider), crowd)
    for (;;) {
      const seen = counters.read(0)
      const outcome = counters.swap(seen, seen + 1, SECOND, 0)
      if (outcome !== 'changed') return outcome === 'done' ? seen + 1 : -1
    }
  }
  // Its own places, then those of crowds; and then it has none.
  let full = 0
  for (let i = 0; i < 20_000; i++) if (count(`address ${i}`, `network ${i}`, 'evil') === -1) full++
  assert.ok(full > 9_000, String(full))
  const neighbours = Array.from({ length: 500 }, (_, i) => count(`neighbour ${i}`, `${i}`, `provider ${i}`))
  assert.ok(neighbours.filter(one => one === 1).length > 450)
  // One key is one number, and its crowd's as well.
  assert.equal(count('neighbour 499', '499', 'provider 499'), 2)
})
