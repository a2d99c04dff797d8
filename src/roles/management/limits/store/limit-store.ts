import type { KitClock } from '../../../../filters/kit.ts'
import type { Charge, ChargeOutcome } from '../charge.ts'
import type { Metered } from '../metered.ts'
import type { At } from '../tally.ts'
import type { Drops } from './drops.ts'
import { StoreAway, type ExactLevel, type ExactStore } from './exact-store.ts'
import type { LocalStore } from './local-store.ts'

const NOTHING: readonly number[] = []

/**
 * Where limits are counted. What this node counts alone is taken without waiting; what several nodes count together is
 * asked for afterwards, all at once, and where that refuses, what was taken here is given back.
 */
export class LimitStore {
  private readonly local: LocalStore
  private readonly exact: ExactStore | null
  private readonly clock: Pick<KitClock, 'sharedUs' | 'wallMs'>
  private readonly drops: Drops | null

  /** `drops`: of who takes, and not only looks. */
  constructor(
    local: LocalStore,
    exact: ExactStore | null,
    clock: LimitStore['clock'],
    drops: Drops | null = null,
  ) {
    this.local = local
    this.exact = exact
    this.clock = clock
    this.drops = drops
  }

  /** All of it, or nothing. */
  charge(owner: string, metered: Metered, before: Charge | null): Charge | Promise<Charge> {
    const { costs } = metered
    const at = this.now()
    const isHere = this.exact === null || metered.exact.length === 0
    const outcome = this.local.take(metered, costs, isHere ? metered.all : metered.local, at)
    if (isHere || outcome !== 'taken') return charged(owner, metered, outcome, before, false)
    return this.ask(this.exact, owner, metered, before)
  }

  /** Another limit has refused the request: as if it had never met these. */
  giveBack(charge: Charge): void {
    this.add(charge, charge.costs, -1)
  }

  /** What it cost beside what was taken beforehand; below 0 where it was less. */
  settle(charge: Charge, costs: readonly number[]): void {
    this.add(charge, costs, 1)
  }

  /** What there is, and nothing is taken: leaves the levels. False where a store that several share did not say. */
  async look(metered: Metered): Promise<boolean> {
    const { exact } = this
    const isAsked = exact !== null && !exact.away && metered.exact.length > 0
    const meters = metered.exact.map(i => metered.meters[i]!)
    const levels = isAsked ? await exact.peek(meters).catch(() => null) : null
    this.local.look(metered, metered.costs, metered.all, this.now())
    if (levels !== null) hear(metered, levels)
    return exact === null || levels !== null || metered.exact.length === 0
  }

  private ask(
    exact: ExactStore,
    owner: string,
    metered: Metered,
    before: Charge | null,
  ): Charge | Promise<Charge> {
    if (exact.away) return this.goOn(exact, owner, metered, before, true)
    const meters = metered.exact.map(i => metered.meters[i]!)
    const answer = exact.take(
      meters,
      metered.exact.map(i => metered.costs[i]!),
    )
    if (!(answer instanceof Promise)) return this.told(owner, metered, before, answer)
    return answer.then(
      levels => {
        this.learn(metered, levels)
        // Others have asked meanwhile, and have left their levels.
        this.local.look(metered, metered.costs, metered.local, this.now())
        return this.told(owner, metered, before, levels)
      },
      (error: unknown) =>
        this.goOn(exact, owner, metered, before, error instanceof StoreAway && !error.asked),
    )
  }

  /** Of what was asked just now; what is remembered says nothing new. */
  private learn({ exact, meters }: Metered, levels: readonly ExactLevel[]): void {
    const at = this.now()
    for (const [n, i] of exact.entries()) {
      const meter = meters[i]!
      const { used } = levels[n]!
      this.drops?.note(meter, this.local.learn(meter, used, at), used)
    }
  }

  private told(
    owner: string,
    metered: Metered,
    before: Charge | null,
    levels: readonly ExactLevel[],
  ): Charge {
    const at = this.now()
    hear(metered, levels)
    const isDenied = levels.some(({ outcome }) => outcome === 'denied')
    if (isDenied) this.local.add(metered, metered.costs, metered.local, at, -1)
    return charged(owner, metered, isDenied ? 'denied' : 'taken', before, false)
  }

