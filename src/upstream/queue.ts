import type { FailureName } from '../http/failures.ts'
import type { UpstreamStream } from './stream.ts'

/** An attempt that waits because its cluster has all the connections that it may have. */
export interface Waiter<E> {
  /** May be called later, once; the endpoint need not be the one that was asked for. */
  granted(stream: UpstreamStream, endpoint: E): void
  refused(failure: FailureName): void
}

/** How many may wait, and where that is counted: a Cluster. */
interface Limits {
  pending: number
  mayWait(): boolean
}

/** Those who wait for a connection of one cluster, first come, first served. `E` is the cluster's kind of endpoint. */
export class Queue<E> {
  private readonly limits: Limits
  // A Map keeps insertion order and lets anyone leave at no cost.
  private readonly waiting = new Map<Waiter<E>, number>()

  constructor(limits: Limits) {
    this.limits = limits
  }

  get empty(): boolean {
    return this.waiting.size === 0
  }

  wait(waiter: Waiter<E>, nowMs: number): boolean {
    if (!this.limits.mayWait()) return false
    this.limits.pending++
    this.waiting.set(waiter, nowMs)
    return true
  }

  leave(waiter: Waiter<E>): void {
    if (this.waiting.delete(waiter)) this.limits.pending--
  }

  next(): Waiter<E> | null {
    for (const waiter of this.waiting.keys()) {
      this.leave(waiter)
      return waiter
    }
    return null
  }

  expire(beforeMs: number): void {
    for (const [waiter, sinceMs] of this.waiting) {
      if (sinceMs >= beforeMs) return
      this.leave(waiter)
      waiter.refused('connection_limit_reached')
    }
  }
}
