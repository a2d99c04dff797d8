export interface SharedLimits {
  /** Streams open at once. */
  readonly streams: number
  /** Bytes that wait in streams, in either direction, because somebody is slow. */
  readonly waitingBytes: number
}

/**
 * What all HTTP/2 connections of a worker hold together. A limit per connection
 * alone is none: who opens many connections has it many times. Up to half of
 * either limit nobody is restricted; from there on each connection may have
 * fewer streams, in proportion to what is left, so that those with many are
 * refused first (REFUSED_STREAM: they may try again) and a neighbour with a few
 * is served on. One is left to everybody: then it is the worker's overload
 * (503) that decides, as it does for HTTP/1.
 */
export class SharedStreams {
  /** Streams that clients have opened. */
  open = 0
  waitingBytes = 0
  /** What peers may send because their windows are open. */
  grantedBytes = 0
  /** Heads that are incomplete, or whose requests wait for an answer. */
  headBytes = 0
  private readonly limits: SharedLimits

  constructor(limits: SharedLimits) {
    this.limits = limits
  }

  /** Half of what may wait does, or may come to: no window grows. */
  get tight(): boolean {
    return !this.hasRoom(0)
  }

  /** Whether so much more may be granted. */
  hasRoom(bytes: number): boolean {
    return (this.waitingBytes + this.headBytes + this.grantedBytes + bytes) * 2 <= this.limits.waitingBytes
  }

  /**
   * How long a stream may be stalled now that otherwise might be for `stallMs`. Streams are let in before it is seen
   * what will wait in them: at the limit all those end of which nothing was taken since the last sweep.
   */
  patience(stallMs: number): number {
    return stallMs * share(this.waitingBytes / this.limits.waitingBytes)
  }

  /** How many streams a connection may have now that otherwise might have `streams`. */
  allowance(streams: number): number {
    const { open, limits } = this
    const waitingBytes = this.waitingBytes + this.headBytes
    if (open * 2 <= limits.streams && waitingBytes * 2 <= limits.waitingBytes) return streams
    return Math.max(
      1,
      Math.floor(streams * share(Math.max(open / limits.streams, waitingBytes / limits.waitingBytes))),
    )
  }
}

/** What is left of something when so much of a limit is used. */
function share(used: number): number {
  return Math.min(1, Math.max(0, 2 * (1 - used)))
}

/** For a session by itself. */
export const unshared = (): SharedStreams =>
  new SharedStreams({ streams: Number.POSITIVE_INFINITY, waitingBytes: Number.POSITIVE_INFINITY })
