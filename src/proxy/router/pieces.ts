/**
 * A table that is asked with a piece of a longer text, which is not cut out for
 * it: the asker carries a hash along while it walks over the text (a slice for a
 * Map costs an allocation and another hash each time). The keys are configured,
 * so no request can make them collide; what a request says is only compared.
 */
export class PieceTable<V> {
  readonly longest: number
  private readonly keys: readonly string[]
  private readonly values: readonly V[]
  private readonly hashes: Int32Array
  /** Open addressing, at most half full: index into keys, or -1. */
  private readonly slots: Int32Array
  private readonly mask: number

  private readonly hash: (key: string) => number

  private constructor(
    keys: readonly string[],
    values: readonly V[],
    hashes: Int32Array,
    hash: (key: string) => number,
  ) {
    this.keys = keys
    this.values = values
    this.hashes = hashes
    this.hash = hash
    const size = 2 ** Math.ceil(Math.log2(Math.max(2, keys.length * 2)))
    this.mask = size - 1
    this.slots = new Int32Array(size).fill(-1)
    let longest = 0
    for (let i = 0; i < keys.length; i++) {
      this.slots[this.freeSlot(hashes[i]!)] = i
      longest = Math.max(longest, keys[i]!.length)
    }
    this.longest = longest
  }

  /** `hash` must be the one that the asker carries along. */
  static of<V>(entries: ReadonlyMap<string, V>, hash: (key: string) => number): PieceTable<V> {
    const keys = [...entries.keys()]
    return new PieceTable(keys, [...entries.values()], Int32Array.from(keys, hash), hash)
  }

  get size(): number {
    return this.keys.length
  }

  /** The value of a key, as a Map has it. */
  get(key: string): V | undefined {
    return this.find(this.hash(key), key, 0, key.length)
  }

  /** The same with other values for some keys; null takes one out. Hashing them all again would be most of the cost of a new one. */
  with(changes: ReadonlyMap<string, V | null>): PieceTable<V> {
    const keys = this.keys.slice()
    const values = this.values.slice()
    const more: number[] = []
    const gone = new Set<number>()
    for (const [key, value] of changes) {
      const hash = this.hash(key)
      const known = this.indexOf(hash, key, 0, key.length)
      if (value === null) gone.add(known)
      else if (known >= 0) values[known] = value
      else {
        keys.push(key)
        values.push(value)
        more.push(hash)
      }
    }
    const hashes = new Int32Array(keys.length)
    hashes.set(this.hashes)
    hashes.set(more, this.hashes.length)
    if (gone.size === 0) return new PieceTable(keys, values, hashes, this.hash)
    const stays = (_: unknown, i: number): boolean => !gone.has(i)
    return new PieceTable(keys.filter(stays), values.filter(stays), hashes.filter(stays), this.hash)
  }

  /** The value of the piece of `text` that begins at `start` and has this length and hash. */
  find(hash: number, text: string, start: number, length: number): V | undefined {
    const index = this.indexOf(hash, text, start, length)
    return index < 0 ? undefined : this.values[index]
  }

  private indexOf(hash: number, text: string, start: number, length: number): number {
    for (let at = spread(hash) & this.mask; ; at = (at + 1) & this.mask) {
      const i = this.slots[at]!
      if (i < 0) return -1
      if (this.hashes[i] !== hash) continue
      const key = this.keys[i]!
      if (key.length === length && text.startsWith(key, start)) return i
    }
  }

  private freeSlot(hash: number): number {
    let at = spread(hash) & this.mask
    while (this.slots[at]! >= 0) at = (at + 1) & this.mask
    return at
  }
}

export const emptyHash = 0

export function addToHash(hash: number, code: number): number {
  return (Math.imul(hash, 31) + code) | 0
}

/** Neighbouring names differ in the last bits of the hash only, and would fill neighbouring slots. */
function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  return mixed ^ (mixed >>> 15)
}

export function hashForwards(key: string): number {
  let hash = emptyHash
  for (let i = 0; i < key.length; i++) hash = addToHash(hash, key.charCodeAt(i))
  return hash
}

export function hashBackwards(key: string): number {
  let hash = emptyHash
  for (let i = key.length - 1; i >= 0; i--) hash = addToHash(hash, key.charCodeAt(i))
  return hash
}
