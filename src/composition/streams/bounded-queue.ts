import { nobodysHolding, type Holding } from '../calls/holding.ts'

/**
 * What becomes of what waits for a client that takes it too slowly: `close` ends its stream (a WebSocket with 1013),
 * `drop-oldest` loses what has waited longest and says the gap, `coalesce` has newer items take the place of waiting ones
 * of the same key, and closes where keys alone are too many.
 */
export type SlowPolicy<T> = 'close' | 'drop-oldest' | { readonly coalesce: (data: T) => string }

export interface Slow<T = unknown> {
  /** How many may wait: 256 where it is left out. */
  readonly messages?: number
  /** How long they may be together, as JSON: 1 MiB where it is left out. */
  readonly bytes?: number
  /** `close` where it is left out. */
  readonly policy?: SlowPolicy<T>
}

interface Waiting<T> {
  value: T
  bytes: number
  readonly key: string | null
}

/** What waits for one client, bounded; one item may always wait, however long it is. */
export class BoundedQueue<T> {
  /** How many were lost since the last that was taken. */
  missed = 0
  private readonly messages: number
  private readonly bytes: number
  private readonly policy: SlowPolicy<never>
  private readonly waiting: Waiting<T>[] = []
  private readonly byKey = new Map<string, Waiting<T>>()
  private readonly lost: ((value: T) => void) | null
  private readonly holding: Holding
  private waitingBytes = 0

  /** `lost` is told of what is not taken any more, since it was replaced, dropped or cleared; `holding` of bytes that wait. */
  constructor(
    { messages = 256, bytes = 1024 * 1024, policy = 'close' }: Slow<never>,
    lost: ((value: T) => void) | null = null,
    holding: Holding = nobodysHolding,
  ) {
    this.lost = lost
    this.holding = holding
    this.messages = messages
    this.bytes = bytes
    this.policy = policy
  }

  get length(): number {
    return this.waiting.length
  }

  /** Whether there was a place for it; else whom it waits for is to be let go. It is coalesced by what `of` has, if anything. */
  offer(value: T, bytes: number, of: { readonly data: unknown } | null): boolean {
    const key = of !== null && typeof this.policy === 'object' ? this.policy.coalesce(of.data as never) : null
    const same = key === null ? undefined : this.byKey.get(key)
    this.wait(bytes)
    if (same === undefined) {
      const entry = { value, bytes, key }
      this.waiting.push(entry)
      if (key !== null) this.byKey.set(key, entry)
    } else {
      this.wait(-same.bytes)
      this.lost?.(same.value)
      same.value = value
      same.bytes = bytes
    }
    while (this.isFull) {
      if (this.policy !== 'drop-oldest') return false
      const oldest = this.take()
      if (oldest !== undefined) this.lost?.(oldest)
      this.missed++
    }
    return true
  }

  /** What has waited longest. */
  take(): T | undefined {
    const entry = this.waiting.shift()
    if (entry === undefined) return undefined
    this.wait(-entry.bytes)
    if (entry.key !== null) this.byKey.delete(entry.key)
    return entry.value
  }

  clear(): void {
    if (this.lost !== null) for (const { value } of this.waiting) this.lost(value)
    this.waiting.length = 0
    this.byKey.clear()
    this.wait(-this.waitingBytes)
  }

  private wait(bytes: number): void {
    this.waitingBytes += bytes
    this.holding.add(bytes)
  }

  private get isFull(): boolean {
    const { length } = this.waiting
    return length > 1 && (length > this.messages || this.waitingBytes > this.bytes)
  }
}

/** A client took its stream too slowly, and what waited for it was more than may. */
export class SlowClient extends Error {
  override readonly name = 'SlowClient'

  constructor() {
    super('the client took its stream too slowly')
  }
}
