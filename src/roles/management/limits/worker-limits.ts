import type { Kit } from '../../../filters/kit.ts'
import { Changes } from './keeping/changes.ts'
import { Standings } from './standings.ts'
import { Drops } from './store/drops.ts'
import { exactStore } from './store/exact.ts'
import { LimitStore } from './store/limit-store.ts'
import { LocalStore } from './store/local-store.ts'

/** What one worker has of limits: the same for all plans, policies and rules. */
export class WorkerLimits {
  readonly standings: Standings
  readonly store: LimitStore
  private readonly changes: Changes
  private readonly exact: ReturnType<typeof exactStore>

  static of(kit: Kit): WorkerLimits {
    return kit.keep('management limits', () => new WorkerLimits(kit))
  }

  private constructor(kit: Kit) {
    this.standings = new Standings(kit)
    this.changes = new Changes(kit)
    const local = new LocalStore(kit, meter => this.changes.add(meter))
    this.exact = exactStore(kit)
    const drops = this.exact && new Drops(this.exact, local, kit.clock)
    this.store = new LimitStore(local, this.exact, kit.clock, drops)
  }

  drain(): void {
    this.changes.tell()
    this.exact?.drain()
  }
}
