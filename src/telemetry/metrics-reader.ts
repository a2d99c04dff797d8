import { cellsOf, families, isFamilyName, seriesKey } from './families.ts'
import type { Family, FamilyName } from './families.ts'
import { HEADER_CELLS, MAX_SERIES } from './metrics.ts'
import type { SeriesInfo } from './metrics.ts'
import { openMetricsText, prometheusText } from './exposition.ts'
import type { Sample } from './exposition.ts'

/** One series, summed over the threads that have it. */
interface Entry {
  readonly labels: readonly string[]
  /** What threads that died or gave the series back had counted. */
  kept: Float64Array | null
  readonly live: Set<Part>
}

/** One thread's cells of a series. */
interface Part {
  readonly cells: Float64Array
  readonly offset: number
}

interface Thread {
  readonly regions: Float64Array[]
  readonly parts: Map<number, { readonly info: SeriesInfo; readonly part: Part }>
}

/**
 * The main thread's side of the metrics: knows the memory of every thread,
 * adds up, keeps the totals of threads that died (a counter never goes back)
 * and renders. Nothing here is seen by the threads but the acknowledgement of
 * releases, which the reader alone writes.
 *
 * A series disappears when the last thread that has it gives it back; one whose
 * threads only died stays, because their successor will most likely have it.
 */
export class MetricsReader {
  private readonly threads = new Map<string, Thread>()
  private readonly byFamily = new Map<FamilyName, Map<string, Entry>>()
  private readonly maxOrphans: number
  private orphans = 0

  /** `maxOrphans`: series without a living thread that are kept, at least those of one whose successor is to have them; the oldest go first. */
  constructor(maxOrphans: number = MAX_SERIES) {
    this.maxOrphans = maxOrphans
  }

  /** A thread begins. One of the same name is retired first. `memory` may also come with the first announcement. */
  attach(workerId: string | number, memory?: SharedArrayBuffer): void {
    this.retire(workerId)
    const regions = memory === undefined ? [] : [cellsIn(memory)]
    this.threads.set(String(workerId), { regions, parts: new Map() })
  }

  /** What the thread's writer announced, in its order. Ignored from a thread that is not attached. */
  announce(workerId: string | number, series: readonly SeriesInfo[]): void {
    const thread = this.threads.get(String(workerId))
    if (thread === undefined) return
    for (const info of series) {
      if (info.memory !== undefined) thread.regions[info.region] ??= cellsIn(info.memory)
      if (info.released === undefined) this.add(thread, info)
      else this.release(thread, info, info.released)
    }
    this.prune()
  }

  /** The thread has died or ended: its counters and histograms stay in the totals, its gauges go with it. */
  retire(workerId: string | number): void {
    const thread = this.threads.get(String(workerId))
    if (thread === undefined) return
    this.threads.delete(String(workerId))
    for (const { info, part } of thread.parts.values()) this.fold(info, part)
    this.prune()
  }

  /** Prometheus text format 0.0.4. */
  render(): string {
    return prometheusText(this.samples())
  }

  /** OpenMetrics 1.0.0. */
  renderOpenMetrics(): string {
    return openMetricsText(this.samples())
  }

  /**
   * Calls with each series of the family, summed over the threads. `cells` is as in cellsOf, a histogram's buckets not
   * cumulative, and is only good during the call: of ten thousand routes none needs memory of its own.
   */
  each(name: FamilyName, show: (labels: readonly string[], cells: Float64Array) => void): void {
    const family = families[name]
    const sum = new Float64Array(cellsOf(family))
    for (const entry of this.byFamily.get(name)?.values() ?? []) {
      addUp(family, entry, sum)
      show(entry.labels, sum)
    }
  }

  private *samples(): Generator<Sample> {
    for (const name of Object.keys(families)) {
      if (!isFamilyName(name)) continue
      const entries = this.byFamily.get(name)
      if (entries === undefined || entries.size === 0) continue
      const family = families[name]
      const series: Sample['series'] = []
      for (const entry of entries.values()) series.push({ labels: entry.labels, cells: total(family, entry) })
      yield { name, family, series }
    }
  }

