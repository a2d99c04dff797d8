/**
 * One flow-control window in the direction towards us (RFC 9113 §5.2): what the
 * peer may still send, and what has been consumed and not yet told it. Credit is
 * given once that is as much as what is left: at half of a window that flows,
 * since a frame for every read would cost more than the reads; sooner where
 * streams that are not read hold most of it, or the others would stall.
 */
export class ReceiveWindow {
  private left: number
  private consumed: number

  /** `left` is what the peer believes, `owed` what it is to be told at once. */
  constructor(left: number, owed = 0) {
    this.left = left
    this.consumed = owed
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

  /** Bytes have been consumed. */
  consume(bytes: number): void {
    this.consumed += bytes
  }

  /** The peer may send something. */
  get open(): boolean {
    return this.left > 0
  }

  /** The increment to send now, or 0. */
  credit(): number {
    const increment = this.consumed
    if (increment < this.left || increment <= 0) return 0
    this.consumed = 0
    this.left += increment
    return increment
  }
}
