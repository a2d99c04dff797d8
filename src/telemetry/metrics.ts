import { Counter, Gauge, Histogram } from './instrument.ts'
import { cellsOf, families, seriesKey } from './families.ts'
import type { CounterName, Family, FamilyName, GaugeName, HistogramName, Labels } from './families.ts'

/**
 * What a thread tells the reader about one of its series. Sent by structured
 * clone, in batches, in order; `memory` comes with the first series of a region.
 */
export interface SeriesInfo {
  /** Unique within one writer, never used twice. */
  readonly id: number
  readonly family: FamilyName
  /** Values in the order of the family's label names. */
  readonly labels: readonly string[]
  readonly region: number
  /** First cell within the region. */
  readonly offset: number
  readonly memory?: SharedArrayBuffer
  /** Set when the series is given back: the number to be written to the acknowledgement word. */
  readonly released?: number
}

export interface WriterOptions {
  /** Series beyond which new ones are counted under `overflow`; MAX_SERIES where absent. */
  readonly maxSeries?: number
  /** Called when that happens for the first time. */
  readonly onOverflow?: (family: FamilyName, series: number) => void
  /** Cells of a region; memory grows by one at a time. */
  readonly regionCells?: number
}

type Handle = Counter | Gauge | Histogram
interface Series {
  readonly info: SeriesInfo
  readonly handle: Handle
  holders: number
}
interface Taken {
  readonly key: string
  readonly handle: Handle
}
interface Slot {
  readonly region: number
  readonly offset: number
  readonly sequence: number
}

/** In the order of their release; those before `head` are in use again. */
interface FreeSlots {
  readonly slots: Slot[]
  head: number
}

/** Cells at the start of a writer's first region: the word where the reader acknowledges releases. */
export const HEADER_CELLS = 1
const OVERFLOW = 'overflow'

/**
 * Of one thread. 20,000 routes and as many clusters that all carry requests are 160,000 series, 55 MB in the thread;
 * of what carries none there are none.
 */
export const MAX_SERIES = 250_000
const DEFAULT_REGION_CELLS = 8_192

/**
 * The metrics of one thread. Its numbers live in shared memory that this
 * thread alone writes, with plain stores, and that the main thread reads.
 *
 * Why that is safe without Atomics: there is a single writer per cell, so no
 * update can be lost; cells are aligned 64-bit doubles, which the 64-bit
 * machines that Node 24 supports load and store whole; and a scrape has no
 * order to rely on: it may miss the last few updates and sees them next time.
 * What must be consistent within one series, a histogram's count, is computed
 * from its buckets by the reader. An atomic add would be a locked instruction,
 * and JavaScript has none for doubles.
 *
 * The same family and labels give the same series. Series taken from the
 * writer itself live as long as the thread; those of a scope until it closes.
 */
export class MetricsWriter {
  private readonly regions: Float64Array[] = []
  private readonly series = new Map<string, Series>()
  private readonly overflows = new Map<FamilyName, Handle>()
  private readonly free = new Map<number, FreeSlots>()
  private readonly announceSeries: (series: SeriesInfo[]) => void
  private readonly maxSeries: number
  private readonly regionCells: number
  private readonly acknowledged: Int32Array
  private unannounced: SeriesInfo[] = []
  private announcedRegions = 0
  private used = HEADER_CELLS
  private nextId = 1
  /** Number of the last release; counts on from the smallest number after the largest, as the word that it is compared with does. */
  private releases = 0
  private readonly permanent: MetricsScope = new MetricsScope(this)
  private readonly overflowed: Counter
  private readonly onOverflow: WriterOptions['onOverflow']
  private told = false

  /** `memory` is at least one cell of 8 bytes beyond the header, and is cleared; without it the writer makes its own. */
  constructor(
    memory: SharedArrayBuffer | undefined,
    announce: (series: SeriesInfo[]) => void,
    options: WriterOptions = {},
  ) {
    this.announceSeries = announce
    this.onOverflow = options.onOverflow
    this.maxSeries = Math.max(options.maxSeries ?? MAX_SERIES, 1)
    this.regionCells = Math.max(options.regionCells ?? DEFAULT_REGION_CELLS, 64)
    const first = memory ?? new SharedArrayBuffer(this.regionCells * 8)
    if (first.byteLength < (HEADER_CELLS + 1) * 8)
      throw new RangeError('metrics memory: at least 16 bytes are needed')
    const cells = new Float64Array(first, 0, Math.floor(first.byteLength / 8))
    cells.fill(0)
    this.regions.push(cells)
    this.acknowledged = new Int32Array(first, 0, 1)
    // Taken before anything else can use up the room: it is the one that tells of it.
    this.overflowed = this.counter('portcullis_metrics_overflow_total', {})
  }

  counter<N extends CounterName>(family: N, labels: Labels<N>): Counter {
    return this.permanent.counter(family, labels)
  }

  gauge<N extends GaugeName>(family: N, labels: Labels<N>): Gauge {
    return this.permanent.gauge(family, labels)
  }

  histogram<N extends HistogramName>(family: N, labels: Labels<N>): Histogram {
    return this.permanent.histogram(family, labels)
  }

  /** Holds series until it is closed: for what a snapshot brings and takes away. */
  scope(): MetricsScope {
    return new MetricsScope(this)
  }

  /** Sends what is not announced yet, which otherwise happens at the end of the current turn. */
  flush(): void {
    if (this.unannounced.length === 0) return
    const batch = this.unannounced
    this.unannounced = []
    this.announceSeries(batch)
  }

