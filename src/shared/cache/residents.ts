import { storedBytes, type Stored } from './stored.ts'

/** Answers at most: a word of shared memory each. A power of two. */
const MOST_PLACES = 1 << 18
/** How many are looked at to find one that can go: Redis' measurements say that ten come close to the true order. */
const SAMPLE = 10
/** So many changes after which what was used before counts half. */
const HALVED_AFTER = 4_096

/**
 * Who is in the memory of the cache, and who goes when it is full. How often each was used is counted by workers in
 * shared memory; a new one has its place only where it was asked for more often than the one that would go. So URLs
 * that are asked for once push out each other, and never what others are served from; of two that are worth the same,
 * the one goes whose client has more of the memory.
 */
export class Residents {
  /** Int32 by `id % places`: how often it was used, lately. */
  readonly hits: SharedArrayBuffer
  bytes = 0
  private readonly places: number
  private readonly uses: Int32Array
  private readonly list: Stored[] = []
  private readonly index = new Map<number, number>()
  /** Numbers at places that were left. */
  private readonly free: number[] = []
  private lastId = 0
  private readonly byClient = new Map<string, number>()
  private changes = 0

  constructor(places = MOST_PLACES) {
    this.places = places
    this.hits = new SharedArrayBuffer(places * 4)
    this.uses = new Int32Array(this.hits)
  }

  get count(): number {
    return this.list.length
  }

  /** Of all the places there are. */
  get isCrowded(): boolean {
    return this.list.length > this.places * 0.9
  }

  /** So many answers have places that one more has none until `gone` are removed. */
  isTaken(gone: number): boolean {
    return this.list.length - gone >= this.places
  }

  /** For one more: nobody has its place, and nobody has had the number. */
  nextId(): number {
    return this.free.pop() ?? ++this.lastId
  }

  add(stored: Stored, bytes: number): void {
    const { id, client } = stored
    this.index.set(id, this.list.push(stored) - 1)
    this.uses[id % this.places] = 0
    this.bytes += bytes
    this.byClient.set(client, (this.byClient.get(client) ?? 0) + bytes)
    if (++this.changes % HALVED_AFTER === 0) this.halve()
  }

  remove(stored: Stored): void {
    const { id, client } = stored
    const at = this.index.get(id)
    if (at === undefined) return
    const last = this.list.pop()!
    if (last.id !== id) {
      this.list[at] = last
      this.index.set(last.id, at)
    }
    this.index.delete(id)
    this.free.push(id + this.places)
    const bytes = storedBytes(stored)
    this.bytes -= bytes
    const left = (this.byClient.get(client) ?? 0) - bytes
    if (left > 0) this.byClient.set(client, left)
    else this.byClient.delete(client)
  }

  /** The one that can go for one that was asked for so often; null where all that were looked at are worth more. */
  victim(asked: number, client: string, but: ReadonlySet<Stored>): Stored | null {
    let worst: Stored | null = null
    for (let i = 0; i < SAMPLE; i++) {
      const one = this.list[Math.floor(Math.random() * this.list.length)]
      if (one === undefined || but.has(one)) continue
      if (worst === null || this.isWorse(one, worst)) worst = one
    }
    if (worst === null) return null
    const uses = this.usesOf(worst)
    // Who has more of the memory than another does not push that other out.
    const isFair = worst.client === client || this.heldBy(client) <= this.heldBy(worst.client)
    return uses < asked && (uses === 0 || isFair || asked > 2 * uses) ? worst : null
  }

  private isWorse(one: Stored, other: Stored): boolean {
    const [a, b] = [this.usesOf(one), this.usesOf(other)]
    return a === b ? this.heldBy(one.client) > this.heldBy(other.client) : a < b
  }

  private usesOf({ id }: Stored): number {
    return this.uses[id % this.places]!
  }

  private heldBy(client: string): number {
    return this.byClient.get(client) ?? 0
  }

  private halve(): void {
    for (const { id } of this.list) this.uses[id % this.places]! >>= 1
  }
}
