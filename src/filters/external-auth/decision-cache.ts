/** A decision that is kept for a client. */
interface Entry<T> {
  readonly key: string
  readonly value: T
  readonly expiresMs: number
  readonly holder: Holder<T>
}

/** What one client holds; the one that was used longest ago comes first. */
interface Holder<T> {
  readonly client: string
  readonly entries: Set<Entry<T>>
}

/**
 * Values by key, for a time, and at most so many. When it is full, the client that holds most loses the one that it
 * used longest ago: whoever asks for ever new things takes no place from others. Times are of one clock, in milliseconds.
 */
export class DecisionCache<T> {
  private readonly most: number
  private readonly entries = new Map<string, Entry<T>>()
  private readonly holders = new Map<string, Holder<T>>()
  /** Holders by how many entries they have, and the highest such number: counts change by one, so nothing is searched for. */
  private readonly levels: Set<Holder<T>>[] = []
  private top = 0

  constructor(most: number) {
    this.most = most
  }

  get size(): number {
    return this.entries.size
  }

  get(key: string, nowMs: number): T | undefined {
    const entry = this.entries.get(key)
    if (entry === undefined) return undefined
    if (entry.expiresMs <= nowMs) {
      this.remove(entry)
      return undefined
    }
    const { entries } = entry.holder
    entries.delete(entry)
    entries.add(entry)
    return entry.value
  }

  put(client: string, key: string, value: T, expiresMs: number): void {
    const before = this.entries.get(key)
    if (before !== undefined) this.remove(before)
    if (this.entries.size >= this.most) this.makeRoom()
    const holder = this.holders.get(client) ?? { client, entries: new Set() }
    this.holders.set(client, holder)
    const entry = { key, value, expiresMs, holder }
    this.entries.set(key, entry)
    holder.entries.add(entry)
    this.moved(holder, holder.entries.size - 1)
  }

  /** Gives up what is past its time. */
  sweep(nowMs: number): void {
    for (const entry of this.entries.values()) if (entry.expiresMs <= nowMs) this.remove(entry)
  }

  clear(): void {
    this.entries.clear()
    this.holders.clear()
    this.levels.length = 0
    this.top = 0
  }

  private makeRoom(): void {
    const [holder] = this.levels[this.top] ?? []
    const [oldest] = holder?.entries ?? []
    if (oldest !== undefined) this.remove(oldest)
  }

  private remove(entry: Entry<T>): void {
    const { key, holder } = entry
    this.entries.delete(key)
    holder.entries.delete(entry)
    if (holder.entries.size === 0) this.holders.delete(holder.client)
    this.moved(holder, holder.entries.size + 1)
  }

  private moved(holder: Holder<T>, before: number): void {
    const { levels } = this
    const now = holder.entries.size
    levels[before]?.delete(holder)
    if (now > 0) (levels[now] ??= new Set()).add(holder)
    this.top = Math.max(this.top, now)
    while (this.top > 0 && (levels[this.top]?.size ?? 0) === 0) this.top--
  }
}
