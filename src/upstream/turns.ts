/** Somebody who shares with others. */
export interface Sharer {
  /** Whose share it counts as (http/share-key.ts). */
  readonly client: string
}

/**
 * Those who want the same thing, served in turn by client, so that who asks a
 * thousand times delays nobody else's first; what one client asks for is first
 * come, first served.
 */
export class Turns<T extends Sharer> {
  size = 0
  // The order of a Map is that of the turns: whoever has had one goes to its end. Sets let anyone leave at no cost.
  private readonly clients = new Map<string, Set<T>>()

  /** How many clients they are of. */
  get sharers(): number {
    return this.clients.size
  }

  add(one: T): void {
    const own = this.clients.get(one.client)
    if (own === undefined) this.clients.set(one.client, new Set([one]))
    else own.add(one)
    this.size++
  }

  /** False where it is not among them. */
  delete(one: T): boolean {
    const own = this.clients.get(one.client)
    if (own === undefined || !own.delete(one)) return false
    if (own.size === 0) this.clients.delete(one.client)
    this.size--
    return true
  }

  /** Takes out whose turn it is, among those who take what there is. */
  next(takes: (one: T) => boolean = anything): T | null {
    for (const [client, own] of this.clients)
      for (const one of own) {
        if (!takes(one)) continue
        this.clients.delete(client)
        if (own.size > 1) this.clients.set(client, own)
        own.delete(one)
        this.size--
        return one
      }
    return null
  }

  /** Those of one client, the longest there first. */
  of(client: string): Iterable<T> {
    return this.clients.get(client) ?? []
  }

  /** Those of the client that has most, the longest there first; empty where one more of `client` would have as many. */
  most(client: string): Iterable<T> {
    let most: ReadonlySet<T> = new Set()
    for (const own of this.clients.values()) if (own.size > most.size) most = own
    return most.size > 1 + (this.clients.get(client)?.size ?? 0) ? most : []
  }
}

function anything(): true {
  return true
}