  /** For scopes: the series with one more holder; null when there is no room left. */
  take(name: FamilyName, labels: readonly string[]): Taken | null {
    const key = seriesKey(name, labels)
    let series = this.series.get(key)
    if (series === undefined) {
      if (this.series.size + this.notSeen(this.releases) >= this.maxSeries) return null
      series = this.create(name, labels)
      this.series.set(key, series)
    }
    series.holders++
    return { key, handle: series.handle }
  }

  /** For scopes: one holder less; the last one gives the series back. */
  give(key: string): void {
    const series = this.series.get(key)
    if (series === undefined || --series.holders > 0) return
    this.series.delete(key)
    series.handle.detach()
    const { family, region, offset } = series.info
    const sequence = (this.releases = (this.releases + 1) | 0)
    this.tell({ ...series.info, released: sequence })
    const width = cellsOf(families[family])
    let free = this.free.get(width)
    if (free === undefined) this.free.set(width, (free = { slots: [], head: 0 }))
    free.slots.push({ region, offset, sequence })
  }

  /**
   * For scopes: the family's shared series for what found no room, whose labels say so. A gauge of many things would
   * say what the last of them is, so it is not shown.
   */
  overflow(name: FamilyName): Handle {
    if (!this.told) this.onOverflow?.(name, this.series.size)
    this.told = true
    this.overflowed.add(1)
    const known = this.overflows.get(name)
    if (known !== undefined) return known
    if (families[name].type === 'gauge') return new Gauge(new Float64Array(1), 0)
    const { handle } = this.create(
      name,
      families[name].labels.map(() => OVERFLOW),
    )
    this.overflows.set(name, handle)
    return handle
  }

  private create(name: FamilyName, labels: readonly string[]): Series {
    const family = families[name]
    const width = cellsOf(family)
    const { region, offset } = this.reuse(width) ?? this.grow(width)
    const cells = this.regions[region]!
    cells.fill(0, offset, offset + width)
    const info: SeriesInfo = { id: this.nextId++, family: name, labels, region, offset }
    this.tell(info)
    return { info, handle: handleOf(family, cells, offset), holders: 0 }
  }

  /**
   * A slot whose release the reader has seen. Before that, the reader still
   * takes these cells for the old series and has not yet kept its total.
   */
  private reuse(width: number): Slot | undefined {
    const free = this.free.get(width)
    const first = free?.slots[free.head]
    if (free === undefined || first === undefined || this.notSeen(first.sequence) > 0) return undefined
    // Not by shift(), which moves all that are behind it: there may be 100,000.
    if (++free.head * 2 > free.slots.length) {
      free.slots.splice(0, free.head)
      free.head = 0
    }
    return first
  }

  private grow(width: number): Pick<Slot, 'region' | 'offset'> {
    let region = this.regions.length - 1
    if (this.used + width > this.regions[region]!.length) {
      region = this.regions.push(new Float64Array(new SharedArrayBuffer(this.regionCells * 8))) - 1
      this.used = 0
    }
    const offset = this.used
    this.used += width
    return { region, offset }
  }

  /** How many releases up to this one the reader has not acknowledged; not positive when it has seen it. */
  private notSeen(sequence: number): number {
    return (sequence - Atomics.load(this.acknowledged, 0)) | 0
  }

  private tell(info: SeriesInfo): void {
    if (this.unannounced.length === 0) queueMicrotask(() => this.flush())
    this.unannounced.push(this.withMemory(info))
  }

  private withMemory(info: SeriesInfo): SeriesInfo {
    if (info.region < this.announcedRegions) return info
    this.announcedRegions = info.region + 1
    const { buffer } = this.regions[info.region]!
    return buffer instanceof SharedArrayBuffer ? { ...info, memory: buffer } : info
  }
}

/** Series that are held together and given back together. */
export class MetricsScope {
  private readonly writer: MetricsWriter
  /** None where nothing was asked for yet: 20,000 scopes are a megabyte then, and five with a set each. */
  private held: Set<string> | null = null

  constructor(writer: MetricsWriter) {
    this.writer = writer
  }

  counter<N extends CounterName>(family: N, labels: Labels<N>): Counter {
    const handle = this.handle(family, labels)
    return handle instanceof Counter ? handle : wrongType(family)
  }

  gauge<N extends GaugeName>(family: N, labels: Labels<N>): Gauge {
    const handle = this.handle(family, labels)
    return handle instanceof Gauge ? handle : wrongType(family)
  }

  histogram<N extends HistogramName>(family: N, labels: Labels<N>): Histogram {
    const handle = this.handle(family, labels)
    return handle instanceof Histogram ? handle : wrongType(family)
  }

  /** Gives everything back that no other scope holds. Handles got here must not be used any more. */
  close(): void {
    for (const key of this.held ?? []) this.writer.give(key)
    this.held = null
  }

  private handle(family: FamilyName, labels: Readonly<Record<string, string>>): Handle {
    const taken = this.writer.take(
      family,
      families[family].labels.map(name => labels[name] ?? ''),
    )
    if (taken === null) return this.writer.overflow(family)
    // One hold per scope, however often it asks.
    this.held ??= new Set()
    if (this.held.has(taken.key)) this.writer.give(taken.key)
    else this.held.add(taken.key)
    return taken.handle
  }
}

const boundsOf = new Map<Family, Float64Array>()

function handleOf(family: Family, cells: Float64Array, offset: number): Handle {
  if (family.type === 'counter') return new Counter(cells, offset)
  if (family.type === 'gauge') return new Gauge(cells, offset)
  let bounds = boundsOf.get(family)
  if (bounds === undefined) boundsOf.set(family, (bounds = Float64Array.from(family.buckets ?? [])))
  return new Histogram(cells, offset, bounds)
}

function wrongType(family: FamilyName): never {
  throw new TypeError(`metrics: ${family} is a ${families[family].type}`)
}
