import { randomBytes } from 'node:crypto'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { AskedOften } from './asked-often.ts'
import { Changes } from './changes.ts'
import { Claims, release, releaseAll, type Claim } from './claims.ts'
import { Residents } from './residents.ts'
import { Shelf } from './shelf.ts'
import { meaning, storedBytes, type Purge, type Stored } from './stored.ts'

/** For a worker; `port` is to be transferred. */
export interface CacheHandle {
  readonly port: MessagePort
  /** Int32: how many changes were made known, and whether the memory is full (1). */
  readonly published: SharedArrayBuffer
  readonly seen: number
  /** Int32 by place: how often a stored answer was used (see Residents). */
  readonly hits: SharedArrayBuffer
  /** How often what is not stored was asked for (see AskedOften). */
  readonly asked: SharedArrayBuffer
  /** See Changes, and Claims. */
  readonly changes: SharedArrayBuffer
  readonly claims: SharedArrayBuffer
  readonly secret: Uint8Array
  /** Int32 by owner: KiB of bodies that are still sent to clients and are stored no more. */
  readonly lingering: SharedArrayBuffer
  readonly owner: number
  readonly limitBytes: number
  readonly stored: readonly Stored[]
}

/** From a worker. */
export type ToKeeper =
  | {
      readonly type: 'offer'
      readonly stored: Stored
      readonly asked: number
      readonly seen: number
      /** Given back once all workers can find it; null: there is none. */
      readonly claim: Claim | null
    }
  | {
      readonly type: 'outdated'
      readonly url: string
      /** This one alone, and not all of the URL. */
      readonly only: Pick<Stored, 'id' | 'place' | 'values'> | null
    }

/** To all workers: what is stored from now on, and what is not; or to the one whose offer was not taken, which counts as no change. */
export type FromKeeper =
  | {
      readonly type: 'change'
      readonly put: Stored | null
      readonly drop: readonly number[]
      /** What was asked before this is not to be stored. */
      readonly purged: boolean
    }
  | { readonly type: 'refused'; readonly url: string; readonly place: string; readonly values: string }

const OWNERS = 1_024
/** So many go for one answer at most: the main thread finds a thousand in 2 ms, and one that is worth more than them all is rare. */
const MOST_VICTIMS = 1_000

/**
 * The cache of a process: which answers are kept, on the main thread. Bodies are memory that all threads share, and
 * are copied to none; each worker has an index of its own, which messages keep the same (`CacheReader`). What is
 * decided here costs nobody who is served from it anything.
 */
export class CacheKeeper {
  private readonly shelf = new Shelf()
  private readonly residents: Residents
  private readonly ports = new Map<number, MessagePort>()
  private readonly published = new SharedArrayBuffer(8)
  private readonly words = new Int32Array(this.published)
  private readonly asked = AskedOften.memory()
  private readonly changes = Changes.memory()
  private readonly claims = Claims.memory()
  private readonly secret = randomBytes(16)
  private readonly lingering = new SharedArrayBuffer(OWNERS * 4)
  private readonly limitBytes: number
  /** How many changes had been made known when something was last purged. */
  private purgedAt = 0

  /** `places`: answers at most. */
  constructor(limitBytes: number, places?: number) {
    this.limitBytes = limitBytes
    this.residents = new Residents(places)
  }

  /** For one more worker, which must not have the number of one that lives. */
  attach(owner: number): CacheHandle {
    const { port1, port2 } = new MessageChannel()
    port1.on('message', (message: ToKeeper) => this.receive(message, port1))
    port1.unref()
    this.ports.set(owner, port1)
    port1.once('close', () => {
      if (this.ports.get(owner) === port1) this.ports.delete(owner)
    })
    const { published, lingering, limitBytes, asked, changes, claims, secret } = this
    const { hits } = this.residents
    const shared = { published, hits, lingering, asked, changes, claims, secret, limitBytes }
    return { ...shared, port: port2, seen: this.count(), owner, stored: [...this.shelf.all()] }
  }

  /** A worker has ended: it sends nothing to anybody any more. */
  release(owner: number): void {
    Atomics.store(new Int32Array(this.lingering), owner % OWNERS, 0)
    releaseAll(this.claims, owner)
    this.ports.get(owner)?.close()
    this.ports.delete(owner)
  }

