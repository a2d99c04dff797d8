import * as L from './layout.ts'
import type { Attempt, Deeds } from './story.ts'
import { viewsOf, type Views } from './views.ts'

/** What is written of one exchange, or of a connection that never came to one. */
export interface RecentRecord {
  /** Rises by one with each record of the same memory. */
  readonly serial: number
  /** Since the epoch. */
  readonly endedMs: number
  readonly durationMs: number
  /** Of the last attempt, from sending to the answer's head; below 0 where there was none. */
  readonly upstreamMs: number
  readonly requestBytes: number
  readonly responseBytes: number
  /** When the last attempt was sent, counted from the beginning; below 0 where none was. */
  readonly sentAfterMs: number
  readonly headMs: number
  readonly filtersMs: number
  readonly waitedMs: number
  readonly connectMs: number
  readonly clientMs: number
  readonly status: number
  readonly version: number
  readonly grpcStatus: number
  readonly attempts: number
  readonly serverPort: number
  /** Version of the snapshot that it met. */
  readonly snapshot: number
  readonly secure: boolean
  readonly isError: boolean
  readonly isSlow: boolean
  readonly id: string
  readonly method: string
  readonly path: string
  readonly query: string
  readonly host: string
  readonly client: string
  readonly peer: string
  readonly agent: string
  readonly listener: string
  readonly route: string
  readonly cluster: string
  readonly endpoint: string
  readonly failure: string
  readonly rejection: string
  readonly reason: string
  readonly traceId: string
  readonly spanId: string
  readonly story: StoryText
  /** Parts that had no room whole; a story that had none is not there. */
  readonly cut: readonly L.PartName[]
}

/** The part of a story that is text. */
export interface StoryText {
  readonly attempts: readonly Attempt[]
  readonly deeds: readonly Deeds[]
  readonly notes: readonly (readonly [field: string, value: unknown])[]
  /** Attempts and deeds beyond those. */
  readonly leftOut: number
}

const nothing: StoryText = { attempts: [], deeds: [], notes: [], leftOut: 0 }

export function* eachSlot({ slots }: L.RingPlace): Generator<number> {
  for (let slot = 0; slot < slots; slot++) yield slot
}

/** A writer that is in the middle of a slot is done in a microsecond, or dead. */
const TRIES = 3

/** A copy that nobody writes to. */
const copies = new Map<number, Views>()

function copyOf(bytes: number): Views {
  let copy = copies.get(bytes)
  if (copy === undefined) copies.set(bytes, (copy = viewsOf(new ArrayBuffer(bytes))))
  return copy
}

/** What a slot has, or null: nothing, or it was written to all the time while it was read. */
export function readSlot(views: Views, place: L.RingPlace, slot: number): RecentRecord | null {
  const { from, slotBytes } = place
  const at = from + slot * slotBytes
  const lock = (at >> 2) + L.LOCK
  const copy = copyOf(slotBytes)
  for (let i = 0; i < TRIES; i++) {
    const before = Atomics.load(views.int32, lock)
    if ((before & 1) !== 0) continue
    copy.bytes.set(views.bytes.subarray(at, at + slotBytes))
    // Read-modify-write: no reading above it may come after it.
    if (Atomics.or(views.int32, lock, 0) === before) return decoded(copy)
  }
  return null
}

function decoded({ int32, uint16, float64, bytes }: Views): RecentRecord | null {
  const serial = float64[L.SERIAL]!
  if (serial === 0) return null
  const marks = int32[L.MARKS]!
  const text: Partial<Record<L.PartName, string>> = {}
  let from = L.TEXT
  for (const [i, name] of L.parts.entries()) {
    const to = from + uint16[L.LENGTHS + i]!
    text[name] = bytes.latin1Slice(from, to)
    from = to
  }
  const { why, trace, story, ...own } = text as Record<L.PartName, string>
  const [failure = '', rejection = '', reason = ''] = why.split('\n')
  const [traceId = '', spanId = ''] = trace.split('-')
  return {
    serial,
    endedMs: float64[L.ENDED_MS]!,
    durationMs: float64[L.DURATION_MS]!,
    upstreamMs: float64[L.UPSTREAM_MS]!,
    requestBytes: float64[L.REQUEST_BYTES]!,
    responseBytes: float64[L.RESPONSE_BYTES]!,
    sentAfterMs: float64[L.SENT_AFTER_MS]!,
    headMs: float64[L.HEAD_MS]!,
    filtersMs: float64[L.FILTERS_MS]!,
    waitedMs: float64[L.WAITED_MS]!,
    connectMs: float64[L.CONNECT_MS]!,
    clientMs: float64[L.CLIENT_MS]!,
    status: int32[L.STATUS]!,
    version: int32[L.VERSION]!,
    grpcStatus: int32[L.GRPC_STATUS]!,
    attempts: int32[L.ATTEMPTS]!,
    serverPort: int32[L.SERVER_PORT]!,
    snapshot: int32[L.SNAPSHOT]!,
    secure: (marks & L.MARK_SECURE) !== 0,
    isError: (marks & L.MARK_ERROR) !== 0,
    isSlow: (marks & L.MARK_SLOW) !== 0,
    ...own,
    failure,
    rejection,
    reason,
    traceId,
    spanId,
    story: storyOf(story),
    cut: L.parts.filter((_, i) => (marks & (1 << (L.CUT_SHIFT + i))) !== 0),
  }
}

function storyOf(text: string): StoryText {
  // oxlint-disable-next-line typescript/no-unsafe-return -- what slot-text.ts wrote, and nobody else
  return text === '' ? nothing : JSON.parse(text)
}
