import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads'
import { KeyHash, type Hash128 } from './key-hash.ts'
import { EMPTY, REMOVED, TableView, type TableMemory } from './table-memory.ts'
import type { TablesHandle } from './tables.ts'

/** Rows by key; what it gives is shared, and not to be changed. */
export interface Lookup<T> {
  get(key: string): T | undefined
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
        if (Atomics.load(this.published, 0) !== this.seen) this.catchUp()
        return table.get(key) as T | undefined
      },
    }
  }

  private named(name: string): Table {
    const known = this.tables.get(name)
    if (known !== undefined) return known
    const table = new Table(this.hash)
    this.tables.set(name, table)
    return table
  }

  private catchUp(): void {
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

interface Row {
  readonly key: string
  readonly place: number
  readonly value: unknown
}

class Table {
  private readonly hash: KeyHash
  private view: TableView | null = null
  private kept: (Row | undefined)[] = []

  constructor(hash: KeyHash) {
    this.hash = hash
  }

  renew(memory: TableMemory): void {
    this.view = new TableView(memory)
    this.kept = Array<Row | undefined>(KEPT).fill(undefined)
  }

  get(key: string): unknown {
    const { view } = this
    return view === null ? undefined : this.find(view, key, this.hash.of(key))
  }

  private find(view: TableView, key: string, hash: Hash128): unknown {
    let pair = view.first(hash)
    for (let place = view.place(pair); place !== EMPTY; place = view.place(pair)) {
      if (place !== REMOVED && view.part(pair) === hash.a) {
        const row = this.row(view, key, place)
        if (row !== undefined) return row.value
      }
      pair = view.after(pair)
    }
    return undefined
  }

  /** The row at a place, if it is this key's: pairs are used again, and parts of hashes may be alike. */
  private row(view: TableView, key: string, place: number): Row | undefined {
    const at = place & (KEPT - 1)
    const kept = this.kept[at]
    if (kept?.place === place && kept.key === key) return kept
    const [name, value] = JSON.parse(view.text(place)) as [string, unknown]
    if (name !== key) return undefined
    return (this.kept[at] = { key, place, value })
  }
}
