/**
 * What state that workers share costs, beside the same rows copied to each worker: `node bench/micro/shared.ts [rows]`.
 * Numbers of one run are in docs/adr/0026.
 */
import { setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { leave } from '../../src/shared/leave.ts'
import { NodeState, SharedState } from '../../src/shared/node-state.ts'
import type { RowValue } from '../../src/shared/table-writer.ts'

const ROWS = Number(process.argv[2] ?? 100_000)
const WORKERS = 4
const state = new NodeState()

/** What a key of an API has: some 250 bytes. */
function row(i: number): RowValue {
  const hash = i.toString(16).padStart(64, '0')
  const subscription = `0190b2c4-7a1e-7c3d-9f00-${i.toString(16).padStart(12, '0')}`
  return { hash, subscription, application: `app-${i % 977}`, plan: 'gold', expiresMs: 1_800_000_000_000 + i }
}

const rows = new Map(Array.from({ length: ROWS }, (_, i) => [`pc_live_${i}`, row(i)] as const))

/** Time of this thread's processor, which others on the machine do not lengthen. */
function cpuMs(what: () => void): number {
  const start = process.threadCpuUsage()
  what()
  const { user, system } = process.threadCpuUsage(start)
  return (user + system) / 1e3
}

function nsEach(times: number, one: (i: number) => void): string {
  for (let i = 0; i < times / 10; i++) one(i)
  const took = cpuMs(() => {
    for (let i = 0; i < times; i++) one(i)
  })
  return `${((took * 1e6) / times).toFixed(0)} ns`
}

function ms(what: () => void): string {
  return `${cpuMs(what).toFixed(1)} ms`
}

function megabytes(): number {
  globalThis.gc?.()
  return Math.round(process.memoryUsage.rss() / 1e6)
}

const say = (what: string, value: string | number): void => console.log(`${what.padEnd(64)} ${value}`)

function counters(): void {
  const local = new SharedState(state.handle(1).handle)
  const limit = local.counters('bench')
  const add = (key: string): void => {
    const nowUs = local.clock.nowUs()
    limit.aim(key, 'crowd')
    for (;;) {
      const seen = limit.read(nowUs)
      if (limit.swap(seen, seen + 1, nowUs + 1e6, nowUs) !== 'changed') return
    }
  }
  const clients = Array.from({ length: 10_000 }, (_, i) => `203.0.${i >> 8}.${i & 255}`)
  say(
    'counter: one client',
    nsEach(1e6, () => add('203.0.113.7')),
  )
  say(
    'counter: 10,000 clients',
    nsEach(1e6, i => add(clients[i % clients.length]!)),
  )
  say(
    'counter: a client that was never seen',
    nsEach(1e5, i => add(`198.51.${i}`)),
  )
}

async function shared(): Promise<void> {
  const before = megabytes()
  say(
    `shared table: fill ${ROWS} rows`,
    ms(() => state.tables.replace('rows', rows)),
  )
  const lookup = new SharedState(state.handle(2).handle).table('rows')
  const keys = [...rows.keys()]
  say(
    'shared table: look-up of the same row',
    nsEach(1e6, () => void lookup.get('pc_live_77')),
  )
  say(
    'shared table: look-up of any row',
    nsEach(3e5, i => void lookup.get(keys[(i * 7919) % ROWS]!)),
  )
  say(
    'shared table: look-up of no row',
    nsEach(3e5, i => void lookup.get(`no ${i}`)),
  )
  say(
    'shared table: change one row',
    nsEach(1e4, i => state.tables.patch('rows', { put: [['pc_live_5', i]] })),
  )
  say(
    'shared table: replace all by the same rows',
    ms(() => state.tables.replace('rows', rows)),
  )
  say('shared table: memory on the main thread and for all workers', `${megabytes() - before} MB`)
  say(
    'shared table: until four workers have seen a change, least of 20',
    await reach(shareReaders(), n => {
      state.tables.patch('rows', { put: [['pc_live_5', n]] })
      Atomics.add(go, 0, 1)
      Atomics.notify(go, 0)
    }),
  )
}

async function copied(): Promise<void> {
  const before = megabytes()
  const workers = await readers(copies, () => ({ workerData: null }))
  const start = performance.now()
  for (const worker of workers) worker.postMessage(rows)
  say(
    `copied table: ${ROWS} rows to four workers: main thread`,
    `${(performance.now() - start).toFixed(1)} ms`,
  )
  const slowest = await Promise.all(
    workers.map(worker => new Promise<number>(resolve => worker.once('message', resolve))),
  )
  say('copied table: the same: a worker does nothing else for', `${Math.max(...slowest).toFixed(1)} ms`)
  say('copied table: memory of four workers', `${megabytes() - before} MB`)
  const keys = [...rows.keys()]
  say(
    'copied table: look-up of any row',
    nsEach(3e6, i => void rows.get(keys[(i * 7919) % ROWS]!)),
  )
  say(
    'copied table: until four workers have seen a change, least of 20',
    await reach(Promise.resolve(workers), n => {
      for (const worker of workers) worker.postMessage(new Map([['pc_live_5', n]]))
    }),
  )
}

// Workers that sleep until they are woken, once the change is made, and look at the row; what they look at must be new.
const go = new Int32Array(new SharedArrayBuffer(4))
const reader = `
  import { workerData, parentPort } from 'node:worker_threads'
  const { SharedState } = await import(workerData.module)
  const rows = new SharedState(workerData.handle).table('rows')
  parentPort.postMessage('ready')
  for (let n = 0; ; n++) {
    Atomics.wait(workerData.go, 0, n)
    const row = rows.get('pc_live_5')
    const seen = performance.timeOrigin + performance.now()
    parentPort.postMessage(row === 1e6 + n ? seen : NaN)
  }`
const copies = `
  import { parentPort } from 'node:worker_threads'
  const rows = new Map()
  parentPort.postMessage('ready')
  parentPort.on('message', changes => {
    const start = performance.now()
    for (const [key, value] of changes) rows.set(key, value)
    parentPort.postMessage(changes.size > 1 ? performance.now() - start : performance.timeOrigin + performance.now())
  })`

function shareReaders(): Promise<Worker[]> {
  const module = new URL('../../src/shared/node-state.ts', import.meta.url).href
  return readers(reader, owner => {
    const { handle, ports } = state.handle(owner)
    return { workerData: { module, handle, go }, transferList: [...ports] }
  })
}

async function readers(source: string, options: (owner: number) => object): Promise<Worker[]> {
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`)
  const workers = Array.from({ length: WORKERS }, (_, i) => new Worker(url, options(i + 10)))
  await Promise.all(workers.map(worker => new Promise(resolve => worker.once('message', resolve))))
  return workers
}

async function reach(starting: Promise<Worker[]>, change: (n: number) => void): Promise<string> {
  const workers = await starting
  const times: number[] = []
  for (let n = 0; n < 20; n++) {
    const seen = Promise.all(
      workers.map(worker => new Promise<number>(resolve => worker.once('message', resolve))),
    )
    const start = performance.timeOrigin + performance.now()
    change(1e6 + n)
    times.push(Math.max(...(await seen)) - start)
    await setTimeout(10)
  }
  for (const worker of workers) void worker.terminate()
  times.sort((a, b) => a - b)
  return `${times[0]!.toFixed(2)} ms (median ${times[10]!.toFixed(2)} ms)`
}

counters()
await shared()
await copied()
leave(0)
