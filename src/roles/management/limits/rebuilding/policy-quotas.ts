import type { Resources } from '../../../../model/resources.ts'
import { policyName } from '../../../../translation/policies.ts'
import { RateLimitPolicy } from '../../kinds/rate-limit-policy.ts'
import { policyLimitRow } from '../../translation/plans.ts'
import type { KeptQuota } from '../keeping/quota-rows.ts'

/** A Meter.key: NAMESPACE/NAME of the policy, whose it is, unit and period, the limit, and perhaps an operation. */
const KEY = /^((\S+) .+) Quota\/(\w+)\/(\w+) (\S+)/

/** Quotas of RateLimitPolicies that are in force, of several gateways together. */
export class PolicyQuotas {
  /** Whether several gateways count something together, be it a rate. */
  readonly hasExact: boolean
  private readonly exact: ReadonlySet<string>

  constructor(policies: readonly RateLimitPolicy[]) {
    const rows = policies.flatMap(policy =>
      policy.body.spec.limits
        .map(policyLimitRow)
        .filter(({ counters }) => counters === 'Exact')
        .map(row => ({ policy: policyName(policy), ...row })),
    )
    this.hasExact = rows.length > 0
    this.exact = new Set(
      rows
        .filter(({ kind }) => kind === 'Quota')
        .map(({ policy, unit, per, name }) => nameOf(policy, unit, per, name)),
    )
  }

  static in(resources: Resources): PolicyQuotas {
    return new PolicyQuotas(resources.all(RateLimitPolicy))
  }

  /** Of these the ones that Redis counts, with whom they are of. */
  exactOf(quotas: readonly KeptQuota[]): readonly (KeptQuota & { readonly who: string })[] {
    return quotas.flatMap(quota => {
      const [, who = '', policy = '', unit = '', per = '', name = ''] = KEY.exec(quota.key) ?? []
      return this.exact.has(nameOf(policy, unit, per, name)) ? [{ ...quota, who }] : []
    })
  }
}

function nameOf(policy: string, unit: string, per: string, name: string): string {
  return `${policy} ${unit}/${per} ${name}`
}
