import type { Identity } from '../../src/filters/identity.ts'
import type { LimitRow, PlanRow, PolicyLimitRow, SubscriptionRow } from '../../src/roles/management/rows.ts'

// Rows as translation and the service write them; `more` is what a test is about.

export function limitRow(name: string, amount: number, more: Partial<LimitRow> = {}): LimitRow {
  const { kind = 'Rate' } = more
  return {
    name,
    kind,
    unit: 'Requests',
    amount,
    per: kind === 'Rate' ? 'Minute' : 'Month',
    burst: kind === 'Rate' ? amount : 0,
    anchor: 'Calendar',
    timeZone: 'UTC',
    scope: 'Subscription',
    operations: null,
    exceeded: 'Deny',
    counters: 'Local',
    onStoreError: 'Local',
    ...more,
  }
}

export function quotaRow(name: string, amount: number, more: Partial<LimitRow> = {}): LimitRow {
  return limitRow(name, amount, { kind: 'Quota', ...more })
}

export function policyRow(row: LimitRow, more: Partial<PolicyLimitRow> = {}): PolicyLimitRow {
  return { ...row, by: 'Identity', claim: null, header: null, ...more }
}

export function planRow(limits: readonly LimitRow[], more: Partial<PlanRow> = {}): PlanRow {
  return { title: '', approval: 'Auto', limits, costs: [], costHeader: null, maxCost: 1_000, ...more }
}

export function subscriptionRow(
  id: string,
  plan: string,
  more: Partial<SubscriptionRow> = {},
): SubscriptionRow {
  const sinceMs = Date.UTC(2026, 0, 31, 9)
  return { subscription: id, plan, status: 'active', sinceMs, planSinceMs: sinceMs, ...more }
}

/** Who has shown a recorded key of this application. */
export function identityOf(application: string, credential = `key of ${application}`): Identity {
  return {
    kind: 'api-key',
    principal: `key:${credential}`,
    credential,
    application,
    account: `account of ${application}`,
    scopes: [],
    claims: {},
  }
}

export const anonymous: Identity = {
  kind: 'anonymous',
  principal: 'anonymous',
  credential: null,
  application: null,
  account: null,
  scopes: [],
  claims: {},
}
