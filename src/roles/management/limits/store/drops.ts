import type { KitClock } from '../../../../filters/kit.ts'
import type { Meter } from '../meter.ts'
import type { ExactStore } from './exact-store.ts'
import type { LocalStore } from './local-store.ts'

/** So long numbers are gathered that are less than before: mostly answers to other workers have overtaken each other, and the next one is not less. */
const GATHER_MS = 100

interface Drop {
  /** By this node. */
  readonly known: number
  /** By the store. */
  readonly used: number
}

/**
 * Quotas of which the store says less than this node knew. Either the store was lost, and what was known is needed to put
 * it back; or a request that cost less than was taken beforehand has given back the rest, and who went on from what was
 * known would refuse too early. The store is asked which, once for all of some time, before less is believed.
 */
export class Drops {
  private readonly exact: ExactStore
  private readonly local: LocalStore
  private readonly clock: Pick<KitClock, 'sharedUs' | 'wallMs' | 'after'>
  private drops = new Map<Meter, Drop>()
  private isAsking = false

  constructor(exact: ExactStore, local: LocalStore, clock: Drops['clock']) {
    this.exact = exact
    this.local = local
    this.clock = clock
  }

  /** What is known of a meter, and what the store has just said of it. */
  note(meter: Meter, known: number, used: number): void {
    if (known <= used) {
      if (this.drops.size > 0) this.drops.delete(meter)
      return
    }
    this.drops.set(meter, { known, used })
    if (this.isAsking) return
    this.isAsking = true
    this.clock.after(GATHER_MS, () => void this.ask())
  }

  private async ask(): Promise<void> {
    const { drops, exact, clock } = this
    this.drops = new Map()
    this.isAsking = false
    if (drops.size === 0 || !(await exact.isWhole())) return
    const at = { nowUs: clock.sharedUs(), wallMs: clock.wallMs() }
    for (const [meter, { known, used }] of drops) this.local.lower(meter, known, used, at)
  }
}
