import { Ring, type Linked } from '../../http/ring.ts'
import { Ranking, type Level, type Ranked } from './ranking.ts'

/** Settled places that are looked at for an idle one, of one client and of all: a choice costs microseconds, whoever holds what. */
const CLIENT_LOOKS = 16
const LOOKS = 64

/** A place and who has it: silent until it is settled. */
export class Place<T> implements Linked<Place<T>> {
  readonly owner: T
  tenant: Tenant<T>
  silent = true
  left = false
  before: Place<T> | null = null
  after: Place<T> | null = null
  private readonly places: Places<T>

  constructor(owner: T, tenant: Tenant<T>, places: Places<T>) {
    this.owner = owner
    this.tenant = tenant
    this.places = places
  }

  /** Its owner has said what it wants. */
  settle(): void {
    this.places.settle(this)
  }

  /** Its owner turned out to be another client. */
  move(client: string): void {
    this.places.move(this, client)
  }

  /** It is free for somebody else. */
  leave(): void {
    this.places.leave(this)
  }
}

/** A client, and the places that it holds, those first that it has had longest. */
class Tenant<T> implements Ranked<Tenant<T>> {
  readonly client: string
  readonly silent = new Ring<Place<T>>()
  readonly settled = new Ring<Place<T>>()
  count = 0
  level: Level<Tenant<T>> | null = null
  listed: Ring<Tenant<T>> | null = null
  before: Tenant<T> | null = null
  after: Tenant<T> | null = null

  constructor(client: string) {
    this.client = client
  }

  get hasSilent(): boolean {
    return this.silent.first !== null
  }
}

/**
 * Something of which there is only so much, and the clients that hold it. It has no limit by itself: who takes a place
 * beyond one asks `victim` whose place that is, in constant time.
 */
export class Places<T> {
  size = 0
  private readonly tenants = new Map<string, Tenant<T>>()
  private readonly ranking = new Ranking<Tenant<T>>()
  /** Those that have no share: balancers are many clients each. */
  private readonly unshared = new Tenant<T>('')

  /** "" is nobody's share. */
  take(client: string, owner: T): Place<T> {
    const place = new Place(owner, this.tenant(client), this)
    this.enter(place)
    return place
  }

  /**
   * Who has to yield to this newcomer, or null where it is the newcomer itself. It is of the client that holds most,
   * and not less than the newcomer's with it: one that is silent, else one that is idle; else the same of those that
   * hold less. Where nobody is idle, who holds most loses one that is busy, if it then still holds as many as the
   * newcomer's client. The longest there goes first. Those without a share only ever yield to each other.
   */
  victim(newcomer: Place<T>, idle: (owner: T) => boolean): T | null {
    const { tenant } = newcomer
    const least = tenant === this.unshared ? 1 : tenant.count
    const looks = { left: LOOKS }
    for (let level = this.ranking.highest; level !== null && level.count >= least; level = level.lower) {
      const found = silentIn(level, newcomer) ?? idleIn(level, looks, idle)
      if (found !== null) return found.owner
    }
    const { highest } = this.ranking
    if (highest !== null && highest.count > least) return highest.others.first!.settled.first!.owner
    if (tenant !== this.unshared) return null
    return (otherThan(newcomer, tenant.silent) ?? idleOf(tenant, looks, idle))?.owner ?? null
  }

  settle(place: Place<T>): void {
    const { tenant } = place
    if (!place.silent || place.left) return
    tenant.silent.remove(place)
    place.silent = false
    tenant.settled.push(place)
    this.rank(tenant)
  }

  move(place: Place<T>, client: string): void {
    if (place.tenant.client === client || place.left) return
    this.leave(place)
    place.left = false
    place.tenant = this.tenant(client)
    this.enter(place)
  }

  leave(place: Place<T>): void {
    const { tenant } = place
    if (place.left) return
    place.left = true
    ;(place.silent ? tenant.silent : tenant.settled).remove(place)
    tenant.count--
    this.size--
    if (tenant.count === 0) this.tenants.delete(tenant.client)
    this.rank(tenant)
  }

  private enter(place: Place<T>): void {
    const { tenant } = place
    ;(place.silent ? tenant.silent : tenant.settled).push(place)
    tenant.count++
    this.size++
    this.rank(tenant)
  }

  private tenant(client: string): Tenant<T> {
    if (client === '') return this.unshared
    let tenant = this.tenants.get(client)
    if (tenant === undefined) this.tenants.set(client, (tenant = new Tenant<T>(client)))
    return tenant
  }

  private rank(tenant: Tenant<T>): void {
    if (tenant !== this.unshared) this.ranking.update(tenant)
  }
}

function silentIn<T>({ withSilent }: Level<Tenant<T>>, newcomer: Place<T>): Place<T> | null {
  const { first } = withSilent
  if (first === null) return null
  // Only the newcomer's own client may have no other.
  return otherThan(newcomer, first.silent) ?? (first.after === null ? null : first.after.silent.first)
}

function otherThan<T>(newcomer: Place<T>, { first }: Ring<Place<T>>): Place<T> | null {
  return first === newcomer ? first.after : first
}

/** The clients that were looked at have their turn after the others of the level. */
function idleIn<T>(
  { withSilent, others }: Level<Tenant<T>>,
  looks: { left: number },
  idle: (owner: T) => boolean,
): Place<T> | null {
  for (const ring of [withSilent, others]) {
    const { last } = ring
    for (let tenant = ring.turn(); tenant !== null && looks.left > 0; tenant = ring.turn()) {
      const found = idleOf(tenant, looks, idle)
      if (found !== null) return found
      if (tenant === last) break
    }
  }
  return null
}

/** The busy ones that were looked at have their turn after the others: so all are looked at in time (CLOCK). */
function idleOf<T>(
  { settled }: Tenant<T>,
  looks: { left: number },
  idle: (owner: T) => boolean,
): Place<T> | null {
  const { last } = settled
  for (let i = 0; i < CLIENT_LOOKS && looks.left > 0; i++) {
    const place = settled.first
    if (place === null) return null
    looks.left--
    if (idle(place.owner)) return place
    if (settled.turn() === last) return null
  }
  return null
}
