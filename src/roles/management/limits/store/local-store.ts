import type { Whose } from '../../../../shared/counters.ts'
import type { SharedCounters } from '../../../../filters/kit.ts'
import type { Limit } from '../limit.ts'
import { COUNTERS, type Meter } from '../meter.ts'
import type { Level, Metered } from '../metered.ts'
import { tallyOf, type At, type Outcome, type Tally } from '../tally.ts'

export interface LocalKit {
  counters(name: string, whose?: Whose): SharedCounters
}

/**
 * Limits in the memory of this node, exact for its workers. All meters of a request are looked at before one takes
 * anything; what another worker takes in that instant is found when it is taken, and what was taken by then is given back
 * in the same turn. So a refused request consumes nothing, and a limit is never exceeded; in that instant another request
 * may be refused for what is given back right then.
 */
export class LocalStore {
  private readonly kit: LocalKit
  /** Of a worker: told of each meter of records whose number changes. */
  private readonly changed: (meter: Meter) => void
  private readonly tallies: Readonly<Record<Whose, WeakMap<Limit, Tally>>> = {
    strangers: new WeakMap(),
    guests: new WeakMap(),
    known: new WeakMap(),
    clusters: new WeakMap(),
  }
  /** Of rates that this node has a part of; by that. */
  private readonly shares = new Map<number, WeakMap<Limit, Tally>>()

  constructor(kit: LocalKit, changed: (meter: Meter) => void = () => {}) {
    this.kit = kit
    this.changed = changed
  }

  /** `taken`: by all of these places. Otherwise none has taken anything, and the levels say which have no room. */
  take(
    metered: Metered,
    costs: readonly number[],
    places: readonly number[],
    at: At,
    share = 1,
  ): 'taken' | 'denied' | 'full' {
    if (!this.haveRoom(metered, costs, places, at, share)) return 'denied'
    for (let n = 0; n < places.length; n++) {
      const i = places[n]!
      const meter = metered.meters[i]!
      const tally = this.tally(meter, share)
      const outcome = tally.take(costs[i]!)
      note(metered.levels[i]!, tally, outcome, meter, costs[i]!)
      if (outcome === 'denied' || outcome === 'full') {
        this.add(metered, costs, places.slice(0, n), at, -1, share)
        return outcome
      }
      if (!meter.isChanged) this.change(meter, tally)
    }
    return 'taken'
  }

  /** Adds so many times what it costs, without being asked; -1 gives back. */
  add(
    metered: Metered,
    costs: readonly number[],
    places: readonly number[],
    at: At,
    times: 1 | -1,
    share = 1,
  ): void {
    for (const i of places) {
      const meter = metered.meters[i]!
      const tally = this.aimed(meter, at, share)
      if (costs[i] === 0) tally.hasRoom(0)
      else tally.add(costs[i]! * times)
      note(metered.levels[i]!, tally, metered.levels[i]!.outcome, meter, 0)
      if (costs[i] !== 0) this.change(meter, tally)
    }
  }

  /** What is left, without taking: leaves the levels. */
  look(metered: Metered, costs: readonly number[], places: readonly number[], at: At, share = 1): void {
    this.haveRoom(metered, costs, places, at, share)
  }

  /**
   * What a store that knows better has counted: where nobody can ask it any more, this node goes on from there. Answers
   * what is known now, which is more where the store says less than before: that may be what it has after it was lost,
   * and what was known of it is needed to put it back.
   */
  learn(meter: Meter, used: number, at: At): number {
    if (!meter.limit.isQuota) return used
    const tally = this.aimed(meter, at, 1)
    tally.hasRoom(0)
    if (used <= tally.used) return tally.used
    tally.add(used - tally.used)
    this.change(meter, tally)
    return tally.used
  }

  /** Less was used than was known, unless something else is known by now. */
  lower(meter: Meter, known: number, used: number, at: At): void {
    const tally = this.aimed(meter, at, 1)
    tally.hasRoom(0)
    if (tally.used !== known) return
    tally.add(used - known)
    this.change(meter, tally)
  }

  private haveRoom(
    { meters, levels }: Metered,
    costs: readonly number[],
    places: readonly number[],
    at: At,
    share: number,
  ): boolean {
    let all = true
    for (let n = 0; n < places.length; n++) {
      const i = places[n]!
      const meter = meters[i]!
      const need = meter.limit.needOf(costs[i]!)
      const tally = this.aimed(meter, at, share)
      const has = tally.hasRoom(need)
      note(levels[i]!, tally, has ? 'taken' : meter.limit.flags ? 'over' : 'denied', meter, costs[i]!)
      if (!has && !meter.limit.flags) all = false
    }
    return all
  }

  private aimed(meter: Meter, at: At, share: number): Tally {
    const tally = this.tally(meter, share)
    tally.aim(meter, at)
    return tally
  }

  private tally({ limit, counted }: Meter, share: number): Tally {
    const own = share === 1 || limit.isQuota ? this.tallies[counted.whose] : this.ofShare(share)
    let tally = own.get(limit)
    if (tally === undefined)
      own.set(limit, (tally = tallyOf(limit, this.kit.counters(COUNTERS, counted.whose), share)))
    return tally
  }

  private ofShare(share: number): WeakMap<Limit, Tally> {
    let tallies = this.shares.get(share)
    if (tallies === undefined) this.shares.set(share, (tallies = new WeakMap()))
    return tallies
  }

  private change(meter: Meter, tally: Tally): void {
    if (meter.counted.whose !== 'known' || !meter.limit.isQuota || tally.isCrowded || meter.isChanged) return
    meter.isChanged = true
    this.changed(meter)
  }
}

function note(level: Level, tally: Tally, outcome: Outcome, meter: Meter, cost: number): void {
  level.outcome = outcome
  level.used = tally.used
  level.remaining = tally.remaining
  level.resetSeconds = tally.resetSeconds
  level.retrySeconds = outcome === 'denied' ? tally.secondsUntil(meter.limit.needOf(cost)) : 0
  level.isUnknown = false
}
