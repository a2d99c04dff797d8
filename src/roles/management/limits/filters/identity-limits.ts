import { compileExceptions, type Exception } from '../../../../filters/exceptions.ts'
import type { Exchange, FilterType } from '../../../../filters/filter.ts'
import { askedApiNote, costNote, identityNote, type Identity } from '../../../../filters/identity.ts'
import { passes, undecidedNote } from '../../../../filters/inspect.ts'
import type { FilterConfig } from '../../../../snapshot/rule.ts'
import type { PolicyLimitRow } from '../../rows.ts'
import { chargeNote, chargeOf } from '../charge.ts'
import { describeLimit } from '../describe.ts'
import type { Denials } from '../denial.ts'
import { Enforcement } from '../enforcement.ts'
import { inspectMetered } from '../inspect.ts'
import { Limit } from '../limit.ts'
import { Meter } from '../meter.ts'
import { Metered } from '../metered.ts'
import { countedOf } from '../whose-limit.ts'
import { WorkerLimits } from '../worker-limits.ts'

/** The limits of one RateLimitPolicy. */
export interface IdentityLimitsConfig extends FilterConfig {
  readonly type: 'identity-limits'
  /** `default/limits`: what is counted is found by it, so that a policy counts once, wherever it stands. */
  readonly policy: string
  readonly limits: readonly PolicyLimitRow[]
  readonly except: readonly Exception[]
}

const denials: Denials = { rate: 'rate_limited', quota: 'rate_limited' }

export const identityLimits: FilterType<IdentityLimitsConfig> = {
  type: 'identity-limits',
  role: 'management',
  phase: 'plan',
  describe: ({ limits }) => limits.map(describePolicyLimit).join('; '),
  except: ({ except }) => except,
  inspect({ policy, limits: rows }, x, kit) {
    const undecided = x.notes.get(undecidedNote)
    const isByWho = rows.some(({ by }) => by !== 'All' && by !== 'ClientAddress' && by !== 'Header')
    if (undecided !== undefined && isByWho) return { ...passes, unknown: undecided }
    const limits = new PolicyLimits(policy, rows)
    return inspectMetered(limits.owner, limits.metered(x), x, kit, denials)
  },
  compile({ policy, limits: rows, except }, kit) {
    const { store } = WorkerLimits.of(kit)
    const enforcement = new Enforcement(store, kit, denials)
    const limits = new PolicyLimits(policy, rows)
    const isExcepted = compileExceptions(except) ?? (() => false)
    return {
      request: x => (isExcepted(x) ? undefined : enforcement.take(x, limits.owner, limits.metered(x))),
      response: x => enforcement.tell(x, limits.owner),
      end(x) {
        const charge = limits.isSettled ? chargeOf(x.notes.get(chargeNote), limits.owner) : null
        if (charge !== null)
          enforcement.settle(charge, ({ row: { unit } }, taken) =>
            unit === 'Bytes'
              ? x.requestBytes + x.responseBytes - taken
              : unit === 'Cost'
                ? (x.notes.get(costNote) ?? taken) - taken
                : 0,
          )
      },
    }
  },
}

function describePolicyLimit(row: PolicyLimitRow): string {
  const by = row.claim ?? row.header ?? ''
  const whose = row.by === 'All' ? 'for all' : `by ${row.by}${by === '' ? '' : ` ${by}`}`
  return `${describeLimit(row)}, ${whose}`
}

class PolicyLimits {
  readonly owner: string
  readonly isSettled: boolean
  private readonly policy: string
  private readonly limits: readonly { readonly limit: Limit; readonly row: PolicyLimitRow }[]
  /** Whether who asks says it all. */
  private readonly byIdentity: boolean
  private readonly kept = new WeakMap<Identity, Map<string, Metered>>()

  constructor(policy: string, rows: readonly PolicyLimitRow[]) {
    this.owner = `RateLimitPolicy ${policy}`
    this.policy = policy
    this.limits = rows.map(row => ({ limit: new Limit(row), row }))
    this.isSettled = rows.some(({ unit }) => unit !== 'Requests')
    this.byIdentity = rows.every(({ by }) => by !== 'ClientAddress' && by !== 'Header')
  }

  metered(x: Exchange): Metered {
    const identity = x.notes.get(identityNote) ?? null
    const who = identity?.kind === 'anonymous' ? null : identity
    const operation = x.notes.get(askedApiNote)?.operation ?? ''
    if (who === null || !this.byIdentity) return this.make(who, operation, x)
    let byOperation = this.kept.get(who)
    if (byOperation === undefined) this.kept.set(who, (byOperation = new Map<string, Metered>()))
    let metered = byOperation.get(operation)
    if (metered === undefined) byOperation.set(operation, (metered = this.make(who, operation, x)))
    return metered
  }

  private make(identity: Identity | null, operation: string, x: Exchange): Metered {
    const counting = this.limits.filter(({ limit }) => limit.counts(operation))
    return new Metered(
      counting.map(({ limit, row }) => {
        const narrower = row.scope === 'Operation' ? ` operation ${operation}` : ''
        return new Meter(limit, countedOf(this.policy, row, identity, x), narrower)
      }),
      // What it costs the plan may say; before that is known, as much as any other.
      counting.map(({ row }) => (row.unit === 'Bytes' ? 0 : 1)),
    )
  }
}
