import { shareKey } from '../../http/share-key.ts'

/** Of what is kept: one client an eighth, one route a quarter, as soon as others want it. */
const CLIENT_PART = 8
const ROUTE_PART = 4

/** Who has slots of one ring: a client, a route, or everybody. */
class Holder {
  readonly key: string
  first = -1
  last = -1
  count = 0

  constructor(key: string) {
    this.key = key
  }
}

/** Slots of each holder in the order in which they were taken. */
class Chains {
  readonly owner: (Holder | null)[]
  private readonly next: Int32Array
  private readonly before: Int32Array

  constructor(slots: number) {
    this.owner = Array.from({ length: slots }, () => null)
    this.next = new Int32Array(slots)
    this.before = new Int32Array(slots)
  }

  append(holder: Holder, slot: number): void {
    this.owner[slot] = holder
    this.before[slot] = holder.last
    this.next[slot] = -1
    if (holder.last === -1) holder.first = slot
    else this.next[holder.last] = slot
    holder.last = slot
    holder.count++
  }

  /** Its holder, which has one less. */
  remove(slot: number): Holder {
    const holder = this.owner[slot]!
    const before = this.before[slot]!
    const next = this.next[slot]!
    if (before === -1) holder.first = next
    else this.next[before] = next
    if (next === -1) holder.last = before
    else this.before[next] = before
    holder.count--
    this.owner[slot] = null
    return holder
  }
}

/** Holders of one kind, by key. */
class Holders {
  readonly share: number
  readonly chains: Chains
  private readonly byKey = new Map<string, Holder>()
  /** Those with more than their share: fewer than there are shares. */
  private readonly rich = new Set<Holder>()

  constructor(slots: number, parts: number) {
    this.share = Math.max(1, Math.floor(slots / parts))
    this.chains = new Chains(slots)
  }

  find(key: string): Holder | undefined {
    return this.byKey.get(key)
  }

  take(key: string, slot: number): void {
    let holder = this.byKey.get(key)
    if (holder === undefined) {
      // A copy: what was cut out of a head would keep all of it.
      holder = new Holder(Buffer.from(key, 'latin1').toString('latin1'))
      this.byKey.set(holder.key, holder)
    }
    this.chains.append(holder, slot)
    if (holder.count > this.share) this.rich.add(holder)
  }

  leave(slot: number): void {
    const holder = this.chains.remove(slot)
    if (holder.count <= this.share) this.rich.delete(holder)
    if (holder.count === 0) this.byKey.delete(holder.key)
  }

  /** Who has most, if that is more than a share. */
  get richest(): Holder | null {
    let most: Holder | null = null
    for (const holder of this.rich) if (most === null || holder.count > most.count) most = holder
    return most
  }
}

/**
 * Which slot of a ring the next record has, whose client and route are these. As long as there is room, a free one. When
 * there is none, who has a share already loses the oldest of what it has; everybody else has the oldest of who has more
 * than a share; and where nobody has, the oldest of all. So who asks a thousand times for what is not there pushes out an
 * eighth of what others have been answered, and no more, whichever of them came first.
 */
export class KeptRing {
  private readonly clients: Holders
  private readonly routes: Holders
  private readonly all = new Holder('')
  private readonly order: Chains
  /** The last is the next to be taken, so that memory is touched from the front. */
  private readonly free: number[]

  constructor(slots: number) {
    this.free = Array.from({ length: slots }, (_, i) => slots - 1 - i)
    this.clients = new Holders(slots, CLIENT_PART)
    this.routes = new Holders(slots, ROUTE_PART)
    this.order = new Chains(slots)
  }

  /** A slot for the record; whatever is in it goes. `client` is an address. */
  take(client: string, route: string): number {
    const key = shareKey(client)
    const slot = this.free.pop() ?? this.freed(key, route)
    this.hold(slot, key, route)
    return slot
  }

  /** These are there already, the oldest first. */
  restore(held: readonly { readonly slot: number; readonly client: string; readonly route: string }[]): void {
    const slots = new Set(held.map(({ slot }) => slot))
    this.free.splice(0, Infinity, ...this.free.filter(slot => !slots.has(slot)))
    for (const { slot, client, route } of held) this.hold(slot, shareKey(client), route)
  }

  private hold(slot: number, key: string, route: string): void {
    this.order.append(this.all, slot)
    this.clients.take(key, slot)
    this.routes.take(route, slot)
  }

  private freed(client: string, route: string): number {
    const slot = this.victim(client, route)
    this.order.remove(slot)
    this.clients.leave(slot)
    this.routes.leave(slot)
    return slot
  }

  private victim(client: string, route: string): number {
    const own = this.clients.find(client)
    if (own !== undefined && own.count >= this.clients.share) return own.first
    const same = this.routes.find(route)
    if (same !== undefined && same.count >= this.routes.share) return same.first
    return (this.clients.richest ?? this.routes.richest ?? this.all).first
  }
}
