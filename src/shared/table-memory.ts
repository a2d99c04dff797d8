/**
 * One generation of a table, in memory that threads share: the main thread writes, everybody reads.
 *
 * - `index`: pairs of 32-bit words, a part of the key's hash and where the row is; open addressing, a power of two of
 *   pairs, never more than three quarters taken.
 * - `rows`: one after another, each its length in bytes (32 bits) and then JSON, `["key",value]`.
 *
 * A row is never written again, and its place never used again, so no reader can meet half of one: what changes is
 * where the index points, one word. When the room is used up there is a next generation, with the rows that are left.
 */
export interface TableMemory {
  readonly name: string
  readonly index: SharedArrayBuffer
  readonly rows: SharedArrayBuffer
}

/** Where the index points: places are counted in words of four bytes, from 1. */
export const EMPTY = 0
export const REMOVED = -1

export class TableView {
  readonly index: Int32Array
  readonly rows: Buffer
  private readonly lengths: Int32Array
  private readonly mask: number

  constructor({ index, rows }: TableMemory) {
    this.index = new Int32Array(index)
    this.rows = Buffer.from(rows)
    this.lengths = new Int32Array(rows)
    this.mask = this.index.length / 2 - 1
  }

  get pairs(): number {
    return this.mask + 1
  }

  /** The pair at which a key's search begins, by word d of its hash, and the one after a pair. */
  first(d: number): number {
    return d & this.mask
  }

  after(pair: number): number {
    return (pair + 1) & this.mask
  }

  place(pair: number): number {
    return Atomics.load(this.index, pair * 2 + 1)
  }

  part(pair: number): number {
    return Atomics.load(this.index, pair * 2)
  }

  bytes(place: number): number {
    return this.lengths[place]!
  }

  text(place: number): string {
    const start = place * 4 + 4
    return this.rows.toString('utf8', start, start + this.lengths[place]!)
  }
}
