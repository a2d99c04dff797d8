import { Type } from 'typebox'
import { listOf, listQuery } from './list.ts'
import { Id, IdOrName, inOrganization, Name, ObjectName, Reason } from './record.ts'
import { fields, orNull, Time, type Shape } from './shape.ts'

const subscriptionStatuses = ['pending', 'active', 'suspended', 'rejected', 'cancelled'] as const
const status = Type.Enum([...subscriptionStatuses], {
  description:
    'pending: its plan wants approval (→ active, rejected). active (→ suspended). suspended (→ active). Each of them may be cancelled; rejected and cancelled are ends.',
})
const named = fields({ id: Id, name: Name })

export const Subscription = fields(
  {
    id: Id,
    application: named,
    account: named,
    organization: named,
    product: Type.String({ description: 'NAMESPACE/NAME of a Product.' }),
    plan: Type.String({ description: 'NAMESPACE/NAME of a Plan.' }),
    status,
    since: orNull(Time, 'When it first became active; windows of limits that are anchored begin then.'),
    planSince: orNull(Time, 'When it came to this plan.'),
    previousPlan: orNull(Type.String()),
    approvedBy: orNull(Type.String(), 'Who; auto where its plan wants no approval.'),
    reason: Type.String({
      description: 'Why it was rejected, suspended or cancelled; "" where nobody said.',
    }),
    createdAt: Time,
    updatedAt: Time,
  },
  'An application that uses a product on a plan. Limits count for it.',
)
export type Subscription = Shape<typeof Subscription>

export const NewSubscription = fields({
  application: IdOrName,
  account: Type.Optional({
    ...IdOrName,
    description: 'Of the application, where that is given by its name.',
  }),
  ...inOrganization,
  product: ObjectName,
  plan: ObjectName,
})
export const SubscriptionChange = fields({ plan: ObjectName })
export const SubscriptionReason = fields({ reason: Type.Optional(Reason) })

export const SubscriptionQuery = listQuery({
  ...inOrganization,
  account: Type.Optional({ ...IdOrName, description: 'Of applications of this account.' }),
  application: Type.Optional({ ...IdOrName, description: 'Of this application.' }),
  product: Type.Optional(ObjectName),
  plan: Type.Optional(ObjectName),
  status: Type.Optional(status),
})
export const SubscriptionParams = fields({ subscription: Id })
export const Subscriptions = listOf(Subscription, 'Subscriptions, the oldest first.')
export type Subscriptions = Shape<typeof Subscriptions>
