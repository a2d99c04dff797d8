/** Of kit.tell. */
export const USAGE = 'usage'

/** What a worker has counted since its last one. The books of a worker have a UUID each, and number their flushes from 1. */
export interface Flush {
  readonly book: string
  readonly number: number
  /** The minute in which all of it ended, in milliseconds since 1970. */
  readonly minuteMs: number
  readonly apis: readonly ApiFlush[]
}

export interface ApiFlush {
  readonly api: string
  readonly version: string
  readonly consumers: readonly ConsumerFlush[]
}

/** Who asked, and by which plan; "" where nobody knows, or there is none. */
export interface Consumer {
  readonly subscription: string
  readonly application: string
  readonly account: string
  readonly product: string
  readonly plan: string
  /** OTHER where its subscription has too many. */
  readonly credential: string
}

export interface ConsumerFlush extends Consumer {
  readonly operations: readonly OperationFlush[]
}

export interface OperationFlush {
  readonly operation: string
  /** Five numbers a cell: its code (cell.ts), requests, bytes of requests, bytes of responses, cost. */
  readonly cells: readonly number[]
}

export const NUMBERS_OF_A_CELL = 5

/** In place of who and what there was no room to tell apart. */
export const OTHER = '(other)'
