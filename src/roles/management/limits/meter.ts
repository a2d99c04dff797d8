import type { Place, Whose } from '../../../shared/counters.ts'
import { isWithin, type Limit } from './limit.ts'
import type { Window } from './windows/windows.ts'

/** The name of all counters of limits (Kit.counters), of each kind of those who are counted. */
export const COUNTERS = 'limits'

interface Hashing {
  hash(key: string, near?: string, maker?: string): Place
}

/** Who is counted, and where. */
export interface Counted {
  readonly whose: Whose
  /** What tells it from others, such as a subscription. */
  readonly key: string
  /** Whose number it shares where there is no place for another: of an address its network. "" for who is known, who shares none. */
  readonly crowd: string
  /** Among whose places its own are, of an address: those of its provider. Absent: anywhere. */
  readonly near?: string
  /** Of what has places anywhere and can be made up: who has made it up, the provider of the client. */
  readonly maker?: string
  /** When the subscription began, in milliseconds since 1970; 0 for others. */
  readonly sinceMs: number
}

/** One limit of one who asks: a counter by its key. A worker keeps it for as long as it keeps who asks. */
export class Meter {
  readonly limit: Limit
  readonly counted: Counted
  /** The same over processes, reloads, and changes of the plan in which the limit keeps its name, kind, unit and length; without the window. */
  readonly key: string
  /** The service is to be told that it has changed. */
  isChanged = false
  /** Of a Quota; null before it is first asked for. */
  window: Window | null = null
  /** Its key among counters: each window has its own, so that one that ends needs no turning back to 0. */
  counterKey = ''
  crowd = ''
  private readonly narrower: string
  private hash: Place | null = null
  private item = ''

  /** `narrower`: of a credential, or an operation; "" for all. */
  constructor(limit: Limit, counted: Counted, narrower = '') {
    this.limit = limit
    this.counted = counted
    this.narrower = narrower
    this.key = this.keyOf(counted.key)
  }

  /** Of a Quota; the same value for the same window. */
  windowAt(wallMs: number): Window {
    if (this.window !== null && isWithin(this.window, wallMs)) return this.window
    this.hash = null
    this.item = ''
    return (this.window = this.limit.windowAt(wallMs, this.counted.sinceMs))
  }

  /** What counters make of its key. */
  hashAt(wallMs: number, counters: Hashing): Place {
    if (this.limit.isQuota) this.windowAt(wallMs)
    return (this.hash ??= this.newHash(counters))
  }

  /** Its item of RateLimit-Policy. */
  get policyItem(): string {
    return this.item === '' ? (this.item = this.limit.policyItem(this.window)) : this.item
  }

  private newHash(counters: Hashing): Place {
    const { crowd, near, maker } = this.counted
    this.counterKey = this.inWindow(this.key)
    this.crowd = crowd === '' ? this.counterKey : this.inWindow(this.keyOf(crowd))
    return counters.hash(this.counterKey, near, maker === undefined ? undefined : this.inWindow(maker))
  }

  private keyOf(who: string): string {
    const { kind, unit, per, name } = this.limit.row
    return `${who} ${kind}/${unit}/${per} ${name}${this.narrower}`
  }

  private inWindow(key: string): string {
    return this.window === null ? key : `${key} ${this.window.startMs}`
  }
}