  private add(thread: Thread, info: SeriesInfo): void {
    const cells = thread.regions[info.region]
    if (cells === undefined || !isFamilyName(info.family)) return
    if (info.offset + cellsOf(families[info.family]) > cells.length) return
    const entry = this.entryOf(info)
    if (entry.live.size === 0 && entry.kept !== null) this.orphans--
    const part: Part = { cells, offset: info.offset }
    entry.live.add(part)
    thread.parts.set(info.id, { info, part })
  }

  private release(thread: Thread, info: SeriesInfo, sequence: number): void {
    const known = thread.parts.get(info.id)
    if (known !== undefined) {
      thread.parts.delete(info.id)
      const entry = this.fold(known.info, known.part)
      // Nobody has it any more: its route or cluster is gone, and so is the series.
      if (entry !== undefined && entry.live.size === 0) this.remove(known.info)
    }
    acknowledge(thread, sequence)
  }

  /** Takes the part out of its series and keeps what it had counted. */
  private fold(info: SeriesInfo, part: Part): Entry | undefined {
    const entries = this.byFamily.get(info.family)
    const key = seriesKey(info.family, info.labels)
    const entry = entries?.get(key)
    if (entries === undefined || entry === undefined || !entry.live.delete(part)) return undefined
    const family = families[info.family]
    if (family.type === 'gauge') {
      if (entry.live.size === 0) entries.delete(key)
      return undefined
    }
    entry.kept ??= new Float64Array(cellsOf(family))
    addCells(entry.kept, part)
    if (entry.live.size === 0) {
      this.orphans++
      // At the end of the order of insertion, which prune follows.
      entries.delete(key)
      entries.set(key, entry)
    }
    return entry
  }

  private remove(info: SeriesInfo): void {
    this.orphans--
    this.byFamily.get(info.family)?.delete(seriesKey(info.family, info.labels))
  }

  private entryOf(info: SeriesInfo): Entry {
    let entries = this.byFamily.get(info.family)
    if (entries === undefined) this.byFamily.set(info.family, (entries = new Map<string, Entry>()))
    const key = seriesKey(info.family, info.labels)
    let entry = entries.get(key)
    if (entry === undefined) entries.set(key, (entry = { labels: info.labels, kept: null, live: new Set() }))
    return entry
  }

  /** Keeps the memory of the dead bounded where routes come and go while workers die. */
  private prune(): void {
    if (this.orphans <= this.maxOrphans) return
    for (const entries of this.byFamily.values())
      for (const [key, entry] of entries) {
        if (this.orphans <= this.maxOrphans) return
        if (entry.live.size > 0) continue
        entries.delete(key)
        this.orphans--
      }
  }
}

function cellsIn(memory: SharedArrayBuffer): Float64Array {
  return new Float64Array(memory, 0, Math.floor(memory.byteLength / 8))
}

function acknowledge(thread: Thread, sequence: number): void {
  const first = thread.regions[0]
  if (first === undefined || first.length < HEADER_CELLS) return
  Atomics.store(new Int32Array(first.buffer, 0, 1), 0, sequence)
}

function addCells(sum: Float64Array, { cells, offset }: Part): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += cells[offset + i]!
}

function total(family: Family, entry: Entry): Float64Array {
  const sum = new Float64Array(cellsOf(family))
  addUp(family, entry, sum)
  return sum
}

function addUp(family: Family, { kept, live }: Entry, sum: Float64Array): void {
  if (kept === null) sum.fill(0)
  else sum.set(kept)
  const values = (): number[] => [...live].map(({ cells, offset }) => cells[offset]!)
  if (family.merge === 'min') sum[0] = Math.min(...values())
  else if (family.merge === 'max') sum[0] = Math.max(...values())
  else for (const part of live) addCells(sum, part)
}
