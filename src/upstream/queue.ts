import type { FailureName } from '../http/failures.ts'
import type { UpstreamStream } from './upstream-stream.ts'
import type { Sourced } from './proxy-header.ts'
import { Turns, type Sharer } from './turns.ts'

/** An attempt that waits because its cluster has all the connections that it may have. */
export interface Waiter<E> extends Sharer, Sourced {
  /** The only endpoint that it may have: of its session, or its hash. Null or absent: any that may be chosen. */
  readonly wants?: E | null
  /** May be called later, once; where it wants none in particular the endpoint need not be the one that was asked for. */
  granted(stream: UpstreamStream, endpoint: E): void
  refused(failure: FailureName): void
}

/** How many may wait, and where that is counted: a Cluster. */
interface Limits {
  pending: number
  mayWait(): boolean
}

/** Those who wait for a connection of one cluster, in turn by client. `E` is the cluster's kind of endpoint. */
export class Queue<E> {
  private readonly limits: Limits
  private readonly turns = new Turns<Waiter<E>>()

  constructor(limits: Limits) {
    this.limits = limits
  }

  get empty(): boolean {
    return this.turns.size === 0
  }

  /** Who has somebody that waits. */
  get clients(): number {
    return this.turns.sharers
  }

  /** False when too many wait already, and none of them for a client that has more of the places. */
  wait(waiter: Waiter<E>, nowMs: number): boolean {
    if (!this.limits.mayWait() && !this.displace(waiter)) return false
    this.limits.pending++
    this.turns.add(waiter, nowMs)
    return true
  }

  leave(waiter: Waiter<E>): void {
    if (this.turns.delete(waiter)) this.limits.pending--
  }

  /** Whose turn it is, of those who may have a connection to this endpoint (`isChoice`: also who wants none in particular); null: to whichever it wants. */
  next(endpoint: E | null = null, isChoice = true): Waiter<E> | null {
    const takes = ({ wants = null }: Waiter<E>): boolean => (wants === null ? isChoice : wants === endpoint)
    const waiter = endpoint === null ? this.turns.next() : this.turns.next(takes)
    if (waiter === null) return null
    this.limits.pending--
    return waiter
  }

  expire(beforeMs: number): void {
    const late: Waiter<E>[] = []
    for (const waiter of this.turns) {
      if (this.turns.since(waiter)! >= beforeMs) break
      late.push(waiter)
    }
    // With one that is refused others may leave.
    for (const waiter of late) if (this.turns.since(waiter) !== undefined) this.refuse(waiter)
  }

  /** The place of whoever came last for the client that has most of them. */
  private displace({ client }: Waiter<E>): boolean {
    let last: Waiter<E> | null = null
    for (const waiter of this.turns.most(client)) last = waiter
    if (last === null) return false
    this.refuse(last)
    return this.limits.mayWait()
  }

  private refuse(waiter: Waiter<E>): void {
    this.leave(waiter)
    waiter.refused('connection_limit_reached')
  }
}
