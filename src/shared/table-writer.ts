import type { KeyHash } from './key-hash.ts'
import { EMPTY, REMOVED, TableView, type TableMemory } from './table-memory.ts'

/** Anything that JSON can say. */
export type RowValue =
  | string
  | number
  | boolean
  | null
  | readonly RowValue[]
  | { readonly [name: string]: RowValue }

const FIRST_PAIRS = 64
const FIRST_BYTES = 4_096

/** The main thread's end of one table. */
export class TableWriter {
  private readonly name: string
  private readonly hash: KeyHash
  /** The pair of each key that is there. */
  private pairs = new Map<string, number>()
  private view: TableView
  private current: TableMemory
  /** The word of each pair's key by which its search begins; readers have that of the key. */
  private starts: Int32Array
  /** Words of `rows` that are taken; the first is left out, because place 0 says that there is none. */
  private used = 1
  /** Those of them that nobody is led to any more. */
  private wasted = 0
  private removed = 0

  constructor(name: string, hash: KeyHash) {
    this.name = name
    this.hash = hash
    this.current = make(name, FIRST_PAIRS, FIRST_BYTES)
    this.view = new TableView(this.current)
    this.starts = new Int32Array(FIRST_PAIRS)
  }

  /** The current generation; another object after a change means that readers need it. */
  get memory(): TableMemory {
    return this.current
  }

  get size(): number {
    return this.pairs.size
  }

  keys(): Iterable<string> {
    return this.pairs.keys()
  }

  /** Readers see the row that was there, or this one. */
  put(key: string, value: RowValue): void {
    const text = JSON.stringify([key, value])
    const pair = this.pairs.get(key)
    if (pair !== undefined && this.view.text(this.view.place(pair)) === text) return
    const bytes = Buffer.byteLength(text)
    this.makeRoom(bytes, pair === undefined ? 1 : 0)
    this.point(key, this.write(text, bytes))
  }

  remove(key: string): void {
    const pair = this.pairs.get(key)
    if (pair === undefined) return
    this.waste(pair)
    Atomics.store(this.view.index, pair * 2 + 1, REMOVED)
    this.pairs.delete(key)
    this.removed++
  }

  private write(text: string, bytes: number): number {
    const place = this.used
    new Int32Array(this.current.rows, place * 4, 1)[0] = bytes
    this.view.rows.write(text, place * 4 + 4, bytes, 'utf8')
    this.used += wordsOf(bytes)
    return place
  }

  private point(key: string, place: number): void {
    const known = this.pairs.get(key)
    if (known !== undefined) {
      this.waste(known)
      Atomics.store(this.view.index, known * 2 + 1, place)
      return
    }
    const hash = this.hash.of(key)
    this.aim(key, hash.a, hash.d, place)
  }

  private aim(key: string, part: number, start: number, place: number): void {
    const pair = this.freePair(this.view.first(start))
    this.pairs.set(key, pair)
    this.starts[pair] = start
    Atomics.store(this.view.index, pair * 2, part)
    // Last: from here on the row is found.
    Atomics.store(this.view.index, pair * 2 + 1, place)
  }

  private freePair(first: number): number {
    const { view } = this
    let pair = first
    for (let place = view.place(pair); place !== EMPTY; place = view.place(pair)) {
      if (place === REMOVED) {
        this.removed--
        return pair
      }
      pair = view.after(pair)
    }
    return pair
  }

  private waste(pair: number): void {
    this.wasted += wordsOf(this.view.bytes(this.view.place(pair)))
  }

  private makeRoom(bytes: number, rows: number): void {
    const { view } = this
    const full = (this.used + wordsOf(bytes)) * 4 > view.rows.length
    const crowded = (this.size + this.removed + rows) * 4 > view.pairs * 3
    if (full || crowded) this.renew(bytes, rows)
  }

  /** The next generation: what is left of this one, and as much again. No key is hashed again, and rows without gaps are copied as one. */
  private renew(bytes: number, rows: number): void {
    const { view: old, pairs, starts, name, used } = this
    const words = used - this.wasted + wordsOf(bytes)
    const isDense = this.wasted === 0
    this.current = make(name, powerOfTwo((this.size + rows) * 2), Math.max(FIRST_BYTES, words * 8))
    this.view = new TableView(this.current)
    this.starts = new Int32Array(this.view.pairs)
    this.pairs = new Map()
    this.used = isDense ? used : 1
    this.wasted = 0
    this.removed = 0
    if (isDense) old.rows.copy(this.view.rows, 0, 0, used * 4)
    for (const [key, pair] of pairs) {
      const place = old.place(pair)
      this.aim(key, old.part(pair), starts[pair]!, isDense ? place : this.copy(old, place))
    }
  }

  private copy(from: TableView, place: number): number {
    const to = this.used
    const words = wordsOf(from.bytes(place))
    from.rows.copy(this.view.rows, to * 4, place * 4, (place + words) * 4)
    this.used += words
    return to
  }
}

function make(name: string, pairs: number, bytes: number): TableMemory {
  return { name, index: new SharedArrayBuffer(pairs * 8), rows: new SharedArrayBuffer(bytes) }
}

/** Of a row, with its length. */
function wordsOf(bytes: number): number {
  return 1 + Math.ceil(bytes / 4)
}

function powerOfTwo(least: number): number {
  return Math.max(FIRST_PAIRS, 2 ** Math.ceil(Math.log2(least)))
}
