import { Type, type Static } from 'typebox'
import { usageDimensions, usageSteps, type UsageDimension } from './usage-names.ts'
import { fields, orNull, text, Time, type Shape } from './shape.ts'

const meanings: Readonly<Record<UsageDimension, string>> = {
  api: 'NAMESPACE/NAME of an API.',
  version: 'Of the API.',
  operation: 'The operationId; "" where the document knows no such operation.',
  subscription: 'Its id; "" for who has none.',
  application: 'Its id; "" where nobody knows which it was.',
  account: 'Its id; "" where nobody knows whose it was.',
  product: 'NAMESPACE/NAME of a product.',
  plan: 'NAMESPACE/NAME of a plan; "" without one.',
  outcome:
    'answered (by the backend or the route), denied_authentication, denied_authorization, denied_subscription, denied_limit, denied_other, client_error, upstream_error or gateway_error.',
  status: 'Class of the status: 1xx to 5xx, or none where the client had gone before there was one.',
  latency: 'At most so long: 10ms, 30ms, 100ms, 300ms, 1s, 3s, 10s, or more; tunnel for what has become one.',
  overQuota: 'true: beyond its quota, and let through by a limit that only flags.',
  credential:
    'Its id; "" where none was recorded, and "(other)" of one beyond the first 64 of a subscription.',
}

const Value = text(600)

/** One value, or one of several: the parameter several times. */
function chosen(name: UsageDimension) {
  return Type.Optional(
    Type.Union([Value, Type.Array(Value, { maxItems: 100 })], {
      description: `Only what has this value, or one of several. ${meanings[name]}`,
    }),
  )
}

export const UsageQuery = fields({
  api: chosen('api'),
  version: chosen('version'),
  operation: chosen('operation'),
  subscription: chosen('subscription'),
  application: chosen('application'),
  account: chosen('account'),
  product: chosen('product'),
  plan: chosen('plan'),
  outcome: chosen('outcome'),
  status: chosen('status'),
  latency: chosen('latency'),
  overQuota: chosen('overQuota'),
  credential: chosen('credential'),
  from: Type.Optional(
    Type.String({ maxLength: 40, description: 'RFC 3339. A day before `to` where absent.' }),
  ),
  to: Type.Optional(
    Type.String({ maxLength: 40, description: 'RFC 3339, and not included; now where absent.' }),
  ),
  step: Type.Enum(usageSteps, {
    default: 'total',
    description: 'A row for each minute, hour or day (UTC), or one for all the time.',
  }),
  groupBy: Type.Optional(
    Type.String({
      maxLength: 200,
      description: `Rows for each value of these, separated by commas: ${usageDimensions.join(', ')}.`,
    }),
  ),
  order: Type.Enum(['key', 'requests'], {
    default: 'key',
    description:
      'By time and values, or those with most requests first: then there is one page, of the first `limit`.',
  }),
  limit: Type.Integer({ minimum: 1, maximum: 10_000, default: 100, description: 'How many rows at most.' }),
  cursor: Type.Optional(
    Type.String({ maxLength: 10_000, description: 'What the last answer has as `next`.' }),
  ),
  format: Type.Optional(
    Type.Enum(['json', 'csv'], { description: 'As Accept says where absent; JSON where that says nothing.' }),
  ),
})
export type UsageQuery = Static<typeof UsageQuery>

const sums = {
  requests: Type.Number({ description: 'All, with those that were denied.' }),
  denied: Type.Number({ description: 'Of them by the gateway: outcomes that begin with denied_.' }),
  errors: Type.Number({
    description: 'Of them answered with 5xx, or broken off by the backend or the gateway.',
  }),
  overQuota: Type.Number({ description: 'Of them let through beyond a quota.' }),
  requestBytes: Type.Number({ description: 'Of bodies, as they came.' }),
  responseBytes: Type.Number({ description: 'Of bodies, as they were sent.' }),
  cost: Type.Number({ description: 'By the plan.' }),
}

const UsageSums = fields(sums)
export type UsageSums = Shape<typeof UsageSums>

const UsageItem = fields({
  at: orNull(Time, 'When the step begins; null for all the time.'),
  by: Type.Record(Type.String(), Type.String(), { description: 'The values of `groupBy`.' }),
  ...sums,
})
export type UsageItem = Shape<typeof UsageItem>

export const Usage = fields(
  {
    from: Time,
    to: Time,
    step: Type.Enum(usageSteps),
    groupBy: Type.Array(Type.Enum(usageDimensions)),
    items: Type.Array(UsageItem),
    next: orNull(Type.String(), 'The cursor of what follows; null where that is nothing.'),
    total: orNull(UsageSums, 'Of all rows; null in pages that follow.'),
    names: Type.Record(Type.String(), Type.String(), {
      description:
        'Of the applications and accounts among the values, by id, as far as they are still there.',
    }),
  },
  'What was used from `from` to `to`, which are moved outwards to where the step, or what is still kept, begins and ends.',
)
export type Usage = Shape<typeof Usage>

export const UsageRetention = fields(
  {
    minutesHours: Type.Integer({
      minimum: 3,
      maximum: 720,
      description: 'Hours for which minutes are kept.',
    }),
    hoursDays: Type.Integer({ minimum: 2, maximum: 3_660, description: 'Days for which hours are kept.' }),
    daysDays: Type.Integer({ minimum: 31, maximum: 36_600, description: 'Days for which days are kept.' }),
  },
  'For how long usage is kept, at which length of its steps; each at least as long as the one before.',
)
export type UsageRetention = Shape<typeof UsageRetention>
