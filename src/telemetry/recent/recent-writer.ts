import { failures } from '../../http/failures.ts'
import { isServiceFault } from '../../http/grpc/status.ts'
import type { AccessRecord } from '../access-record.ts'
import { KeptRing } from './kept-ring.ts'
import * as L from './layout.ts'
import { eachSlot, readSlot } from './slot-reader.ts'
import { partsOf, writeText, type Parts } from './slot-text.ts'
import { viewsOf, type Views } from './views.ts'

/** How often the time of the day is asked for: durations go by a clock that does not know it. */
const CLOCK_MS = 1_000

interface Kept {
  readonly place: L.RingPlace
  readonly ring: KeptRing
}

/**
 * Writes what is told of each exchange that is over into the memory of one worker, which the main thread reads at any
 * time, also when the worker has died. The slot of a record has a number that is odd while the slot is being written
 * (a seqlock), so that nobody takes half of one record and half of another for one.
 */
export class RecentWriter {
  private readonly views: Views
  private readonly all: L.RingPlace
  private readonly kept: readonly (Kept | null)[]
  private serial: number
  /** Of the next record in the ring of all. */
  private index: number
  private wallMs = 0
  private wallReadMs = -Infinity

  /** What another worker has written there, which has died, stays until it is its turn. */
  constructor(memory: SharedArrayBuffer, workers: number) {
    const { rings } = L.layoutFor(workers)
    this.views = viewsOf(memory)
    this.all = rings[L.ALL]
    this.serial = this.views.float64[L.WRITTEN]!
    this.index = this.serial % this.all.slots
    if (this.serial > 0) for (const place of rings) this.unlock(place)
    this.kept = rings.map((place, which) => (which === L.ALL ? null : this.taken(place)))
  }

  /** `nowMs` as performance.now() tells it. Takes what it needs: the record may be used again at once. */
  write(record: AccessRecord, nowMs: number): void {
    const parts = partsOf(record)
    const ring = ringOf(record)
    const marks =
      (ring === L.ALL ? 0 : L.MARK_ERROR) |
      (record.slow ? L.MARK_SLOW : 0) |
      (record.secure ? L.MARK_SECURE : 0)
    const serial = this.serial + 1
    const endedMs = this.wall(nowMs)
    const { from, slotBytes, slots } = this.all
    const at = from + this.index * slotBytes
    this.fill(at, slotBytes, record, parts, marks, serial, endedMs)
    if (ring !== L.ALL) this.keep(ring, at, record, parts, marks, serial, endedMs)
    if (record.slow) this.keep(L.SLOW, at, record, parts, marks, serial, endedMs)
    this.index = this.index + 1 === slots ? 0 : this.index + 1
    this.serial = serial
    this.views.float64[L.WRITTEN] = serial
  }

  /** Beside the ring of all: a copy, or, where something had no room there, once more. */
  private keep(
    ring: number,
    written: number,
    record: AccessRecord,
    parts: Parts,
    marks: number,
    serial: number,
    endedMs: number,
  ): void {
    const { bytes, int32 } = this.views
    const { place, ring: slots } = this.kept[ring]!
    const slot = slots.take(record.clientAddress, record.route)
    const at = place.from + slot * place.slotBytes
    if (int32[(written >> 2) + L.MARKS]! >> L.CUT_SHIFT !== 0)
      return this.fill(at, place.slotBytes, record, parts, marks, serial, endedMs)
    Atomics.add(int32, (at >> 2) + L.LOCK, 1)
    bytes.copyWithin(at + 4, written + 4, written + this.all.slotBytes)
    Atomics.add(int32, (at >> 2) + L.LOCK, 1)
  }

  private fill(
    at: number,
    slotBytes: number,
    record: AccessRecord,
    parts: Parts,
    marks: number,
    serial: number,
    endedMs: number,
  ): void {
    const { int32, float64 } = this.views
    const i = at >> 2
    const f = at >> 3
    // Both are read-modify-write: a plain store behind the first, or before the second, does not pass it on any machine.
    Atomics.add(int32, i + L.LOCK, 1)
    float64[f + L.SERIAL] = serial
    float64[f + L.ENDED_MS] = endedMs
    float64[f + L.DURATION_MS] = record.durationMs
    float64[f + L.UPSTREAM_MS] = record.upstreamMs
    float64[f + L.REQUEST_BYTES] = record.requestBodyBytes
    float64[f + L.RESPONSE_BYTES] = record.responseBodyBytes
    float64[f + L.SENT_AFTER_MS] = record.sentAfterMs
    int32[i + L.STATUS] = record.status
    int32[i + L.VERSION] = record.version
    int32[i + L.GRPC_STATUS] = record.grpcStatus
    int32[i + L.ATTEMPTS] = record.attempts
    int32[i + L.SERVER_PORT] = record.serverPort
    int32[i + L.SNAPSHOT] = record.snapshot
    const { story } = record
    float64[f + L.HEAD_MS] = story === null ? 0 : story.headMs
    float64[f + L.FILTERS_MS] = story === null ? 0 : story.filtersMs
    float64[f + L.WAITED_MS] = story === null ? 0 : story.waitedMs
    float64[f + L.CONNECT_MS] = story === null ? 0 : story.connectMs
    float64[f + L.CLIENT_MS] = story === null ? 0 : story.clientMs
    int32[i + L.MARKS] = marks | writeText(this.views, at, slotBytes, parts)
    Atomics.add(int32, i + L.LOCK, 1)
  }

  /** Now, in milliseconds since the epoch. */
  private wall(nowMs: number): number {
    if (nowMs - this.wallReadMs > CLOCK_MS) {
      this.wallReadMs = nowMs
      this.wallMs = Date.now() - nowMs
    }
    return this.wallMs + nowMs
  }

  /** A slot that was being written when its worker died is nobody's. */
  private unlock({ from, slots, slotBytes }: L.RingPlace): void {
    const { int32, float64 } = this.views
    for (let at = from; at < from + slots * slotBytes; at += slotBytes) {
      if ((Atomics.load(int32, (at >> 2) + L.LOCK) & 1) === 0) continue
      float64[(at >> 3) + L.SERIAL] = 0
      Atomics.add(int32, (at >> 2) + L.LOCK, 1)
    }
  }

  /** The places of a ring, with what is there in the order in which it came. */
  private taken(place: L.RingPlace): Kept {
    const ring = new KeptRing(place.slots)
    if (this.serial === 0) return { place, ring }
    const held = [...eachSlot(place)].flatMap(slot => {
      const record = readSlot(this.views, place, slot)
      return record === null ? [] : [{ slot, ...record }]
    })
    ring.restore(held.toSorted((a, b) => a.serial - b.serial))
    return { place, ring }
  }
}

/**
 * Where a record is kept longer than others, or ALL. What was tried again has met a failure, however it ended. Of our own
 * failures it is their own status that counts: to a gRPC client that asks for what is not there we say UNIMPLEMENTED.
 */
function ringOf({ status, failure, rejection, attempts, grpcStatus }: AccessRecord): number {
  if (status >= 500 || attempts > 1) return L.FAULTS
  if (failure !== '') return failures[failure].status >= 500 ? L.FAULTS : L.REFUSALS
  if (isServiceFault(grpcStatus)) return L.FAULTS
  return status >= 400 || rejection !== '' || grpcStatus > 0 ? L.REFUSALS : L.ALL
}
