import type { Drainable } from '../../upstream/keep.ts'
import { Turns, type Sharer } from '../../upstream/turns.ts'

/** A request that waits for a place. */
export interface Waiting extends Sharer {
  /** It has one now. */
  entered(): void
  /** Somebody whose client has fewer of the places to wait in has this one. */
  refused(): void
  /** It does not wait any more. */
  left(): void
}

/** What one worker allows of a route. */
export interface PlaceLimits {
  readonly most: number
  readonly mostWaiting: number
}

/** The places of one route in one worker: those who have one, and who waits for one, in turn by client. */
export class RoutePlaces {
  taken = 0
  private readonly waiting = new Turns<Waiting>()
  private limits: PlaceLimits = { most: 0, mostWaiting: 0 }

  get isIdle(): boolean {
    return this.taken === 0 && this.waiting.size === 0
  }

  /** Whether there is a place; it is taken if so. What `limits` say counts from now on. */
  enter(limits: PlaceLimits): boolean {
    this.limits = limits
    // Where a reload has made more places, those who wait have them.
    this.admit()
    if (this.taken >= limits.most || this.waiting.size > 0) return false
    this.taken++
    return true
  }

  /** False where as many wait already, and none of them for a client that has more of these places. */
  wait(one: Waiting): boolean {
    if (this.waiting.size >= this.limits.mostWaiting && !this.displace(one)) return false
    this.waiting.add(one)
    return true
  }

  /** Who waited does no more. */
  giveUp(one: Waiting): void {
    this.waiting.delete(one)
  }

  leave(): void {
    this.taken--
    this.admit()
  }

  private admit(): void {
    while (this.taken < this.limits.most) {
      const next = this.waiting.next()
      if (next === null) return
      this.taken++
      next.entered()
    }
  }

  /** The last to come of the client that has most. */
  private displace({ client }: Waiting): boolean {
    let last: Waiting | null = null
    for (const one of this.waiting.most(client)) last = one
    if (last === null) return false
    this.waiting.delete(last)
    last.refused()
    return true
  }
}

/** The routes of one policy that have requests under way, in one worker; it outlives reloads. */
export class PlacesByRoute implements Drainable {
  private readonly routes = new Map<string, RoutePlaces>()

  of(route: string): RoutePlaces {
    const known = this.routes.get(route)
    if (known !== undefined) return known
    const made = new RoutePlaces()
    this.routes.set(route, made)
    return made
  }

  /** Something has been given back. */
  settle(route: string): void {
    if (this.routes.get(route)?.isIdle === true) this.routes.delete(route)
  }

  /** Who has a place gives it back all the same. */
  drain(): void {}
}
