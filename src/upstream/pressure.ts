import { Turns, type Sharer } from './turns.ts'

/** A request whose body is to be here, or to begin with enough, before it has a connection. */
export interface GatheringRequest extends Sharer {
  /** There is no pressure any more: it goes on as it is. */
  released(): void
  /** Its place is somebody else's. */
  displaced(): void
}

/** An exchange that holds a connection and whose client keeps it waiting. */
export interface Laggard extends Sharer {
  /** For how long by now, in ms; 0 where it does not any more. */
  lagMs(nowMs: number): number
  /** Its end makes a place of this limit free. */
  frees(limit: object): boolean
  /** Ends the exchange, so that its connection is free. */
  end(): void
}

interface Lag {
  readonly one: Laggard
  readonly lagMs: number
}

const longest = (own: readonly Lag[]): number => own.at(-1)!.lagMs

/** What is shared: a Cluster, in one worker. */
interface Shared {
  readonly pressed: boolean
  /** Those who wait for a connection. */
  readonly pending: number
  readonly maxConnections: number
}

/** For so long after somebody was turned away there is pressure: as a rule clients have come again by then. */
const DISPUTED_MS = 30_000

/** Who has gathered for less than this does not lose the place to another request of the same client. */
const GATHER_MS = 1_000

/**
 * The guard of a cluster's connections against clients who take them and say,
 * or read, next to nothing. While the cluster is under pressure, a request with
 * a body has no connection before enough of it is here; and for everyone who
 * waits for one, that exchange is ended whose client has kept its connection
 * waiting. Without pressure none of this costs anything: exchanges are looked at
 * by sweeps, and only while `watched` is set. The same goes for limits at which
 * nobody waits: who is turned away there has the place of such an exchange, if
 * one is known, or when it comes again.
 */
export class Pressure {
  /** There was pressure when the last sweep began. */
  watched = false
  private readonly shared: Shared
  private readonly gathering = new Turns<GatheringRequest>()
  /** How many connections each client holds, by the last sweep. */
  private readonly held = new Map<string, number>()
  /** By client, who has kept us waiting longest last. */
  private readonly laggards = new Map<string, Lag[]>()
  private relieving = false
  /** Until when there is pressure because somebody was turned away; 0 where there is none. */
  private disputedUntilMs = 0

  constructor(shared: Shared) {
    this.shared = shared
  }

  /** Requests that gather their bodies. */
  get gatherers(): number {
    return this.gathering.size
  }

  /** Somebody was turned away of late. */
  get disputed(): boolean {
    return this.disputedUntilMs > 0
  }

  /** False where as many gather as there are connections, and none of them has to give way. */
  gather(one: GatheringRequest, nowMs: number): boolean {
    if (this.gathering.size >= this.shared.maxConnections) {
      const loser = this.loser(one.client, nowMs)
      if (loser === null) return false
      this.leave(loser)
      loser.displaced()
    }
    this.gathering.add(one, nowMs)
    return true
  }

  /** It has enough, or is over. */
  leave(one: GatheringRequest): void {
    this.gathering.delete(one)
  }

  /** A sweep begins: every exchange of the cluster is to `hold` what it holds, and to say `lags` where its client does. */
  begin(): void {
    this.watched = this.shared.pressed
    this.held.clear()
    this.laggards.clear()
  }

  /** A connection is held for this client. */
  hold(client: string): void {
    this.held.set(client, (this.held.get(client) ?? 0) + 1)
  }

  lags(one: Laggard, lagMs: number): void {
    const own = this.laggards.get(one.client)
    if (own === undefined) this.laggards.set(one.client, [{ one, lagMs }])
    else own.push({ one, lagMs })
  }

  /** The sweep is over. */
  finish(nowMs: number): void {
    for (const own of this.laggards.values()) own.sort((a, b) => a.lagMs - b.lagMs)
    this.relieve(nowMs, this.shared.pending)
    if (nowMs >= this.disputedUntilMs) this.disputedUntilMs = 0
    while (this.gathering.size > 0 && !this.shared.pressed) this.release()
  }