  /** Without the store, each limit as it declares. `owed`: the store has not heard of it, and is to be told. */
  private goOn(
    exact: ExactStore,
    owner: string,
    metered: Metered,
    before: Charge | null,
    owed: boolean,
  ): Charge {
    const { costs, meters } = metered
    const at = this.now()
    const outcome = this.takeAlone(metered, at, exact.share)
    if (outcome !== 'taken') this.local.add(metered, costs, metered.local, at, -1)
    else if (owed)
      exact.settle(
        metered.exact.map(i => meters[i]!),
        metered.exact.map(i => costs[i]!),
      )
    return charged(owner, metered, outcome, before, true)
  }

  private takeAlone(metered: Metered, at: At, share: number): ChargeOutcome {
    const wanted = (what: string): number[] =>
      metered.exact.filter(i => metered.meters[i]!.limit.row.onStoreError === what)
    if (wanted('Deny').length > 0) return 'unavailable'
    for (const i of wanted('Allow')) {
      metered.levels[i]!.isUnknown = true
      metered.levels[i]!.outcome = 'taken'
    }
    this.local.look(metered, metered.costs, metered.local, at)
    return this.local.take(metered, metered.costs, wanted('Local'), at, share)
  }

  private add({ metered, outcome, alone }: Charge, costs: readonly number[], times: 1 | -1): void {
    if (outcome !== 'taken') return
    const { exact } = this
    const at = this.now()
    const isHere = exact === null || metered.exact.length === 0
    if (isHere) return this.local.add(metered, costs, metered.all, at, times)
    this.local.add(metered, costs, metered.local, at, times)
    const meters = metered.exact.map(i => metered.meters[i]!)
    exact.settle(
      meters,
      metered.exact.map(i => costs[i]! * times),
    )
    const own = metered.exact.filter(i => metered.meters[i]!.limit.row.onStoreError === 'Local')
    if (alone) this.local.add(metered, costs, own, at, times, exact.share)
  }

  private now(): At {
    return { nowUs: this.clock.sharedUs(), wallMs: this.clock.wallMs() }
  }
}

function hear(metered: Metered, told: readonly ExactLevel[]): void {
  for (const [n, i] of metered.exact.entries()) {
    const { outcome, used, remaining, resetSeconds } = told[n]!
    const retrySeconds = outcome === 'denied' ? resetSeconds : 0
    Object.assign(metered.levels[i]!, {
      outcome,
      used,
      remaining,
      resetSeconds,
      retrySeconds,
      isUnknown: false,
    })
  }
}

function charged(
  owner: string,
  metered: Metered,
  outcome: ChargeOutcome,
  before: Charge | null,
  alone: boolean,
): Charge {
  // Of a refused request those that refuse it, and of others those that only say so.
  const wanted = outcome === 'taken' ? 'over' : outcome
  let exceeded: number[] | null = null
  let retrySeconds = 0
  for (let i = 0; i < metered.levels.length; i++) {
    const level = metered.levels[i]!
    if (level.outcome !== wanted) continue
    exceeded ??= []
    exceeded.push(i)
    retrySeconds = Math.max(retrySeconds, level.retrySeconds)
  }
  const costs = outcome === 'taken' ? takenOf(metered, exceeded ?? NOTHING) : NOTHING
  const { policies, state } = metered
  return {
    owner,
    metered,
    costs,
    outcome,
    exceeded: exceeded ?? NOTHING,
    alone,
    retrySeconds,
    policies,
    state,
    told: false,
    before,
  }
}

/** Of a rate that is over and lets through nothing was taken. */
function takenOf({ meters, costs }: Metered, exceeded: readonly number[]): readonly number[] {
  if (exceeded.every(i => meters[i]!.limit.isQuota)) return costs
  return costs.map((cost, i) => (exceeded.includes(i) && !meters[i]!.limit.isQuota ? 0 : cost))
}
