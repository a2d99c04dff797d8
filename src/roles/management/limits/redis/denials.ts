import type { Meter } from '../meter.ts'
import type { ExactLevel } from '../store/exact-store.ts'
/** A denial is not believed for longer: another node may give back, and a plan may grow. */
const MOST_MS = 1_000
const MOST_KEPT = 10_000

interface Denial {
  readonly meters: readonly Meter[]
  readonly levels: readonly ExactLevel[]
  readonly untilMs: number
}

/** Whom a limit has refused, and until when that is certain: asking again would cost a round trip and change nothing. */
export class Denials {
  private readonly all = new Map<string, Denial>()

  /** What the meters of a request said when number `i` of them refused it; times in milliseconds, of one clock. */
  keep(
    meters: readonly Meter[],
    levels: readonly ExactLevel[],
    i: number,
    retryMs: number,
    nowMs: number,
  ): void {
    const { key } = meters[i]!
    this.all.delete(key)
    if (retryMs < 1) return
    this.all.set(key, { meters, levels, untilMs: nowMs + Math.min(MOST_MS, retryMs) })
    if (this.all.size > MOST_KEPT) this.all.delete(this.all.keys().next().value!)
  }

  /** Null where they may have room, or these were never asked together. */
  of(meters: readonly Meter[], nowMs: number): readonly ExactLevel[] | null {
    if (this.all.size === 0) return null
    for (const { key } of meters) {
      const known = this.all.get(key)
      if (known === undefined) continue
      if (nowMs >= known.untilMs) this.all.delete(key)
      else if (areSame(known.meters, meters)) return known.levels
    }
    return null
  }
}

function areSame(some: readonly Meter[], others: readonly Meter[]): boolean {
  return (
    some.length === others.length &&
    some.every((one, i) => one.key === others[i]!.key && one.limit === others[i]!.limit)
  )
}
