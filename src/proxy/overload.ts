import { getHeapStatistics } from 'node:v8'
import { priorities, type Rank } from '../filters/priority.ts'
import type { Look } from './loop-delay.ts'
import { Shedding, sheddingLimits, type SheddingLimits } from './shedding.ts'
import { Turns } from './turns.ts'

export interface OverloadLimits extends SheddingLimits {
  /** Exchanges under way in this worker. */
  readonly exchanges: number
  /** Bytes that wait in this worker because clients are slow. */
  readonly bufferedBytes: number
  /** Share of the heap that may be used. */
  readonly heapShare: number
  /** So long a connection of HTTP/2 is not sent away: it may have been, elsewhere. */
  readonly stayMs: number
  /** Of those that are to go, so many do with each sweep: all of them at once would be too much for the next one, by handshakes alone. */
  readonly leavingShare: number
}

export const overloadLimits: OverloadLimits = {
  exchanges: 50_000,
  bufferedBytes: 256 * 1024 * 1024,
  heapShare: 0.9,
  stayMs: 10_000,
  leavingShare: 0.02,
  ...sheddingLimits,
}

/** Nobody is hurried more than that: what the system takes for a slow client, it takes in lumps. */
const LEAST_PATIENCE_MS = 3_000

/** Of what it can hold so much is left to those of each rank, the most important first. */
const BEGINS: readonly number[] = [1, 0.95, 0.9]

/** Of the gateway's own matters so many are Critical between two looks at the event loop, and of one client so many. */
const URGENT = 4
const URGENT_OF_ONE = 2

export type SheddingReason = 'delay' | 'exchanges' | 'buffered_bytes' | 'heap'

/** What shedding is, as log and metrics are told. */
export interface SheddingState {
  /** Null: there is none. */
  readonly reason: SheddingReason | null
  /** The least important that are not all refused, in words; `none` where all are. */
  readonly serves: string
}

/**
 * Whether this worker has more to do than it can do, or hold. New requests are
 * then answered 503 with Retry-After, at once and cheaply, so that those under way
 * can finish: the least important first. Time is judged by who looks at the event
 * loop (shedding.ts), what is held by the sweep; nothing by each request.
 */
export class Overload {
  /** Somebody may be refused: `refuses` is to be asked, for each request. */
  active = false
  readonly shedding: Shedding
  private readonly turns = new Turns()
  /** All from this rank on are refused, for what is held; 3: nobody. */
  private cut = BEGINS.length
  private heldReason: SheddingReason = 'exchanges'
  /** Share of the bytes that may wait that do, as judged last. */
  private load = 0
  /** Whose own matters were Critical since the last look. */
  private urgent: string[] = []
  /** What is left over of leavingShare. */
  private leaving = 0
  private readonly limits: OverloadLimits

  constructor(limits: OverloadLimits = overloadLimits) {
    this.limits = limits
    this.shedding = new Shedding(limits)
  }

  /** What has this request of this client refused, or null. Asked once for each, while `active`. */
  refuses(rank: Rank, client: string, nowMs: number): SheddingReason | null {
    if (this.shedding.active) this.turns.met(nowMs)
    if (rank >= this.cut) return this.heldReason
    return this.shedding.active && this.shedding.refuses(rank, client) ? 'delay' : null
  }

  /** Whether one of the gateway's own matters (an authority that validates a name) may be Critical, too: anybody can ask for it. */
  hurries(client: string): boolean {
    const { urgent } = this
    if (urgent.length >= URGENT || urgent.filter(one => one === client).length >= URGENT_OF_ONE) return false
    urgent.push(client)
    return true
  }

  /** In how many ms to look at the event loop again. */
  get periodMs(): number {
    return this.shedding.periodMs
  }

  get state(): SheddingState {
    const { cut, shedding } = this
    if (cut < BEGINS.length) return { reason: this.heldReason, serves: priorities[cut - 1] ?? 'none' }
    return { reason: shedding.active ? 'delay' : null, serves: priorities.at(-1)! }
  }

  /**
   * A look at the event loop: so late it was. True when `state` is another. While requests are shed it is turns that
   * count: a timer is in time, too, in a loop whose turns are as long as its period.
   */
  look({ delayMs, busy, nowMs }: Look): boolean {
    const waitMs = this.turns.take()
    if (this.urgent.length > 0) this.urgent = []
    const changed = this.shedding.look(this.shedding.active ? waitMs : delayMs, nowMs, busy)
    if (changed) this.activate()
    return changed
  }

  /** Judges what is held anew; true when `state` is another. */
  judge(exchanges: number, bufferedBytes: number): boolean {
    const before = this.state
    this.load = bufferedBytes / this.limits.bufferedBytes
    this.cutAt(exchanges, bufferedBytes, heapShare())
    this.activate()
    const { state } = this
    return state.reason !== before.reason || state.serves !== before.serves
  }

  private cutAt(exchanges: number, bufferedBytes: number, heap: number): void {
    const { limits, cut } = this
    this.cut = BEGINS.findIndex((begin, rank) => {
      // Recovery needs a tenth of room, so that the answer does not flap.
      const share = rank >= cut ? begin * 0.9 : begin
      const reason =
        exchanges > Math.ceil(limits.exchanges * share)
          ? 'exchanges'
          : bufferedBytes > limits.bufferedBytes * share
            ? 'buffered_bytes'
            : heap > limits.heapShare * share
              ? 'heap'
              : null
      if (reason !== null) this.heldReason = reason
      return reason !== null
    })
    if (this.cut < 0) this.cut = BEGINS.length
  }

  /**
   * Whether a connection that may have many requests at once, some of which were refused, is told to go: its client
   * makes another one, which a balancer gives to somebody with less to do. Asked in each sweep; a few are at a time.
   */
  sendsAway(stayedMs: number): boolean {
    if (!this.active || stayedMs < this.limits.stayMs) return false
    this.leaving += this.limits.leavingShare
    if (this.leaving < 1) return false
    this.leaving -= 1
    return true
  }

  private activate(): void {
    this.active = this.shedding.active || this.cut < BEGINS.length
  }

  /**
   * How long bytes may wait for a client now that otherwise might for `ms`. From half of what may wait on it is less and
   * less: who takes nothing of what they asked for, on as many connections as they like, ends before others are turned away.
   */
  patience(ms: number): number {
    if (this.load <= 0.5) return ms
    const left = 2 * (1 - this.load)
    return Math.min(ms, left <= 0 ? LEAST_PATIENCE_MS : Math.max(LEAST_PATIENCE_MS, ms * left))
  }
}

function heapShare(): number {
  const { used_heap_size, heap_size_limit } = getHeapStatistics()
  return used_heap_size / heap_size_limit
}
