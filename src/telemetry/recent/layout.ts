/**
 * Where things are in the memory of recent requests: a header, and four rings of slots of one size each. A slot has
 * numbers in front, and behind them its text in one piece, whose parts are told apart by their lengths. All of it is
 * written by one worker, and read by the main thread whenever it likes.
 */

/** Float64: how many records were ever written, also by a worker that had this memory before. */
export const WRITTEN = 0
const HEADER_BYTES = 64

// Int32 of a slot.
/** Odd while the slot is being written, and another number afterwards. */
export const LOCK = 0
/** MARK_… bits, and from CUT_SHIFT on a bit for each part of the text that was cut. */
export const MARKS = 1
export const STATUS = 2
export const VERSION = 3
export const GRPC_STATUS = 4
export const ATTEMPTS = 5
export const SERVER_PORT = 6
export const SNAPSHOT = 7

/** Uint16 of a slot: lengths of the parts, from here on. */
export const LENGTHS = 16

// Float64 of a slot.
/** Of the record: 1 for the first; 0 where there is none. */
export const SERIAL = 8
export const ENDED_MS = 9
export const DURATION_MS = 10
export const UPSTREAM_MS = 11
export const REQUEST_BYTES = 12
export const RESPONSE_BYTES = 13
export const SENT_AFTER_MS = 14
export const HEAD_MS = 15
export const FILTERS_MS = 16
export const WAITED_MS = 17
export const CONNECT_MS = 18
export const CLIENT_MS = 19

/** Where the text begins, in bytes. */
export const TEXT = 160

/** Parts of the text, in this order. */
export const parts = [
  'id',
  'method',
  'path',
  'query',
  'host',
  'client',
  'peer',
  'agent',
  'listener',
  'route',
  'cluster',
  'endpoint',
  'why',
  'trace',
  'story',
] as const
export type PartName = (typeof parts)[number]

export const MARK_ERROR = 1
export const MARK_SLOW = 2
export const MARK_SECURE = 4
export const CUT_SHIFT = 8

/** Rings: every record is in the first, and some are kept in one of the others, or two, beside it. */
export const ALL = 0
/** What the gateway or an upstream did wrong. */
export const FAULTS = 1
/** What was wrong with a request, or who asked may not have. */
export const REFUSALS = 2
export const SLOW = 3

export interface RingPlace {
  /** In bytes from the beginning of the memory. */
  readonly from: number
  readonly slots: number
  /** Of a slot; a multiple of 8. */
  readonly slotBytes: number
}

export interface Layout {
  readonly bytes: number
  /** ALL, FAULTS, REFUSALS, SLOW. */
  readonly rings: readonly [RingPlace, RingPlace, RingPlace, RingPlace]
}

/** Slots of a node, in the order of the rings, and how few of them a worker has where there are many workers. */
const SLOTS = [4_096, 512, 512, 256] as const
const LEAST = [512, 64, 64, 32] as const
/** With room for who asks, which API and by which subscription: 330 bytes. */
const SLOT_BYTES = 1_024
/** With room for a story. */
const KEPT_SLOT_BYTES = 2_048

/** Of the memory of one worker among so many: of one, 7 MB, of which only what was written to counts. */
export function layoutFor(workers: number): Layout {
  let from = HEADER_BYTES
  const ring = (which: 0 | 1 | 2 | 3, slotBytes: number): RingPlace => {
    const slots = Math.max(LEAST[which], Math.ceil(SLOTS[which] / workers))
    const place = { from, slots, slotBytes }
    from += slots * slotBytes
    return place
  }
  const rings: Layout['rings'] = [
    ring(ALL, SLOT_BYTES),
    ring(FAULTS, KEPT_SLOT_BYTES),
    ring(REFUSALS, KEPT_SLOT_BYTES),
    ring(SLOW, KEPT_SLOT_BYTES),
  ]
  return { bytes: from, rings }
}
