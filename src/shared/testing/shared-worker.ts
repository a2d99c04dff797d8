/** A thread that does one job on what is shared, and tells what came of it; for node-state.slow.test.ts and bench/micro/shared.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Counters } from '../counters.ts'
import { SharedState, type SharedHandle } from '../node-state.ts'

export type Job =
  /** Adds one to each of these keys in turn, so many times; with `churn`, beside keys that come and are over. */
  | {
      readonly type: 'count'
      readonly keys: readonly string[]
      readonly times: number
      readonly churn: boolean
    }
  /** Reads a row until it says `end`, and looks whether each that it meets is whole. */
  | { readonly type: 'watch'; readonly table: string; readonly key: string }
  /** Waits without a look at anything else until a word is not 0, then reads a row. */
  | { readonly type: 'read'; readonly table: string; readonly key: string; readonly go: SharedArrayBuffer }

export interface JobData {
  readonly handle: SharedHandle
  readonly job: Job
}

// oxlint-disable-next-line typescript/no-unsafe-assignment -- what node-state.slow.test.ts gave
const { handle, job }: JobData = workerData
const state = new SharedState(handle)

const LONG_US = 1e12

function add(counters: Counters, key: string, nowUs: number, untilUs: number): number {
  counters.aim(key, 'crowd')
  for (;;) {
    const seen = counters.read(nowUs)
    const outcome = counters.swap(seen, seen + 1, untilUs, nowUs)
    if (outcome === 'done') return seen + 1
    if (outcome === 'full') return 0
  }
}

function count({ keys, times, churn }: Extract<Job, { type: 'count' }>): number[] {
  const counters = state.counters('test')
  const last = keys.map(() => 0)
  for (let i = 0; i < times; i++) {
    const nowUs = churn ? i * 1e6 : 0
    for (const [k, key] of keys.entries()) last[k] = add(counters, key, nowUs, LONG_US)
    if (churn) add(counters, `churn ${handle.owner} ${i}`, nowUs, nowUs)
  }
  return last
}

/** Rows are `{ n, copies: [n, n, …] }`. */
function watch({ table, key }: Extract<Job, { type: 'watch' }>): {
  reads: number
  torn: number
  back: number
} {
  const rows = state.table<{ n: number; copies: number[] } | 'end'>(table)
  const seen = { reads: 0, torn: 0, back: 0 }
  let last = 0
  parentPort?.postMessage('watching')
  for (let row = rows.get(key); row !== 'end'; row = rows.get(key)) {
    if (row === undefined) continue
    const { n } = row
    seen.reads++
    if (row.copies.some(copy => copy !== n)) seen.torn++
    if (n < last) seen.back++
    last = n
  }
  return seen
}

function read({ table, key, go }: Extract<Job, { type: 'read' }>): unknown {
  const rows = state.table<unknown>(table)
  parentPort?.postMessage({ before: rows.get(key) })
  Atomics.wait(new Int32Array(go), 0, 0)
  return rows.get(key)
}

parentPort?.postMessage({
  done: job.type === 'count' ? count(job) : job.type === 'watch' ? watch(job) : read(job),
})
