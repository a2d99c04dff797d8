import type { CacheReader } from '../../shared/cache/reader.ts'
import type { Kit } from '../kit.ts'
import { FillMemory } from './fill-memory.ts'
import { Flights } from './flights.ts'

/** What the cache filters of one worker have together. */
export class Shared {
  readonly flights: Flights
  readonly fill = new FillMemory(64 * 1024 * 1024)
  /** Asked for beside what was served; nobody waits. */
  renewals = 0
  private readonly kit: Kit
  private known: CacheReader | null = null

  constructor(kit: Kit) {
    this.kit = kit
    this.flights = new Flights(kit.clock, () => this.reader.claims)
  }

  /** Not to be asked for before there are requests. */
  get reader(): CacheReader {
    return (this.known ??= this.kit.responses())
  }

  drain(): void {}
}
