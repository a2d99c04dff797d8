import { proposal } from '../../../model/nearest.ts'
import type { FieldPath } from '../../../model/resource.ts'
import { keyOf, refKey, type Resources } from '../../../model/resources.ts'
import { PORTCULLIS } from '../../../model/kind.ts'
import { policyName } from '../../../translation/policies.ts'
import { limitDefaults, planDefaults } from '../kinds/defaults.ts'
import { Plan, type PlanLimit } from '../kinds/plan.ts'
import { Product } from '../kinds/product.ts'
import type { IdentityLimit } from '../kinds/rate-limit-policy.ts'
import type { RowValue } from '../../../shared/table-writer.ts'
import type { LimitRow, PlanRow, PolicyLimitRow } from '../rows.ts'
import type { ApiState, ApiWorld } from './apis.ts'

/** Every Plan as workers look it up, by `namespace/name`. */
export function planRows(resources: Resources): ReadonlyMap<string, RowValue> {
  return new Map(resources.all(Plan).map(plan => [policyName(plan), rowOf(plan)]))
}

/** Rows are plain data, which types with a name are not for the compiler. */
function rowOf({ metadata, body: { spec } }: Plan): RowValue {
  const {
    title = metadata.name,
    approval = planDefaults.approval,
    limits = [],
    costs = [],
    costHeader,
    maxCost = planDefaults.maxCost,
  } = spec
  return {
    title,
    approval,
    limits: limits.map(limit => ({ ...limitRow(limit) })),
    costs: costs.map(({ operations, cost }) => ({ operations: [...operations], cost })),
    costHeader: costHeader?.toLowerCase() ?? null,
    maxCost,
  } satisfies PlanRow
}

function limitRow(limit: PlanLimit): LimitRow {
  return {
    ...commonRow(limit),
    anchor: limit.anchor ?? limitDefaults.anchor,
    scope: limit.scope ?? limitDefaults.scope,
  }
}

/** A limit of a RateLimitPolicy, which no subscription has: windows are those of the calendar. */
export function policyLimitRow(limit: IdentityLimit): PolicyLimitRow {
  const { by = limitDefaults.by, claim = null, header } = limit
  return {
    ...commonRow(limit),
    anchor: limitDefaults.anchor,
    scope: limitDefaults.scope,
    by,
    claim,
    header: header?.toLowerCase() ?? null,
  }
}

function commonRow(limit: PlanLimit | IdentityLimit): Omit<LimitRow, 'anchor' | 'scope'> {
  const { name, kind, unit = limitDefaults.unit, amount, per, burst = amount, operations = [] } = limit
  return {
    name,
    kind,
    unit,
    amount,
    per,
    burst: kind === 'Rate' ? burst : 0,
    timeZone: limit.timeZone ?? limitDefaults.timeZone,
    operations: operations.length === 0 ? null : [...operations],
    exceeded: limit.exceeded ?? limitDefaults.exceeded,
    counters: limit.counters ?? limitDefaults.counters,
    onStoreError: limit.onStoreError ?? limitDefaults.onStoreError,
  }
}

/** Says of each Plan whose it is, and which of its operations nobody has. */
export function reportPlans(apis: ReadonlyMap<string, ApiState>, { resources, report }: ApiWorld): void {
  const products = productsByPlan(resources)
  for (const plan of resources.all(Plan)) {
    const its = products.get(keyOf(plan)) ?? []
    report.good(plan, 'Accepted', 'Accepted', acceptedText(its))
    if (its.length === 0)
      report.doubt(plan, {
        severity: 'warning',
        reason: 'UnusedPlan',
        path: [],
        message: 'no Product has it: nobody can subscribe by it',
      })
    const known = operationsOf(its, apis)
    if (known !== null) doubtOperations(plan, known, report)
  }
}

function acceptedText(products: readonly Product[]): string {
  const names = products.map(policyName)
  return names.length === 0 ? 'no Product has it' : `is a plan of ${names.join(', ')}`
}

function productsByPlan(resources: Resources): ReadonlyMap<string, Product[]> {
  const products = new Map<string, Product[]>()
  for (const product of resources.all(Product)) {
    const { namespace } = product.metadata
    const { plans = [], anonymousPlan } = product.body.spec
    const names = new Set(
      [...plans, ...(anonymousPlan === undefined ? [] : [anonymousPlan])].map(({ name }) => name),
    )
    for (const name of names) {
      const key = refKey({ group: PORTCULLIS, kind: Plan.kind, namespace, name })
      products.set(key, [...(products.get(key) ?? []), product])
    }
  }
  return products
}

/** All of these Products' APIs; null where not all of them are known. */
function operationsOf(products: readonly Product[], apis: ReadonlyMap<string, ApiState>): string[] | null {
  const all: string[] = []
  for (const { metadata, body } of products)
    for (const { name } of body.spec.apis) {
      const key = refKey({ group: PORTCULLIS, kind: 'API', namespace: metadata.namespace, name })
      const operations = apis.get(key)?.operations ?? null
      if (operations === null) return null
      all.push(...operations.map(({ id }) => id))
    }
  return products.length === 0 ? null : all
}

function doubtOperations(plan: Plan, known: readonly string[], report: ApiWorld['report']): void {
  const { limits = [], costs = [] } = plan.body.spec
  const named = [
    ...limits.map(({ operations = [] }, i) => ({
      operations,
      path: ['spec', 'limits', i],
      end: 'it counts nothing',
    })),
    ...costs.map(({ operations }, i) => ({
      operations,
      path: ['spec', 'costs', i],
      end: 'it costs nothing of its own',
    })),
  ]
  for (const { operations, path, end } of named)
    for (const [i, id] of operations.entries()) {
      if (known.includes(id)) continue
      const at: FieldPath = [...path, 'operations', i]
      const message = `no API that is had by this plan has an operation ${JSON.stringify(id)}${proposal(id, known)}: ${end}`
      report.doubt(plan, { severity: 'error', reason: 'OperationNotFound', path: at, message })
    }
}
