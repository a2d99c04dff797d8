import type { SpanHome } from '../../telemetry/spans/span-settings.ts'
import type { FailureName } from '../../http/failures.ts'

/**
 * What goes between a data-plane thread and a thread that answers requests, by the port that they share: batches of
 * these, one for each turn of the event loop in which there is something to say. `id` is of one request, chosen by the
 * data plane. Bytes belong to the receiver.
 */
export type ToThread =
  | readonly [
      kind: typeof REQUEST,
      id: number,
      method: string,
      /** Path and query, canonical. */
      target: string,
      /** Name, value, name, value … as they came, with Host. */
      fields: readonly string[],
      /** The protocol that is asked for, or "". */
      upgrade: string,
      /** By `sharedMs`; Infinity where there is none. */
      deadlineMs: number,
      body: Uint8Array | null,
      ended: boolean,
      /** Whose share it counts as (http/share-key.ts). */
      client: string,
      /** Where its spans go, where that is not where those of the thread do. */
      spanHome: SpanHome | undefined,
    ]
  | readonly [kind: typeof DATA, id: number, bytes: Uint8Array]
  | readonly [kind: typeof END, id: number]
  | readonly [kind: typeof CREDIT, id: number, bytes: number]
  /** Nobody waits for the answer, or the rest of it. */
  | readonly [kind: typeof CANCEL, id: number]
  /** In answer to LEAVING, when nothing is under way any more: no request follows. */
  | readonly [kind: typeof LEFT, id: 0]

export type FromThread =
  | readonly [
      kind: typeof ANSWER,
      id: number,
      status: number,
      fields: readonly string[],
      /** Of the body, -1 where that is not known yet; what is here of it says so itself. */
      lengthBytes: number,
      body: string | Uint8Array | null,
      ended: boolean,
    ]
  /** The answer that follows may go on without end: it is a stream from here on, and no request that is under way. */
  | readonly [kind: typeof GOING, id: number]
  /** A 101: bytes are no longer HTTP. */
  | readonly [kind: typeof UPGRADE, id: number, fields: readonly string[]]
  | readonly [kind: typeof DATA, id: number, bytes: Uint8Array]
  | readonly [kind: typeof END, id: number, trailers: readonly string[] | null]
  | readonly [kind: typeof CREDIT, id: number, bytes: number]
  /** There is no answer, or no more of it. */
  | readonly [kind: typeof FAIL, id: number, failure: FailureName, detail: string]
  /** No more requests are to come, though those that do are still answered. */
  | readonly [kind: typeof LEAVING, id: 0]

export const REQUEST = 0
export const DATA = 1
export const END = 2
export const CREDIT = 3
export const CANCEL = 4
export const LEFT = 5
export const ANSWER = 6
export const UPGRADE = 7
export const FAIL = 8
export const LEAVING = 9
export const GOING = 10

/**
 * Bytes that either side may have sent of one body before the other has taken them: what one request that nobody reads,
 * or one client that reads nothing, holds in the other thread. A window of this size is filled in less time than it
 * takes to be given back, so that a larger one would not be faster.
 */
export const WINDOW_BYTES = 64 * 1024

/** Credit is given back in pieces of half a window: each is a message. */
export const CREDIT_BYTES = WINDOW_BYTES / 2

/** A thread that loses its processor between two looks finds too little, never too much: the most of several is right. */
const offsetMs = Math.max(
  ...Array.from({ length: 8 }, () => Number(process.hrtime.bigint()) / 1e6 - performance.now()),
)

/** Milliseconds that mean the same in all threads, which `performance.now()` does not; `nowMs` is what that says. */
export function sharedMs(nowMs: number): number {
  return nowMs + offsetMs
}

/** The other way. */
export function ownMs(shared: number): number {
  return shared - offsetMs
}
