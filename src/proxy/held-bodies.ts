import { Ring, type Linked } from '../http/ring.ts'

/** What bodies that filters have held may take in one worker; beyond that somebody loses. */
const LIMIT_BYTES = 64 * 1024 * 1024

/** An exchange whose body is held. */
export interface BodyOwner {
  /** Whose share it takes. */
  readonly share: string
  /** Another client has its room: the exchange is to end, and the body to be released. */
  displaced(): void
}

interface Share {
  readonly name: string
  bytes: number
  /** In the order in which they came. */
  readonly bodies: Ring<BodyRoom>
}

/** Bodies that are held for filters in one worker: how much that is, and who loses when it is too much. */
export class HeldBodies {
  bytes = 0
  private readonly limitBytes: number
  private readonly shares = new Map<string, Share>()

  constructor(limitBytes: number = LIMIT_BYTES) {
    this.limitBytes = limitBytes
  }

  add(body: BodyRoom, bytes: number): void {
    const known = (body.held ??= this.enter(body))
    known.bytes += bytes
    this.bytes += bytes
    while (this.bytes > this.limitBytes) this.displace()
  }

  remove(body: BodyRoom, bytes: number): void {
    const known = body.held
    if (known === null) return
    body.held = null
    known.bodies.remove(body)
    known.bytes -= bytes
    this.bytes -= bytes
    if (known.bodies.first === null) this.shares.delete(known.name)
  }

  private enter(body: BodyRoom): Share {
    const { share: name } = body.owner
    let share = this.shares.get(name)
    if (share === undefined) this.shares.set(name, (share = { name, bytes: 0, bodies: new Ring() }))
    share.bodies.push(body)
    return share
  }

  /** The newest body of the client that has most. */
  private displace(): void {
    let most: Share | null = null
    for (const share of this.shares.values()) if (most === null || share.bytes > most.bytes) most = share
    const newest = most?.bodies.last
    newest?.owner.displaced()
    newest?.release()
  }
}

/** The room of one body. */
export class BodyRoom implements Linked<BodyRoom> {
  before: BodyRoom | null = null
  after: BodyRoom | null = null
  /** Where it stands; null where it does in none. */
  held: Share | null = null
  readonly owner: BodyOwner
  private readonly all: HeldBodies
  private bytes = 0
  private released = false

  constructor(all: HeldBodies, owner: BodyOwner) {
    this.all = all
    this.owner = owner
  }

  grow(bytes: number): void {
    if (this.released) return
    this.bytes += bytes
    this.all.add(this, bytes)
  }

  release(): void {
    if (this.released) return
    this.released = true
    this.all.remove(this, this.bytes)
  }
}
