import type { MessagePort } from 'node:worker_threads'
import type { BundleCode, Lodged } from '../bundles/source.ts'

/** What a thread of the entry for bundles (cli/bundle-worker.ts) is begun for, beside what WorkerGroup says. */
export type BundleTask =
  /** Tells what the bundle is, and ends. */
  | { readonly task: 'manifest'; readonly code: Extract<BundleCode, { readonly file: string }> }
  /** Answers requests by it, until it is drained. */
  | {
      readonly task: 'serve'
      readonly code: BundleCode
      /** `default/home` */
      readonly composition: string
      /** Beat's. */
      readonly beat: SharedArrayBuffer
      /** What requests may hold for their clients, together. */
      readonly holdBytes: number
    }

/** What a worker is to serve in itself. */
export interface LodgerTask {
  readonly composition: string
  readonly served: Lodged
  /** What requests may hold for their clients, together. */
  readonly holdBytes: number
}

/** What a thread that serves is told beside what workers are. */
export interface CrossingMessage {
  readonly type: 'crossing'
  readonly port: MessagePort
}

/** What it tells beside what they tell. */
export type FromBundle =
  | { readonly type: 'loaded' }
  | { readonly type: 'unloadable'; readonly fault: string }
  | { readonly type: 'drained' }

/** As built, the entry is one of the modules that bundles share their library with (build/composition.ts). */
export const bundleEntry = new URL(
  import.meta.url.endsWith('.ts') ? '../../../cli/bundle-worker.ts' : '../composition/bundle-worker.js',
  import.meta.url,
)

/** A module that takes longer to load waits for something, or does not end. */
export const LOAD_MS = 10_000
