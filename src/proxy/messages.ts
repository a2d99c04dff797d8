import type { MessagePort } from 'node:worker_threads'
import type { FailureName } from '../http/failures.ts'
import type { SharedHandle } from '../shared/node-state.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { LogLevel } from '../telemetry/log.ts'
import type { SeriesInfo } from '../telemetry/metrics.ts'
import type { TracingSettings } from '../telemetry/spans/tracing.ts'
import type { Place } from '../upstream/choice/place.ts'
import type { ClusterHealth } from '../upstream/health.ts'
import type { OwnListener } from '../upstream/own-listeners.ts'
import type { Verdicts } from '../upstream/verdicts.ts'
import type { PortResult } from './engine.ts'
import type { TicketKeys } from './tls/ticket-keys.ts'

/** What a worker is started with. */
export interface WorkerSettings {
  readonly id: number
  /** How many there are: limits and ports are shared among them. */
  readonly workers: number
  readonly place: Place
  readonly logLevel: LogLevel
  /** `stdout`, `off`, or a file. */
  readonly accessLog: string
  /** Where recent requests are written; null where nobody could see them. */
  readonly recent: SharedArrayBuffer | null
  /** Null where nobody is told of spans. */
  readonly tracing: TracingSettings | null
  /** The same for all, so that a session begun with one is resumed by any other. */
  readonly ticketKeys: TicketKeys
  /** Counters and tables of the node: `new SharedState(shared)`, once. */
  readonly shared: SharedHandle
}

/** A snapshot, or a patch, as structured clone writes it: written once, and read by every worker. */
export type SharedBytes = Uint8Array<SharedArrayBuffer>

export type ToWorker =
  | { readonly type: 'snapshot' | 'patch'; readonly version: number; readonly bytes: SharedBytes }
  | { readonly type: 'endpoints'; readonly lists: Snapshot['endpoints'] }
  /** What checks have found of endpoints. */
  | { readonly type: 'verdicts'; readonly verdicts: Verdicts }
  /** The way to a thread that answers requests, before the first snapshot that names it. The port is handed over. */
  | { readonly type: 'bundle-port'; readonly thread: number; readonly port: MessagePort }
  /** It is gone, or is given up: what is under way there fails by this name. */
  | {
      readonly type: 'bundle-lost'
      readonly thread: number
      readonly failure: FailureName
      readonly detail: string
    }
  | { readonly type: 'ticket-keys'; readonly keys: TicketKeys }
  /** How the endpoints of these clusters are; null: of those in which not all is well. Answered by the same number. */
  | { readonly type: 'health'; readonly number: number; readonly clusters: readonly string[] | null }
  /** Where nobody is to be sent to; before the first snapshot. */
  | { readonly type: 'own-listeners'; readonly listeners: readonly OwnListener[] }
  | { readonly type: 'drain'; readonly graceMs: number; readonly gently: boolean }
  | { readonly type: 'reopen' }
  | LodgerMessage

/** Something that answers requests in the worker itself; before the first snapshot that names `thread`. The port, by which its engine is told what workers are, and those of `shared` are handed over. */
export interface LodgerMessage {
  readonly type: 'lodger'
  readonly thread: number
  readonly shared: SharedHandle
  readonly data: object
  readonly port: MessagePort
}

export type FromWorker =
  | { readonly type: 'applied'; readonly version: number; readonly ports: readonly PortResult[] }
  /** A patch for something else than what it has: it is to get the whole. */
  | { readonly type: 'lost'; readonly version: number }
  | { readonly type: 'series'; readonly series: readonly SeriesInfo[] }
  | { readonly type: 'health'; readonly number: number; readonly clusters: readonly ClusterHealth[] }
  /** By a filter, for a service that listens on the channel. */
  | { readonly type: 'told'; readonly channel: string; readonly message: unknown }
  | { readonly type: 'drained' }
  /** Of a lodger: it serves, or why it cannot. */
  | { readonly type: 'lodged'; readonly fault: string | null }
