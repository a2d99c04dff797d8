import { Type } from 'typebox'
import { fields, orNull, Time, type Shape } from './shape.ts'

const SubscriptionLimit = fields({
  name: Type.String({ description: 'As the plan has it.' }),
  kind: Type.Enum(['Rate', 'Quota']),
  unit: Type.Enum(['Requests', 'Bytes', 'Cost']),
  per: Type.Enum(['Second', 'Minute', 'Hour', 'Day', 'Week', 'Month', 'Year', 'Lifetime']),
  operation: orNull(Type.String(), 'Of a limit that counts each operation by itself: which one.'),
  credential: orNull(Type.String(), 'Of a limit that counts each credential by itself: the id of which one.'),
  amount: Type.Integer({ description: 'How much there is: of a Quota in its window, of a Rate at once.' }),
  used: Type.Integer({ description: 'More than the amount where it only flags, or was told at the end.' }),
  left: Type.Integer(),
  renewsAt: orNull(
    Time,
    'Of a Quota, when its next window begins; of a Rate, when there is more of it, or all where something is left. Null: never.',
  ),
  exceeded: Type.Enum(['Deny', 'Flag'], { description: 'What becomes of requests that are over it.' }),
  flagged: Type.Boolean({ description: 'It is used up, and requests are let through and flagged.' }),
  counters: Type.Enum(['Local', 'Exact'], { description: 'Of this gateway alone, or of all together.' }),
  known: Type.Boolean({
    description:
      'Of `Exact`: whether where it is counted has answered. If not, it is what this gateway knew last.',
  }),
})
export type SubscriptionLimit = Shape<typeof SubscriptionLimit>

export const SubscriptionLimits = fields(
  {
    plan: Type.String({ description: 'NAMESPACE/NAME of the Plan that the limits are of.' }),
    items: Type.Array(SubscriptionLimit),
  },
  'What is left of the limits of a subscription, as it counts now. Nothing is taken of them by asking.',
)
export type SubscriptionLimits = Shape<typeof SubscriptionLimits>
