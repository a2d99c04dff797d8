import { FRAME_BYTES } from './codes.ts'
import { ReceiveWindow } from './receive-window.ts'
import type { SharedStreams } from './shared-streams.ts'

/** What the window of a stream needs of its connection. */
export interface StreamWindowOwner {
  readonly shared: SharedStreams
  /** Windows of its streams: what they may still send. */
  openBytes: number
  /** By how much a stream's window of this size may grow now; the budget of the worker has been asked. */
  growth(bytes: number): number
  /** A stream's window has grown by so much, and the connection's must, so that the others have what they had. */
  widen(bytes: number): void
  /** It has been given up again. */
  narrow(bytes: number): void
  /** Milliseconds, precise. */
  now(): number
}

/** Standing still for less is no round trip that a larger window would save. */
const LEAST_WAIT_MS = 1

/**
 * The receive window of a stream, which grows with what its consumer takes
 * (docs/adr/0016). The peer stands still for want of a window when it has sent all that it
 * may and what comes next, a round trip later, is of the credit that followed.
 * Where it has stood so for a quarter of the time, and its consumer had nothing
 * to do meanwhile, the window is doubled: a peer with a slow line never stands
 * still, and behind a slow consumer it is not the peer that is waited for.
 */
export class StreamWindow extends ReceiveWindow {
  private readonly owner: StreamWindowOwner
  private size: number
  /** How much of it has been grown. */
  private grown = 0
  /** Bytes of before the credit that is watched; below 0 none is. */
  private ahead = -1
  /** When the last of them came. */
  private stillMs = 0
  /** When the credit before was used. */
  private cycleMs: number
  /** The peer has used all of it up while the consumer was slow. */
  private stalled = false

  constructor(owner: StreamWindowOwner, bytes: number) {
    super(bytes)
    this.owner = owner
    this.size = bytes
    this.cycleMs = owner.now()
    owner.openBytes += bytes
  }

  override shift(delta: number): void {
    super.shift(delta)
    this.size += delta
    this.owner.openBytes += delta
  }

  override take(bytes: number): boolean {
    this.owner.openBytes -= bytes
    return super.take(bytes)
  }

  /** To be told what has been taken: whether the peer has stood still for want of a window until it came. */
  waited(bytes: number): boolean {
    const { ahead } = this
    if (ahead < 0 || bytes === 0) return false
    if (bytes <= ahead) {
      this.ahead -= bytes
      return false
    }
    this.ahead = -1
    const nowMs = this.owner.now()
    const cycle = nowMs - this.cycleMs
    this.cycleMs = nowMs
    // Some leave a rest of a window alone that has no room for a frame.
    if (ahead >= FRAME_BYTES) return false
    const still = nowMs - this.stillMs
    return still >= LEAST_WAIT_MS && still * 4 >= cycle
  }

  /** Some of what has been taken has come. */
  came(): void {
    if (this.ahead >= 0 && this.ahead < FRAME_BYTES) this.stillMs = this.owner.now()
  }

  /** Doubles it, as far as connection and worker allow; no more than `wanted` will come. Returns the increment to send now, or 0. */
  grow(wanted: number): number {
    const bytes = Math.min(this.owner.growth(this.size), wanted - this.left)
    if (bytes <= 0) return 0
    this.size += bytes
    this.grown += bytes
    this.consume(bytes)
    this.owner.widen(bytes)
    return this.renew(wanted, true)
  }

  /** The consumer goes on after a pause. */
  resumed(): void {
    if (this.left < FRAME_BYTES) this.stalled = true
    // It was not the window that was waited for.
    if (this.ahead >= 0) this.stillMs = this.owner.now()
  }

  /** The increment to send now, or 0. */
  renew(wanted: number, soon = false): number {
    if (this.grown > 0) {
      if (this.stalled && this.owner.shared.tight) this.ungrow(this.grown)
      // The end is in sight: what is not needed for it must not be left to the connection's other streams.
      else if (wanted < this.size) this.ungrow(Math.min(this.grown, this.size - wanted))
    }
    const before = this.left
    const increment = this.credit(wanted, soon)
    if (increment === 0) return 0
    this.stalled = false
    this.owner.openBytes += increment
    if (this.ahead < 0) {
      this.ahead = before
      if (before < FRAME_BYTES) this.stillMs = this.owner.now()
    }
    return increment
  }

  /** Nothing more comes. */
  release(): void {
    this.ungrow(this.grown)
    this.owner.openBytes -= this.left
  }

  private ungrow(bytes: number): void {
    if (bytes === 0) return
    this.grown -= bytes
    this.size -= bytes
    this.shrink(bytes)
    this.owner.narrow(bytes)
  }
}
