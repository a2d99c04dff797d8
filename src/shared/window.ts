import type { Counters } from './counters.ts'
import type { Hash128 } from './key-hash.ts'

/** Of the time that is summed; a sum has all of it but for a part of the oldest. */
const SLOTS = 10
/** What is read is SLOTS at most; a number that is over lives a little longer, and must be gone before its place comes again. */
const RING = SLOTS + 4

/**
 * Sums of what happened in the last seconds, by the workers of a node together: one key of Counters for each tenth of the
 * time. Several numbers are one value there, so that they change together. A sum costs ten look-ups (3 us), for what is
 * rare: a retry, a failure; what happens with every request is counted by its worker, and added now and then.
 */
export class SharedWindow {
  /** What the last call has read, by field. */
  readonly sums: number[]
  /** What of that is of the tenth that runs. */
  readonly latest: number[]
  private readonly counters: Counters
  private readonly key: string
  private readonly slotUs: number
  /** Of each field: how much more than one of it is 1 of it in a value, and beyond what it counts no further. */
  private readonly scales: readonly number[]
  private readonly mosts: readonly number[]
  private readonly hashes: (Hash128 | undefined)[] = []

  /** `bits` for each field, 51 at most: in one tenth of the time a field counts up to that. */
  constructor(counters: Counters, key: string, intervalMs: number, bits: readonly number[]) {
    this.counters = counters
    // Workers that count another time, as around a reload, must not read these numbers: they are of other tenths.
    this.key = `${key} ${intervalMs}`
    this.slotUs = (intervalMs * 1000) / SLOTS
    this.scales = bits.map((_, i) => 2 ** bits.slice(i + 1).reduce((sum, more) => sum + more, 0))
    this.mosts = bits.map(width => 2 ** width - 1)
    this.sums = bits.map(() => 0)
    this.latest = bits.map(() => 0)
  }

  /** Fills `sums` and `latest`. */
  read(nowUs: number): void {
    const slot = Math.floor(nowUs / this.slotUs)
    this.readOlder(slot, nowUs)
    this.addLatest(this.aim(slot).read(nowUs))
  }

  /**
   * Adds to each field what is given, unless `refuses` does, which is asked with `sums` as they are before that; false
   * then, and where nothing can be counted. What workers decide at once is decided one after another.
   */
  add(more: readonly number[], nowUs: number, refuses: (() => boolean) | null = null): boolean {
    const slot = Math.floor(nowUs / this.slotUs)
    const older = refuses === null ? null : this.older(slot, nowUs)
    const untilUs = (slot + 1 + SLOTS) * this.slotUs
    this.aim(slot)
    for (;;) {
      const seen = this.counters.read(nowUs)
      if (older !== null && this.refused(older, seen, refuses)) return false
      const outcome = this.counters.swap(seen, this.together(seen, more), untilUs, nowUs)
      if (outcome !== 'changed') return outcome === 'done'
    }
  }

  private older(slot: number, nowUs: number): readonly number[] {
    this.readOlder(slot, nowUs)
    return [...this.sums]
  }

  private refused(older: readonly number[], seen: number, refuses: (() => boolean) | null): boolean {
    for (let i = 0; i < older.length; i++) this.sums[i] = older[i]!
    this.addLatest(seen)
    return refuses?.() === true
  }

  private addLatest(value: number): void {
    this.addTo(this.sums, value)
    this.latest.fill(0)
    this.addTo(this.latest, value)
  }

  private readOlder(slot: number, nowUs: number): void {
    this.sums.fill(0)
    for (let i = slot - SLOTS + 1; i < slot; i++) if (i >= 0) this.addTo(this.sums, this.aim(i).read(nowUs))
  }

  private aim(slot: number): Counters {
    const at = slot % RING
    const hash = (this.hashes[at] ??= this.counters.hash(`${this.key} ${at}`))
    return this.counters.aimAt(hash, this.key)
  }

  private addTo(sums: number[], value: number): void {
    for (let i = 0, left = value; left > 0; i++) {
      const scale = this.scales[i]!
      const part = Math.floor(left / scale)
      sums[i]! += part
      left -= part * scale
    }
  }

  /** A tenth that is full stays as it is: what it has says how much there was of each. */
  private together(value: number, more: readonly number[]): number {
    let sum = value
    for (let i = 0, left = value; i < more.length; i++) {
      const scale = this.scales[i]!
      const part = Math.floor(left / scale)
      left -= part * scale
      if (part + more[i]! > this.mosts[i]!) return value
      sum += more[i]! * scale
    }
    return sum
  }
}
