import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { CounterAreas, counterMemory, type CounterMemory } from './counters.ts'
import { NodeState, SharedState } from './node-state.ts'
import type { Job, JobData } from './testing/shared-worker.ts'

const file = new URL('./testing/shared-worker.ts', import.meta.url)

function start(state: NodeState, owner: number, job: Job, counters?: CounterMemory): Worker {
  const { handle, ports } = state.handle(owner)
  const all = { ...handle.counters, ...(counters && { strangers: counters }) }
  const workerData: JobData = { handle: { ...handle, counters: all }, job }
  return new Worker(file, { workerData, transferList: [...ports] })
}

async function doneBy(worker: Worker): Promise<unknown> {
  for (;;) {
    const [message] = (await once(worker, 'message')) as [{ done?: unknown }]
    if (message.done !== undefined) return message.done
  }
}

function own(state: NodeState, owner: number): SharedState {
  return new SharedState(state.handle(owner).handle)
}

test('threads that count the same keys at once lose nothing and count nothing twice', async () => {
  const state = new NodeState()
  const keys = ['one', 'two']
  const times = 30_000
  const job: Job = { type: 'count', keys, times, churn: false }
  const results = await Promise.all([1, 2, 3].map(owner => doneBy(start(state, owner, job))))
  const counters = own(state, 9).counters('test')
  for (const key of keys) assert.equal(counters.aim(key, '').read(0), 3 * times)
  // Each number was somebody's: of what each was told last, one is the sum.
  assert.equal(Math.max(...results.flat().map(Number)), 3 * times)
})

test('threads that put in the same new keys at once have one slot for each', async () => {
  const state = new NodeState()
  const keys = Array.from({ length: 20_000 }, (_, i) => `key ${i}`)
  const job: Job = { type: 'count', keys, times: 1, churn: false }
  await Promise.all([1, 2, 3].map(owner => doneBy(start(state, owner, job))))
  const counters = own(state, 9).counters('test')
  for (const key of keys) assert.equal(counters.aim(key, '').read(0), 3, key)
})

test('what is counted stays exact while slots beside it are given from key to key', async () => {
  const state = new NodeState()
  const counters = counterMemory(new Uint8Array(16), { buckets: 1, reserve: 1 })
  const keys = ['one', 'two', 'three']
  const times = 20_000
  const areas = new CounterAreas(counters, 9).scope('test')
  for (const key of keys) areas.aim(key, '').swap(0, 1, 1e12, 0)
  const job: Job = { type: 'count', keys, times, churn: true }
  await Promise.all([1, 2, 3].map(owner => doneBy(start(state, owner, job, counters))))
  for (const key of keys) assert.equal(areas.aim(key, '').read(times * 1e6), 1 + 3 * times)
})

test('purposes count apart', () => {
  const mine = own(new NodeState(), 1)
  mine.counters('one').aim('key', '').swap(0, 5, 1e6, 0)
  assert.equal(mine.counters('two').aim('key', '').read(0), 0)
  assert.equal(mine.counters('one').aim('key', '').read(0), 5)
})

test('those who are known, guests and strangers count apart, and the main thread counts with them', () => {
  const state = new NodeState()
  const mine = own(state, 1)
  for (const [i, whose] of (['strangers', 'guests', 'known'] as const).entries()) {
    mine
      .counters('one', whose)
      .aim('key', '')
      .swap(0, i + 1, 1e6, 0)
    assert.equal(state.counters('one', whose).aim('key', '').read(0), i + 1)
  }
  assert.equal(mine.counters('one').aim('key', '').read(0), 1)
})

test('200,000 who are known have three numbers each, and none has to share one', () => {
  const counters = own(new NodeState(), 1).counters('limits', 'known')
  for (let i = 0; i < 600_000; i++) {
    counters.aim(`subscription ${i}`, 'crowd').swap(0, 1, 1e12, 0)
    if (counters.crowded) assert.fail(`number ${i} is in a crowd`)
  }
})

test('clocks of threads agree', () => {
  const state = new NodeState()
  const [one, two] = [own(state, 1), own(state, 2)]
  const before = one.clock.nowUs()
  const between = two.clock.nowUs()
  const after = one.clock.nowUs()
  assert.ok(before - 100 <= between && between <= after + 100)
})

test('a reader meets only whole rows, and never an older one after a newer', async () => {
  const state = new NodeState()
  const row = (n: number): { n: number; copies: number[] } => ({ n, copies: Array<number>(50).fill(n) })
  state.tables.patch('rows', { put: [['key', row(0)]] })
  const watcher = start(state, 1, { type: 'watch', table: 'rows', key: 'key' })
  await once(watcher, 'message')
  for (let n = 1; n <= 20_000; n++) state.tables.patch('rows', { put: [['key', row(n)]] })
  const seen = doneBy(watcher)
  state.tables.patch('rows', { put: [['key', 'end']] })
  const { reads, ...wrong } = (await seen) as { reads: number; torn: number; back: number }
  assert.deepEqual(wrong, { torn: 0, back: 0 })
  assert.ok(reads > 0)
})

test('what was taken away is gone for a worker that has not come to its messages since, also when the table has grown', async () => {
  const state = new NodeState()
  state.tables.patch('rows', { put: [['key', 'there']] })
  const go = new SharedArrayBuffer(4)
  const worker = start(state, 1, { type: 'read', table: 'rows', key: 'key', go })
  const [first] = (await once(worker, 'message')) as [unknown]
  assert.deepEqual(first, { before: 'there' })
  const many = Array.from({ length: 5_000 }, (_, i) => [`other ${i}`, i] as const)
  state.tables.patch('rows', { put: many, remove: ['key'] })
  state.tables.patch('rows', { put: [['key', 'new']] })
  const done = doneBy(worker)
  Atomics.store(new Int32Array(go), 0, 1)
  Atomics.notify(new Int32Array(go), 0)
  assert.equal(await done, 'new')
})
