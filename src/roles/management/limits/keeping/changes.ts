import type { Kit } from '../../../../filters/kit.ts'
import type { Meter } from '../meter.ts'

/** What workers tell the service on. */
export const CHANGED = 'limits changed'

/** Counters that have changed: their keys, and when their windows end (milliseconds since 1970; Infinity: never). */
export interface ChangedCounters {
  readonly keys: readonly string[]
  readonly endsMs: readonly number[]
}

/** How long a worker gathers them: a part of what may be forgotten where the process dies at once. */
const GATHER_MS = 100

/** Quotas of records that have changed in one worker, told to the service now and then: each once, however often it has. */
export class Changes {
  private readonly kit: Pick<Kit, 'tell' | 'clock'>
  private meters: Meter[] = []
  private cancel: (() => void) | null = null

  constructor(kit: Changes['kit']) {
    this.kit = kit
  }

  add(meter: Meter): void {
    this.meters.push(meter)
    this.cancel ??= this.kit.clock.after(GATHER_MS, () => this.tell())
  }

  tell(): void {
    this.cancel?.()
    this.cancel = null
    const { meters } = this
    if (meters.length === 0) return
    this.meters = []
    // Before it is told: what changes from now on is told again.
    for (const meter of meters) meter.isChanged = false
    const told: ChangedCounters = {
      keys: meters.map(({ counterKey }) => counterKey),
      endsMs: meters.map(({ window }) => window?.endMs ?? Infinity),
    }
    this.kit.tell(CHANGED, told)
  }
}
