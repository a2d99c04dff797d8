import { Type } from 'typebox'
import { isOwn } from '../../../http/owned-fields.ts'
import { PORTCULLIS, type ResourceKind } from '../../../model/kind.ts'
import { headerName } from '../../../model/kinds/http-filters.ts'
import {
  integer,
  list,
  mapList,
  object,
  optional,
  required,
  text,
  type Shape,
  type Violation,
} from '../../../model/kinds/shapes.ts'
import type { Resource } from '../../../model/resource.ts'
import { limitDefaults, planDefaults } from './defaults.ts'
import { limitFields, limitViolations, limitCel } from './limit.ts'
import { operationId } from './operations.ts'

const limit = object(
  {
    ...limitFields,
    anchor: optional(
      Type.Enum(['Calendar', 'Subscription']),
      'For a Quota, when its windows begin: with the minute, hour, day, week (Monday), month or year of `timeZone`, or as far into them as the subscription did.',
      limitDefaults.anchor,
    ),
    scope: optional(
      Type.Enum(['Subscription', 'Credential', 'Operation']),
      'What has a count of its own: the subscription, each of its credentials, or each operation of it. Who has none counts by its address.',
      limitDefaults.scope,
    ),
  },
  { title: 'PlanLimit' },
)

const cost = object({
  operations: required(
    { ...list(operationId, 1, 256), uniqueItems: true },
    'The operations that cost so much.',
  ),
  cost: required(integer(0, 1_000_000_000), 'What a request for one of them costs; 0: nothing.'),
})

/** portcullis.dev/v1alpha1 Plan. */
const schema = object(
  {
    spec: required(
      object({
        title: optional(text(128, 1), 'What people call it. Left out, its name.'),
        description: optional(text(4096), 'What it is, for who chooses among plans.'),
        approval: optional(
          Type.Enum(['Auto', 'Manual']),
          'Whether a subscription is active at once, or when somebody has approved it.',
          planDefaults.approval,
        ),
        limits: optional(
          mapList(limit, 'name', 0, 16),
          'What a subscription may use. All count: what one of them denies uses up none of the others. Left out, there is no limit.',
        ),
        costs: optional(
          list(cost, 0, 64),
          'What requests cost, for limits of unit Cost. An operation that is in none of them costs 1.',
        ),
        costHeader: optional(
          headerName,
          'A header of responses that says what the request has cost in truth, as a number; it counts in place of `costs`, and clients do not get it.',
        ),
        maxCost: optional(
          integer(1, 1_000_000_000),
          'The most that costHeader can say of one request, so that a backend which is mistaken, or answers for somebody who is not meant well, uses up no quota by one answer. More is taken for this much, and said in the log.',
          planDefaults.maxCost,
        ),
      }),
      'How much may be used, and who says so.',
    ),
  },
  { description: 'How much of a Product an application may use. It is enforced because it is there.' },
)

export type PlanBody = Shape<typeof schema>
export type PlanSpec = PlanBody['spec']
export type Plan = Resource<PlanBody>
export type PlanLimit = NonNullable<PlanSpec['limits']>[number]

export const Plan: ResourceKind<Plan> = {
  group: PORTCULLIS,
  versions: ['v1alpha1'],
  kind: 'Plan',
  plural: 'plans',
  scope: 'Namespaced',
  role: 'management',
  schema,
  rules,
  cel: [
    ...limitCel,
    {
      path: 'spec.limits.*',
      rule: "(self.kind == 'Quota' && self.per != 'Lifetime') || (!has(self.anchor) && !has(self.timeZone))",
      message: 'anchor and timeZone are only for kind: Quota, whose windows end',
    },
    {
      path: 'spec',
      rule: "(!has(self.costHeader) && (!has(self.costs) || size(self.costs) == 0)) || (has(self.limits) && self.limits.exists(one, has(one.unit) && one.unit == 'Cost'))",
      message: 'costs and costHeader are of no use without a limit of unit Cost',
    },
    {
      path: 'spec',
      rule: '!has(self.maxCost) || has(self.costHeader)',
      message: 'maxCost is of no use without costHeader',
    },
  ],
  protects: true,
  // Products name it, and are told that it is missing.
  targets: () => ({ refs: [], selectors: [] }),
}

function rules({ spec }: PlanBody): Violation[] {
  return [
    ...limitViolations(spec.limits ?? [], ['spec', 'limits']),
    ...costViolations(spec),
    ...costHeaderViolations(spec),
  ]
}

function costViolations({ costs = [], limits = [] }: PlanSpec): Violation[] {
  const known = new Map<string, number>()
  const twice = costs.flatMap(({ operations }, i) =>
    operations.flatMap((operation, j) => {
      const first = known.get(operation)
      known.set(operation, first ?? i)
      if (first === undefined) return []
      const message = `${operation} has a cost already, of spec.costs[${first}], expected it once`
      return [{ path: ['spec', 'costs', i, 'operations', j], message }]
    }),
  )
  if (costs.length === 0 || limits.some(({ unit }) => unit === 'Cost')) return twice
  return [...twice, { path: ['spec', 'costs'], message: 'are of no use without a limit of unit Cost' }]
}

function costHeaderViolations({ costHeader, maxCost, limits = [] }: PlanSpec): Violation[] {
  if (costHeader === undefined)
    return maxCost === undefined
      ? []
      : [{ path: ['spec', 'maxCost'], message: 'is of no use without costHeader' }]
  const path = ['spec', 'costHeader']
  if (isOwn(costHeader))
    return [{ path, message: `${costHeader} is of the gateway or of the connection, and says no cost` }]
  return limits.some(({ unit }) => unit === 'Cost')
    ? []
    : [{ path, message: 'is of no use without a limit of unit Cost' }]
}
