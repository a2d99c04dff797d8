/** A filter as who put it there knows it. */
export interface FilterAt {
  readonly type: string
  /** `HTTPRoute/default/items` */
  readonly object: string
  readonly file: string
  readonly line: number
}

/**
 * What a filter did beside letting the request pass: it answered in place of everyone behind it, the body passed through
 * it, it was waited for, or it failed.
 */
export type Deed = 'answered' | 'transformed' | 'waited' | 'failed'

export interface Deeds {
  readonly filter: FilterAt
  readonly did: Deed
  readonly side: 'request' | 'response'
  /** How long it was waited for, where it was. */
  readonly ms?: number
}

/** An attempt that another one followed. Times are from the beginning of the exchange. */
export interface Attempt {
  /** "" where none could be had. */
  readonly endpoint: string
  /** When the request was sent; below 0 where it never was. */
  readonly sentAfterMs: number
  readonly endedAfterMs: number
  /** Before it was sent; and how long its connection took to make, where it did not find one. */
  readonly waitedMs: number
  readonly connectMs: number
  /** What came of it: a status that is to be asked again for, or a failure and what more is known of it. */
  readonly status: number
  readonly failure: string
  readonly reason: string
}

/** Beyond these, deeds and attempts are counted only. */
const MOST_ATTEMPTS = 8
const MOST_DEEDS = 12

/**
 * What an exchange met beyond the usual. Made when there is something to tell, so that one that is passed on, answered and
 * sent back costs nothing for it. Times are milliseconds.
 */
export class Story {
  /** From the first byte of the request's head to its last. */
  headMs = 0
  /** Filters were waited for. */
  filtersMs = 0
  /** A connection was waited for, or the beginning of the body before it was asked for; of the last attempt. */
  waitedMs = 0
  /** The connection of the last attempt was made meanwhile. */
  connectMs = 0
  /** The upstream was held up because the client did not read. */
  clientMs = 0
  readonly attempts: Attempt[] = []
  deeds: readonly Deeds[] = []
  /** Of attempts and deeds. */
  leftOut = 0
  private pausedMs = 0

  filter(deed: Deeds): void {
    // One is what most have: a list that is pushed to has room for sixteen more.
    if (this.deeds.length === 0) this.deeds = [deed]
    else if (this.deeds.length < MOST_DEEDS) this.deeds = [...this.deeds, deed]
    else this.leftOut++
  }

  /** An attempt is over that another one is to follow; what was measured of it was its own. */
  tried(attempt: Omit<Attempt, 'waitedMs' | 'connectMs'>): void {
    const { waitedMs, connectMs } = this
    if (this.attempts.length < MOST_ATTEMPTS) this.attempts.push({ ...attempt, waitedMs, connectMs })
    else this.leftOut++
    this.waitedMs = 0
    this.connectMs = 0
  }

  /** One beside another that goes on. */
  outrun(attempt: Omit<Attempt, 'waitedMs' | 'connectMs'>): void {
    if (this.attempts.length < MOST_ATTEMPTS) this.attempts.push({ ...attempt, waitedMs: 0, connectMs: 0 })
    else this.leftOut++
  }

  /** The client does not read, or reads again. */
  clientPaused(nowMs: number): void {
    if (this.pausedMs === 0) this.pausedMs = nowMs
  }

  clientResumed(nowMs: number): void {
    if (this.pausedMs > 0) this.clientMs += nowMs - this.pausedMs
    this.pausedMs = 0
  }
}
