import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { KeyHash } from './key-hash.ts'
import type { TableMemory } from './table-memory.ts'
import { TableWriter, type RowValue } from './table-writer.ts'

/** What a worker needs to read the tables; `port` is to be transferred. */
export interface TablesHandle {
  readonly secret: Uint8Array
  readonly tables: readonly TableMemory[]
  readonly port: MessagePort
  /** One word: how many generations were made known. */
  readonly published: SharedArrayBuffer
  /** How many of them are in `tables`. */
  readonly seen: number
}

export interface TablePatch {
  readonly put?: Iterable<readonly [key: string, value: RowValue]>
  readonly remove?: Iterable<string>
}

/**
 * Tables by name, each rows by key, which the main thread changes and workers read in the same memory: a change is
 * seen by all of them as soon as the call returns, and nothing is copied to each. A new generation of a table (it has
 * grown, or much of it was replaced) goes to workers as a message; a word beside it says that there is one, and a worker
 * that reads a table takes the message first. So no worker reads what was taken away, however late its event loop is.
 */
export class SharedTables {
  private readonly secret: Uint8Array
  private readonly writers = new Map<string, TableWriter>()
  private readonly ports = new Set<MessagePort>()
  private readonly published = new SharedArrayBuffer(4)

  constructor(secret: Uint8Array) {
    this.secret = secret
  }

  /** Changes rows; a table that nobody has named before begins empty. */
  patch(name: string, { put = [], remove = [] }: TablePatch): void {
    const writer = this.writer(name)
    const before = writer.memory
    for (const key of remove) writer.remove(key)
    for (const [key, value] of put) writer.put(key, value)
    if (writer.memory !== before) this.publish(writer.memory)
  }

  /** Has a table hold these rows and no others; those that are the same already stay where they are. */
  replace(name: string, rows: ReadonlyMap<string, RowValue>): void {
    const gone = [...this.writer(name).keys()].filter(key => !rows.has(key))
    this.patch(name, { put: rows, remove: gone })
  }

  /** For one more worker; it is forgotten when the worker's end of the port closes. */
  attach(): TablesHandle {
    const { port1, port2 } = new MessageChannel()
    port1.unref()
    this.ports.add(port1)
    port1.once('close', () => this.ports.delete(port1))
    const tables = [...this.writers.values()].map(({ memory }) => memory)
    return { secret: this.secret, tables, port: port2, published: this.published, seen: this.count() }
  }

  private writer(name: string): TableWriter {
    const known = this.writers.get(name)
    if (known !== undefined) return known
    const writer = new TableWriter(name, new KeyHash(this.secret))
    this.writers.set(name, writer)
    this.publish(writer.memory)
    return writer
  }

  /** The message comes before the word: whoever sees the word finds the message. */
  private publish(memory: TableMemory): void {
    for (const port of this.ports) port.postMessage(memory)
    Atomics.add(new Int32Array(this.published), 0, 1)
  }

  private count(): number {
    return Atomics.load(new Int32Array(this.published), 0)
  }
}
