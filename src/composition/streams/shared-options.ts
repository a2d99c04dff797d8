import type { Backends, Clients } from '../backends/backend.ts'
import type { Slow } from './bounded-queue.ts'
import type { DataOf } from './item.ts'

/** What names a stream among those of the same `shared`: those of equal JSON are one. */
export type SharedKey = string | number | boolean | null | { readonly [name: string]: SharedKey }

export interface SharedContext {
  /**
   * With `resumes`, where the client was that has it begin; else null. Others get what is kept.
   */
  readonly lastEventId: string | null
  /** Aborted when nobody takes it any more. For what is no call of `c`. */
  readonly signal: AbortSignal
}

export interface SharedOptions<B extends Backends, K extends SharedKey, Y> {
  /** Begun for the first who takes a key, of whom it knows nothing else: no field of a client's request passes. */
  run(c: Clients<B>, key: K, x: SharedContext): AsyncIterable<Y>
  /** How long it goes on when nobody takes it: 5,000 where it is left out. */
  readonly lingerMs?: number
  /** What is kept for clients that come back: 100 items and 1 MiB of JSON where it is left out. */
  readonly replay?: { readonly messages?: number; readonly bytes?: number }
  /** What becomes of a client that is too slow; it never holds up the others. */
  readonly slow?: Slow<DataOf<Y>>
  /** How many keys may go on at once: 1,000 where it is left out. One more is answered 503. */
  readonly mostKeys?: number
  /** Whether `run` goes on at `lastEventId`. Where it does not, a client that was elsewhere is told of a gap. */
  readonly resumes?: boolean
}

/** A shared stream, as those know it who run it. */
export interface Sharing {
  readonly backends: Backends
  readonly options: SharedOptions<Backends, SharedKey, unknown>
  /** Of ids that are made here, for items that have none: those of another time are known by it. */
  readonly epoch: string
}
