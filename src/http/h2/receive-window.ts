/**
 * One flow-control window in the direction towards us (RFC 9113 §5.2): what the
 * peer may still send, and what has been consumed and not yet told it. Credit is
 * given once that is as much as what is left: at half of a window that flows,
 * since a frame for every read would cost more than the reads; sooner where
 * streams that are not read hold most of it, or the others would stall.
 */
export class ReceiveWindow {
  /** What the peer believes, once it has heard what it was told. */
  left: number
  private owed: number
  /** By so much the window is larger than it should be: it gets smaller with what is consumed and not given back. */
  private excess = 0

  /** `left` is what the peer believes, `owed` what it is to be told at once. */
  constructor(left: number, owed = 0) {
    this.left = left
    this.owed = owed
  }

  /** The peer has taken another setting (§6.9.2); the window may be below 0 after that. */
  shift(delta: number): void {
    this.left += delta
  }

  /** Bytes have arrived; false where the peer had no right to send them. */
  take(bytes: number): boolean {
    this.left -= bytes
    return this.left >= 0
  }

  /** Bytes have been consumed, or the window is to be larger by so many. */
  consume(bytes: number): void {
    const kept = Math.min(bytes, this.excess)
    this.excess -= kept
    this.owed += bytes - kept
  }

  /** The peer may send something. */
  get open(): boolean {
    return this.left > 0
  }

  /** The window is to be smaller by so many bytes, which cannot be taken back from the peer. */
  shrink(bytes: number): void {
    const kept = Math.min(bytes, this.owed)
    this.owed -= kept
    this.excess += bytes - kept
  }

  /** The increment to send now, or 0. The peer is to send no more than `wanted`; `soon`: however little it is. */
  credit(wanted = Infinity, soon = false): number {
    if (this.owed < this.left && !soon) return 0
    const increment = Math.min(this.owed, wanted - this.left)
    if (increment <= 0) return 0
    this.owed -= increment
    this.left += increment
    return increment
  }
}
