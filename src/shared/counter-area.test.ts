import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CounterArea, MAX_VALUE } from './counter-area.ts'
import { KeyHash } from './key-hash.ts'

const hash = new KeyHash(new Uint8Array(16))
const memory = (buckets: number): SharedArrayBuffer => new SharedArrayBuffer(CounterArea.bytes(buckets))
const SECOND = 1_000_000

test('a key has the value that was put there, and others have none', () => {
  const area = new CounterArea(memory(4), 1)
  assert.equal(area.read(hash.of('a'), 0), 0)
  assert.equal(area.swap(hash.of('a'), 0, MAX_VALUE, SECOND, 0), 'done')
  assert.equal(area.read(hash.of('a'), 0), MAX_VALUE)
  assert.equal(area.read(hash.of('b'), 0), 0)
  assert.equal(area.swap(hash.of('a'), 7, 8, SECOND, 0), 'changed')
  assert.equal(area.swap(hash.of('b'), 7, 8, SECOND, 0), 'changed')
  assert.equal(area.swap(hash.of('a'), MAX_VALUE, 8, SECOND, 0), 'done')
  assert.equal(area.read(hash.of('a'), 0), 8)
})

test('a value whose time is over is none, and comes not back when its key does', () => {
  const area = new CounterArea(memory(1), 1)
  area.swap(hash.of('a'), 0, 5, SECOND, 0)
  assert.equal(area.read(hash.of('a'), SECOND), 5)
  assert.equal(area.read(hash.of('a'), 2 * SECOND), 0)
  assert.equal(area.swap(hash.of('a'), 5, 6, 9 * SECOND, 2 * SECOND), 'changed')
  assert.equal(area.swap(hash.of('a'), 0, 1, 9 * SECOND, 2 * SECOND), 'done')
  assert.equal(area.read(hash.of('a'), 9 * SECOND), 1)
})

test('a time is never shortened', () => {
  const area = new CounterArea(memory(1), 1)
  area.swap(hash.of('a'), 0, 5, 60 * SECOND, 0)
  area.swap(hash.of('a'), 5, 4, SECOND, 0)
  assert.equal(area.read(hash.of('a'), 50 * SECOND), 4)
})

test('what is to stay for longer than can be said stays as long as can be', () => {
  const area = new CounterArea(memory(1), 1)
  for (const [key, untilUs] of [
    ['a', 2 ** 31 * 100_000],
    ['b', 1e18],
    ['c', Infinity],
  ] as const) {
    area.swap(hash.of(key), 0, 5, untilUs, 0)
    assert.equal(area.read(hash.of(key), 6 * 365 * 86_400 * SECOND), 5, key)
  }
})

test('a full bucket takes nobody, and nobody who is there loses anything', () => {
  const area = new CounterArea(memory(1), 1)
  for (let i = 0; i < 32; i++)
    assert.equal(area.swap(hash.of(`key ${i}`), 0, i + 1, (i + 1) * SECOND, 0), 'done')
  assert.equal(area.swap(hash.of('stranger'), 0, 1, SECOND, 0), 'full')
  for (let i = 0; i < 32; i++) assert.equal(area.read(hash.of(`key ${i}`), SECOND / 2), i + 1)
  // Key 0 is not needed any more.
  assert.equal(area.swap(hash.of('stranger'), 0, 9, 90 * SECOND, 1.3 * SECOND), 'done')
  assert.equal(area.swap(hash.of('second'), 0, 9, 90 * SECOND, 1.3 * SECOND), 'full')
  assert.equal(area.read(hash.of('key 0'), 1.3 * SECOND), 0)
  assert.equal(area.read(hash.of('stranger'), 1.3 * SECOND), 9)
  assert.equal(area.read(hash.of('key 1'), 1.3 * SECOND), 2)
})

test('a bucket that a thread died in takes no new key until that is cleaned up, and keys that are there go on', () => {
  const shared = memory(1)
  const area = new CounterArea(shared, 1)
  area.swap(hash.of('a'), 0, 1, SECOND, 0)
  new Int32Array(shared)[224] = 7
  assert.equal(area.swap(hash.of('b'), 0, 1, SECOND, 0), 'full')
  assert.equal(area.swap(hash.of('a'), 1, 2, SECOND, 0), 'done')
  area.release(8)
  assert.equal(area.swap(hash.of('b'), 0, 1, SECOND, 0), 'full')
  area.release(7)
  assert.equal(area.swap(hash.of('b'), 0, 1, SECOND, 0), 'done')
})

test('a slot that was left busy by the dead is given to the next', () => {
  const shared = memory(1)
  const area = new CounterArea(shared, 1)
  for (let i = 0; i < 32; i++) area.swap(hash.of(`key ${i}`), 0, 1, 9 * SECOND, 0)
  new Int32Array(shared)[224] = 7
  const states = new BigInt64Array(shared, 128 * 4, 32)
  states[3] = states[3]! | (1n << 63n)
  new Int32Array(shared)[224] = 7
  area.release(7)
  assert.equal(area.read(hash.of('key 3'), 0), 0)
  assert.equal(area.swap(hash.of('next'), 0, 5, 9 * SECOND, 0), 'done')
  assert.equal(area.read(hash.of('next'), 0), 5)
})

test('it is a Map whose entries end, as long as there is room', () => {
  const step = fc.record({
    key: fc.integer({ min: 0, max: 40 }),
    value: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 2 ** 32 - 2, max: MAX_VALUE })),
    stay: fc.integer({ min: 0, max: 30 }),
    pass: fc.integer({ min: 0, max: 10 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), steps => {
      const area = new CounterArea(memory(1), 1)
      const model = new Map<number, { value: number; until: number }>()
      let tick = 0
      for (const { key, value, stay, pass } of steps) {
        tick += pass
        for (const [name, { until }] of model) if (until < tick) model.delete(name)
        const there = model.get(key)
        const nowUs = tick * 100_000
        assert.equal(area.read(hash.of(`${key}`), nowUs), there?.value ?? 0)
        const outcome = area.swap(hash.of(`${key}`), there?.value ?? 0, value, nowUs + stay * 100_000, nowUs)
        if (there === undefined && model.size === 32) assert.equal(outcome, 'full')
        else {
          assert.equal(outcome, 'done')
          model.set(key, { value, until: Math.max(there?.until ?? 0, tick + stay + 1) })
        }
      }
    }),
  )
})
