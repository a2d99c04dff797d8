import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads'
import { KeyHash, type Hash128 } from './key-hash.ts'
import { EMPTY, REMOVED, TableView, type TableMemory } from './table-memory.ts'
import type { TablesHandle } from './tables.ts'

/** Rows by key; what it gives is shared, and not to be changed. */
export interface Lookup<T> {
  get(key: string): T | undefined
  /** The same, for who concludes something from a row and wants to know later whether that still holds. */
  row(key: string): Row<T> | undefined
}

export interface Row<T> {
  readonly value: T
  readonly mark: RowMark
}

/** Where and when a row was read; smaller than what it says. */
export interface RowMark {
  /**
   * Whether it is still there and the same: two reads of shared memory, whatever the table holds. A change counts from the moment
   * in which the main thread has made it. Now and then false although nothing has changed (the table has grown): then it
   * is to be looked up again.
   */
  isCurrent(): boolean
}

/** The tables, as one worker sees them. */
export class TableReader {
  private readonly port: MessagePort
  private readonly published: Int32Array
  private readonly hash: KeyHash
  private readonly tables = new Map<string, Table>()
  private seen: number

  constructor({ secret, tables, port, published, seen }: TablesHandle) {
    this.hash = new KeyHash(secret)
    this.port = port
    this.published = new Int32Array(published)
    this.seen = seen
    for (const memory of tables) this.named(memory.name).renew(memory)
    // A worker that reads nothing must not keep the generations that it was told of.
    port.on('message', (memory: TableMemory) => this.renew(memory))
    port.unref()
  }

  /** A table that the main thread has not filled yet is empty. */
  table<T>(name: string): Lookup<T> {
    const table = this.named(name)
    return {
      get: key => {
        this.catchUp()
        return table.find(key)?.value as T | undefined
      },
      row: key => {
        this.catchUp()
        const row = table.find(key)
        return row && { value: row.value as T, mark: new Mark(this, table, row) }
      },
    }
  }

  /** Takes the generations that have been made known. */
  catchUp(): void {
    if (Atomics.load(this.published, 0) !== this.seen) this.receive()
  }

  private named(name: string): Table {
    const known = this.tables.get(name)
    if (known !== undefined) return known
    const table = new Table(this.hash)
    this.tables.set(name, table)
    return table
  }

  private receive(): void {
    for (
      let next = receiveMessageOnPort(this.port);
      next !== undefined;
      next = receiveMessageOnPort(this.port)
    )
      // oxlint-disable-next-line typescript/no-unsafe-argument -- what SharedTables posted
      this.renew(next.message)
  }

  private renew(memory: TableMemory): void {
    this.seen = (this.seen + 1) | 0
    this.named(memory.name).renew(memory)
  }
}

/** Rows that were read lately, by their places: parsing one costs more than finding it. A power of two. */
const KEPT = 1_024

interface Found {
  readonly key: string
  readonly pair: number
  readonly place: number
  readonly value: unknown
}

/** It knows its generation by number: by its memory it would keep that. */
class Mark implements RowMark {
  private readonly reader: TableReader
  private readonly table: Table
  private readonly generation: number
  private readonly pair: number
  private readonly place: number

  constructor(reader: TableReader, table: Table, { pair, place }: Found) {
    this.reader = reader
    this.table = table
    this.generation = table.generation
    this.pair = pair
    this.place = place
  }

  isCurrent(): boolean {
    this.reader.catchUp()
    return this.table.points(this.generation, this.pair, this.place)
  }
}

class Table {
  /** Rises with each: a place means nothing in another one. */
  generation = 0
  private readonly hash: KeyHash
  private view: TableView | null = null
  private kept: (Found | undefined)[] = []

  constructor(hash: KeyHash) {
    this.hash = hash
  }

  renew(memory: TableMemory): void {
    this.generation++
    this.view = new TableView(memory)
    this.kept = Array<Found | undefined>(KEPT).fill(undefined)
  }

  find(key: string): Found | undefined {
    const { view } = this
    return view === null ? undefined : this.search(view, key, this.hash.of(key))
  }

  /** Places are never used again, so that who finds one there finds the same row. */
  points(generation: number, pair: number, place: number): boolean {
    return generation === this.generation && this.view?.place(pair) === place
  }

  private search(view: TableView, key: string, hash: Hash128): Found | undefined {
    let pair = view.first(hash.d)
    for (let place = view.place(pair); place !== EMPTY; place = view.place(pair)) {
      if (place !== REMOVED && view.part(pair) === hash.a) {
        const row = this.row(view, key, pair, place)
        if (row !== undefined) return row
      }
      pair = view.after(pair)
    }
    return undefined
  }

  /** The row at a place, if it is this key's: pairs are used again, and parts of hashes may be alike. */
  private row(view: TableView, key: string, pair: number, place: number): Found | undefined {
    const at = place & (KEPT - 1)
    const kept = this.kept[at]
    if (kept?.place === place && kept.key === key) return kept
    const [name, value] = JSON.parse(view.text(place)) as [string, unknown]
    if (name !== key) return undefined
    return (this.kept[at] = { key, pair, place, value })
  }
}
