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

  /** `hash` must be the one that the asker carries along. */
  constructor(entries: ReadonlyMap<string, V>, hash: (key: string) => number) {
    this.keys = [...entries.keys()]
    this.values = [...entries.values()]
    this.hashes = Int32Array.from(this.keys, hash)
    this.longest = this.keys.reduce((longest, { length }) => Math.max(longest, length), 0)
    const size = 2 ** Math.ceil(Math.log2(Math.max(2, this.keys.length * 2)))
    this.mask = size - 1
    this.slots = new Int32Array(size).fill(-1)
    for (let i = 0; i < this.keys.length; i++) this.slots[this.freeSlot(this.hashes[i]!)] = i
  }

  /** The value of the piece of `text` that begins at `start` and has this length and hash. */
  find(hash: number, text: string, start: number, length: number): V | undefined {
    for (let at = spread(hash) & this.mask; ; at = (at + 1) & this.mask) {
      const i = this.slots[at]!
      if (i < 0) return undefined
      if (this.hashes[i] !== hash) continue
      const key = this.keys[i]!
      if (key.length === length && text.startsWith(key, start)) return this.values[i]
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
