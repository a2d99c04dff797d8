import { randomBytes } from 'node:crypto'
import type { MessagePort } from 'node:worker_threads'
import { CacheKeeper, type CacheHandle } from './cache/keeper.ts'
import { CacheReader } from './cache/reader.ts'
import { SharedClock } from './clock.ts'
import {
  CounterAreas,
  counterMemory,
  counterSizes,
  type CounterMemory,
  type Counters,
  type Whose,
} from './counters.ts'
import { TableReader, type Lookup } from './table.ts'
import { SharedTables, type TablesHandle } from './tables.ts'

/** For `workerData`, with `ports` in `transferList`. */
export interface SharedHandle {
  /** Above 0, and of no other living thread. */
  readonly owner: number
  readonly epochNs: bigint
  readonly counters: Readonly<Record<Whose, CounterMemory>>
  readonly tables: TablesHandle
  readonly cache: CacheHandle
}

/** What the workers of a node share in memory, as the main thread has it. */
export class NodeState {
  readonly tables: SharedTables
  readonly cache: CacheKeeper
  private readonly epochNs = process.hrtime.bigint()
  private readonly memory: Readonly<Record<Whose, CounterMemory>>
  private readonly areas: Readonly<Record<Whose, CounterAreas>>
  private readonly clock: SharedClock
  /** Made when somebody here asks. */
  private reader: TableReader | null = null

  /** `cacheBytes`: of answers that are kept. */
  constructor(cacheBytes = 64 * 1024 * 1024) {
    this.cache = new CacheKeeper(cacheBytes)
    this.clock = new SharedClock(this.epochNs)
    this.tables = new SharedTables(randomBytes(16))
    const secret = randomBytes(16)
    this.memory = ofEach(whose => counterMemory(secret, counterSizes[whose]))
    this.areas = ofEach(whose => new CounterAreas(this.memory[whose], 0x7fffffff))
  }

  /** For the worker of this number. */
  handle(owner: number): { readonly handle: SharedHandle; readonly ports: readonly MessagePort[] } {
    const { epochNs, memory: counters } = this
    const tables = this.tables.attach()
    const cache = this.cache.attach(owner)
    return { handle: { owner, epochNs, counters, tables, cache }, ports: [tables.port, cache.port] }
  }

  /** As workers read it. */
  table<T>(name: string): Lookup<T> {
    return (this.reader ??= new TableReader(this.tables.attach())).table<T>(name)
  }

  /** As workers have them. */
  counters(name: string, whose: Whose = 'strangers'): Counters {
    return this.areas[whose].scope(name)
  }

  sharedUs(): number {
    return this.clock.nowUs()
  }

  /** A worker has ended, in whatever it was doing. Before another gets its number. */
  ended(owner: number): void {
    for (const areas of Object.values(this.areas)) areas.release(owner)
    this.cache.release(owner)
  }
}

/** The same, as a worker has it. */
export class SharedState {
  readonly clock: SharedClock
  readonly cache: CacheReader
  private readonly areas: Readonly<Record<Whose, CounterAreas>>
  private readonly reader: TableReader

  constructor({ owner, epochNs, counters, tables, cache }: SharedHandle) {
    const clock = new SharedClock(epochNs)
    this.clock = clock
    this.cache = new CacheReader(cache, () => clock.nowUs())
    this.areas = ofEach(whose => new CounterAreas(counters[whose], owner))
    this.reader = new TableReader(tables)
  }

  /** Numbers of one purpose, which is named: the same name has the same numbers in each worker, and after a reload. */
  counters(name: string, whose: Whose = 'strangers'): Counters {
    return this.areas[whose].scope(name)
  }

  /** Rows of one name. */
  table<T>(name: string): Lookup<T> {
    return this.reader.table<T>(name)
  }
}

function ofEach<T>(make: (whose: Whose) => T): Record<Whose, T> {
  return {
    strangers: make('strangers'),
    guests: make('guests'),
    known: make('known'),
    clusters: make('clusters'),
  }
}
