import { Ring, type Linked } from '../http/ring.ts'

/** Somebody who shares with others. */
export interface Sharer {
  /** Whose share it counts as (http/share-key.ts). */
  readonly client: string
}

/** One's place among its client's. */
class Seat<T> implements Linked<Seat<T>> {
  before: Seat<T> | null = null
  after: Seat<T> | null = null
  readonly one: T
  readonly sinceMs: number
  readonly client: Client<T>
  readonly arrival = new Arrival(this)

  constructor(one: T, sinceMs: number, client: Client<T>) {
    this.one = one
    this.sinceMs = sinceMs
    this.client = client
  }
}

/** The same among all. */
class Arrival<T> implements Linked<Arrival<T>> {
  before: Arrival<T> | null = null
  after: Arrival<T> | null = null
  readonly seat: Seat<T>

  constructor(seat: Seat<T>) {
    this.seat = seat
  }
}

class Client<T> implements Linked<Client<T>> {
  before: Client<T> | null = null
  after: Client<T> | null = null
  size = 0
  readonly name: string
  readonly own = new Ring<Seat<T>>()

  constructor(name: string) {
    this.name = name
  }
}

/**
 * Those who want the same thing, served in turn by client, so that who asks a
 * thousand times delays nobody else's first; what one client asks for is first
 * come, first served. Who has left is kept by nothing here (http/by-id.ts says
 * what a Set would do); whoever is here is so once.
 */
export class Turns<T extends Sharer> {
  size = 0
  /** Those who have somebody, in the order of their turns: whoever has had one goes to the end. */
  private readonly order = new Ring<Client<T>>()
  private readonly clients = new Map<string, Client<T>>()
  private readonly seats = new WeakMap<T, Seat<T>>()
  private readonly arrivals = new Ring<Arrival<T>>()

  /** How many clients they are of. */
  get sharers(): number {
    return this.clients.size
  }

  /** `sinceMs` is for whoever asks since when it is here. */
  add(one: T, sinceMs = 0): void {
    let client = this.clients.get(one.client)
    if (client === undefined) {
      client = new Client<T>(one.client)
      this.clients.set(one.client, client)
      this.order.push(client)
    }
    const seat = new Seat(one, sinceMs, client)
    this.seats.set(one, seat)
    client.own.push(seat)
    client.size++
    this.arrivals.push(seat.arrival)
    this.size++
  }

  /** False where it is not among them. */
  delete(one: T): boolean {
    const seat = this.size === 0 ? undefined : this.seats.get(one)
    if (seat === undefined) return false
    this.leave(seat)
    return true
  }

  /** Takes out whose turn it is, among those who take what there is. */
  next(takes: (one: T) => boolean = anything): T | null {
    for (const client of this.order)
      for (const seat of client.own) {
        if (!takes(seat.one)) continue
        this.leave(seat)
        if (client.size > 0) {
          this.order.remove(client)
          this.order.push(client)
        }
        return seat.one
      }
    return null
  }

  /** Since when it is here; undefined where it is not. */
  since(one: T): number | undefined {
    return this.seats.get(one)?.sinceMs
  }

  /** All, the longest there first. Who is met may leave. */
  *[Symbol.iterator](): Generator<T, undefined> {
    for (const { seat } of this.arrivals) yield seat.one
  }

  /** Those of one client, the longest there first. */
  of(client: string): Iterable<T> {
    return onesOf(this.clients.get(client))
  }

  /** Those of the client that has most, the longest there first; empty where one more of `client` would have as many. */
  most(client: string): Iterable<T> {
    let most: Client<T> | undefined
    for (const one of this.order) if (one.size > (most?.size ?? 0)) most = one
    const own = this.clients.get(client)?.size ?? 0
    return onesOf((most?.size ?? 0) > 1 + own ? most : undefined)
  }

  private leave(seat: Seat<T>): void {
    const { client } = seat
    this.seats.delete(seat.one)
    client.own.remove(seat)
    this.arrivals.remove(seat.arrival)
    this.size--
    if (--client.size > 0) return
    this.clients.delete(client.name)
    this.order.remove(client)
  }
}

function* onesOf<T>(client: Client<T> | undefined): Generator<T, undefined> {
  if (client !== undefined) for (const { one } of client.own) yield one
}

function anything(): true {
  return true
}
