import type { Exchange, Failure, FilterType, Verdict } from '../../../../filters/filter.ts'
import { askedApiNote, costNote, identityNote } from '../../../../filters/identity.ts'
import type { Kit } from '../../../../filters/kit.ts'
import type { FilterConfig } from '../../../../snapshot/rule.ts'
import { chargeNote, chargeOf } from '../charge.ts'
import type { Denials } from '../denial.ts'
import { Enforcement } from '../enforcement.ts'
import { inspectPlan } from '../inspect.ts'
import type { Metered } from '../metered.ts'
import type { PlanLimits } from '../plan-limits.ts'
import { standingNote, type Standing } from '../standing.ts'
import { ApiStandings, type ProductConfig } from '../standings.ts'
import { costOf } from '../told-cost.ts'
import { WorkerLimits } from '../worker-limits.ts'

/** Products that have an API, in the order of their names. */
export interface PlanConfig extends FilterConfig {
  readonly type: 'plan'
  /** `default/petstore` */
  readonly api: string
  readonly products: readonly ProductConfig[]
}

const denials: Denials = { rate: 'plan_rate_limited', quota: 'plan_quota_exceeded' }

/** A plan's limits are enforced because they exist: who may use an API is who has subscribed to a product of it. */
export const plan: FilterType<PlanConfig> = {
  type: 'plan',
  role: 'management',
  phase: 'plan',
  describe: ({ products }) =>
    `subscribers of ${products.map(({ product, plans }) => `${product} (${plans.join(', ')})`).join('; ')}`,
  inspect: (config, x, kit) => inspectPlan(config, x, kit, standing => meteredOf(x, standing), denials),
  compile(config, kit) {
    const limits = WorkerLimits.of(kit)
    const standings = new ApiStandings(config.products, limits.standings)
    const enforcement = new Enforcement(limits.store, kit, denials)
    const settling = new Settling(enforcement, kit)
    return {
      request(x): Verdict | Promise<Verdict> {
        const standing = x.notes.get(standingNote) ?? standings.of(x)
        if (standing.refusal !== null) return standing.refusal
        return take(x, standing, enforcement)
      },
      response(x) {
        const standing = x.notes.get(standingNote)
        if (standing?.plan == null) return
        settling.atHead(x, standing.plan, standing.owner)
        enforcement.tell(x, standing.owner)
      },
      end(x) {
        const standing = x.notes.get(standingNote)
        if (standing?.plan != null) settling.atEnd(x, standing.owner)
      },
    }
  },
}

function take(x: Exchange, standing: Standing, enforcement: Enforcement): Verdict | Promise<Verdict> {
  x.notes.set(standingNote, standing)
  const limits = standing.plan!
  if (limits.countsCost) x.notes.set(costNote, limits.costOf(operationOf(x)))
  const metered = meteredOf(x, standing)
  if (metered === null) return undefined
  const verdict = enforcement.take(x, standing.owner, metered)
  if (verdict instanceof Promise) return verdict.then(refusal => refused(x, limits, refusal))
  return refused(x, limits, verdict)
}

function meteredOf(x: Exchange, standing: Standing): Metered | null {
  const credential = x.notes.get(identityNote)?.credential ?? ''
  return standing.metered(operationOf(x), credential, x.clientAddress)
}

function operationOf({ notes }: Exchange): string {
  return notes.get(askedApiNote)?.operation ?? ''
}

/** Who is refused pays nothing. */
function refused(x: Exchange, limits: PlanLimits, refusal: Failure | undefined): Failure | undefined {
  if (refusal !== undefined && limits.countsCost) x.notes.set(costNote, 0)
  return refusal
}

const CAPPED_EVERY_MS = 60_000

/** What a request costs beside what was known before it was let through. */
class Settling {
  private readonly enforcement: Enforcement
  private readonly kit: Pick<Kit, 'log' | 'clock'>
  private quietUntilMs = -Infinity

  constructor(enforcement: Enforcement, kit: Settling['kit']) {
    this.enforcement = enforcement
    this.kit = kit
  }

  /** The backend may say what it has cost; clients are not to see that. */
  atHead(x: Exchange, { costHeader, maxCost }: PlanLimits, owner: string): void {
    if (costHeader === null) return
    const { fields } = x.response
    const said = fields.combined(costHeader)
    if (said === undefined) return
    fields.remove(costHeader)
    const told = costOf(said)
    const charge = chargeOf(x.notes.get(chargeNote), owner)
    if (told === null || (charge !== null && charge.outcome !== 'taken')) return
    const cost = Math.min(told, maxCost)
    if (told > maxCost) this.capped(owner, told, maxCost)
    const before = x.notes.get(costNote) ?? 0
    x.notes.set(costNote, cost)
    if (charge === null) return
    this.enforcement.settle(charge, ({ row: { unit } }) => (unit === 'Cost' ? cost - before : 0))
  }

  /** Once for a while: whoever is mistaken is so in each answer. */
  private capped(owner: string, told: number, maxCost: number): void {
    const nowMs = this.kit.clock.now()
    if (nowMs < this.quietUntilMs) return
    this.quietUntilMs = nowMs + CAPPED_EVERY_MS
    this.kit.log.warn('cost.capped', {
      of: owner,
      message: `a response says that its request has cost ${told}, and maxCost is ${maxCost}: it counts as that`,
    })
  }

  atEnd(x: Exchange, owner: string): void {
    const charge = chargeOf(x.notes.get(chargeNote), owner)
    if (charge === null || !charge.metered.isSettled) return
    this.enforcement.settle(charge, ({ isSettled }, taken) => {
      return isSettled ? x.requestBytes + x.responseBytes - taken : 0
    })
  }
}