  /**
   * Somebody has begun to wait, among so many clients that do. Whoever holds less than one who is known to keep us waiting
   * need not wait for the next sweep: one round of turns is made room for. Others do, or clients that come again at once
   * would use up all that is known, and leave nothing for a neighbour who comes a moment later.
   */
  waited(client: string, clients: number): void {
    if (this.relieving || !this.holdsLess(client)) return
    this.relieving = true
    // Not at once: who waits is in the middle of asking.
    setImmediate(() => {
      this.relieving = false
      this.relieve(performance.now(), Math.min(clients, this.shared.pending))
    })
  }

  /**
   * There is no place of this limit for this client: whether it has one all the same, that of another client who holds more
   * and is known to keep us waiting. Its exchange is ended behind this turn, so that for as long there is one too many: were
   * a place made free for nobody in particular, whoever has them all would have that one too.
   */
  yields(limit: object, client: string, nowMs: number): boolean {
    this.disputedUntilMs = nowMs + DISPUTED_MS
    const one = this.yielding(limit, client, nowMs)
    if (one === null) return false
    this.held.set(one.client, this.held.get(one.client)! - 1)
    this.hold(client)
    // Not at once: who comes is in the middle of asking.
    setImmediate(() => {
      if (one.frees(limit)) one.end()
    })
    return true
  }

  /** As `next`, of those who have a place of this limit; who has nothing may have that of a client who has no more than one. */
  private yielding(limit: object, client: string, nowMs: number): Laggard | null {
    const own = this.held.get(client) ?? 0
    let from: Lag[] | null = null
    let index = -1
    let most = 0
    for (const [other, lags] of this.laggards) {
      const held = this.held.get(other)!
      if (other === client || (held <= own + 1 && own > 0) || held < most) continue
      const at = lags.findLastIndex(({ one }) => one.frees(limit) && one.lagMs(nowMs) > 0)
      if (at < 0 || (held === most && from !== null && lags[at]!.lagMs <= from[index]!.lagMs)) continue
      from = lags
      index = at
      most = held
    }
    if (from === null) return null
    const [{ one }] = from.splice(index, 1) as [Lag]
    if (from.length === 0) this.laggards.delete(one.client)
    return one
  }

  private holdsLess(client: string): boolean {
    const own = this.held.get(client) ?? 0
    for (const other of this.laggards.keys()) if (this.held.get(other)! > own + 1) return true
    return false
  }

  /** Ends so many exchanges. */
  private relieve(nowMs: number, count: number): void {
    for (let left = count; left > 0;) {
      const one = this.next()
      if (one === null) return
      if (one.lagMs(nowMs) === 0) continue
      this.held.set(one.client, this.held.get(one.client)! - 1)
      one.end()
      left--
    }
  }

  /** Who holds most loses first; of one client's, and of clients that hold as much, who has kept us waiting longest. */
  private next(): Laggard | null {
    let first: Lag[] | null = null
    let most = 0
    for (const [client, own] of this.laggards) {
      const held = this.held.get(client) ?? 0
      if (first !== null && (held < most || (held === most && longest(own) <= longest(first)))) continue
      first = own
      most = held
    }
    if (first === null) return null
    const { one } = first.pop()!
    if (first.length === 0) this.laggards.delete(one.client)
    return one
  }

  private release(): void {
    this.gathering.next()!.released()
  }

  /**
   * Whose place another has who comes for this client: the longest there of the client with most, or of this one; where it
   * has none, and nobody more than one, the longest there of all, or as many addresses as places would shut everybody out.
   */
  private loser(client: string, nowMs: number): GatheringRequest | null {
    for (const one of this.gathering.most(client)) return one
    for (const one of this.gathering.of(client))
      return nowMs - this.gathering.since(one)! > GATHER_MS ? one : null
    for (const one of this.gathering) return one
    return null
  }
}
