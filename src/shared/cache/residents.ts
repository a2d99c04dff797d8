import { storedBytes, type Stored } from './stored.ts'

/** Answers at most: a word of shared memory each. A power of two. */
const PLACES = 1 << 18
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
  /** Int32 by `id % PLACES`: how often it was used, lately. */
  readonly hits = new SharedArrayBuffer(PLACES * 4)
  bytes = 0
  private readonly uses = new Int32Array(this.hits)
  private readonly list: Stored[] = []
  private readonly index = new Map<number, number>()
  private readonly taken = new Set<number>()
  private readonly byClient = new Map<string, number>()
  private changes = 0

  get count(): number {
    return this.list.length
  }

  /** An id whose place nobody has; null where all are taken. */
  nextPlace(from: number): number | null {
    for (let id = from; id < from + SAMPLE; id++) if (!this.taken.has(id % PLACES)) return id
    return null
  }

  add(stored: Stored, bytes: number): void {
    const { id, client } = stored
    this.index.set(id, this.list.push(stored) - 1)
    this.taken.add(id % PLACES)
    this.uses[id % PLACES] = 0
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
    this.taken.delete(id % PLACES)
    const bytes = storedBytes(stored)
    this.bytes -= bytes
    const left = (this.byClient.get(client) ?? 0) - bytes
    if (left > 0) this.byClient.set(client, left)
    else this.byClient.delete(client)
  }

  /** The one that can go for one that was asked for so often; null where all that were looked at are worth more. */
  victim(asked: number, client: string, but: readonly Stored[]): Stored | null {
    let worst: Stored | null = null
    for (let i = 0; i < SAMPLE; i++) {
      const one = this.list[Math.floor(Math.random() * this.list.length)]
      if (one === undefined || but.includes(one)) continue
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
    return this.uses[id % PLACES]!
  }

  private heldBy(client: string): number {
    return this.byClient.get(client) ?? 0
  }

  private halve(): void {
    for (const { id } of this.list) this.uses[id % PLACES]! >>= 1
  }
}