  /** How many answers are stored no more. It counts for all workers when the call returns. */
  purge(purge: Purge): number {
    const isMeant = meaning(purge)
    const gone = [...this.shelf.all()].filter(isMeant)
    for (const one of gone) this.forget(one)
    this.publish(null, gone, true)
    this.purgedAt = this.count()
    return gone.length
  }

  get figures(): { readonly entries: number; readonly bytes: number; readonly limitBytes: number } {
    const { count, bytes } = this.residents
    return { entries: count, bytes: bytes + this.lingeringBytes, limitBytes: this.limitBytes }
  }

  private receive(message: ToKeeper, from: MessagePort): void {
    if (message.type === 'offer') {
      const { stored, asked, seen, claim } = message
      // What was asked before a purge may have been answered before it.
      if (isBefore(seen, this.purgedAt) || !this.take(stored, asked)) refuse(stored, from)
      if (claim !== null) release(this.claims, claim)
      return
    }
    const { url, only } = message
    const gone = [...this.shelf.at(url)].filter(one => only === null || isSame(one, only))
    for (const one of gone) this.forget(one)
    if (gone.length > 0) this.publish(null, gone)
  }

  /** `asked`: how often it was asked for lately. */
  private take(offer: Stored, asked: number): boolean {
    const bytes = storedBytes(offer)
    const drop = this.makeRoom(bytes, asked, offer.client)
    if (drop === null) return false
    for (const one of drop) this.forget(one)
    const stored = { ...offer, id: this.residents.nextId() }
    for (const one of this.shelf.put(stored)) {
      this.residents.remove(one)
      drop.push(one)
    }
    this.residents.add(stored, bytes)
    this.publish(stored, drop)
    return true
  }

  /** What is to go for it; null where what is there is worth more, or too much would have to go for one. */
  private makeRoom(bytes: number, asked: number, client: string): Stored[] | null {
    const { residents, limitBytes } = this
    const drop = new Set<Stored>()
    let over = residents.bytes + this.lingeringBytes + bytes - limitBytes
    const needs = (): boolean => over > 0 || residents.isTaken(drop.size)
    if (needs()) Atomics.store(this.words, 1, 1)
    // What is still sent, and no more kept, goes without telling.
    else if (over < -limitBytes * 0.1) this.tellOfRoom()
    if (over > MOST_VICTIMS * (residents.bytes / residents.count)) return null
    while (needs()) {
      const victim = drop.size < MOST_VICTIMS ? residents.victim(asked, client, drop) : null
      if (victim === null) return null
      drop.add(victim)
      over -= storedBytes(victim)
    }
    return [...drop]
  }

  private get lingeringBytes(): number {
    let sum = 0
    for (const kib of new Int32Array(this.lingering)) sum += kib
    return sum * 1024
  }

  private forget(stored: Stored): void {
    this.shelf.remove(stored)
    this.residents.remove(stored)
    if (this.residents.bytes < this.limitBytes * 0.9) this.tellOfRoom()
  }

  private tellOfRoom(): void {
    if (!this.residents.isCrowded) Atomics.store(this.words, 1, 0)
  }

  /** The message comes before the word: whoever sees the word finds the message. */
  private publish(put: Stored | null, gone: readonly Stored[], purged = false): void {
    const drop = gone.map(({ id }) => id)
    const message: FromKeeper = { type: 'change', put, drop, purged }
    for (const port of this.ports.values()) port.postMessage(message)
    Atomics.add(this.words, 0, 1)
  }

  private count(): number {
    return Atomics.load(this.words, 0)
  }
}

/** Of two counts of changes, which begin again at their end. */
export function isBefore(seen: number, other: number): boolean {
  return ((other - seen) | 0) > 0
}

/** What has come into its place meanwhile is not meant. */
function isSame(one: Stored, { id, place, values }: Pick<Stored, 'id' | 'place' | 'values'>): boolean {
  return one.place === place && one.values === values && (id === 0 || one.id === id)
}

function refuse({ url, place, values }: Stored, port: MessagePort): void {
  port.postMessage({ type: 'refused', url, place, values } satisfies FromKeeper)
}
