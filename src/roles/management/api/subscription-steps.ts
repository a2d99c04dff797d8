import type { Api } from '../../../api/api.ts'
import { AdminError } from '../../../api/errors.ts'
import type { Permission } from '../../../api/permissions.ts'
import { Subscription, SubscriptionParams, SubscriptionReason } from '../../../api/shapes/subscription.ts'
import type { Actor } from '../access/actor.ts'
import type { Subscription as Row } from '../store/tables.ts'
import { forbidden } from './allow.ts'
import { changed, precondition } from './changes.ts'
import type { ManagementApi } from './context.ts'
import { nameOfRow, sidesOf, subscriptionFor, subscriptionView, type Sides } from './subscription-rows.ts'

type Status = Row['status']

/** One way from a status to another. */
interface Step {
  readonly name: string
  readonly summary: string
  readonly from: readonly Status[]
  readonly to: Status
  /** Whose it is: of who owns the product, or of either side. */
  readonly by: 'owner' | 'either'
}

const steps: readonly Step[] = [
  { name: 'approve', summary: 'Approve it', from: ['pending'], to: 'active', by: 'owner' },
  { name: 'reject', summary: 'Reject it', from: ['pending'], to: 'rejected', by: 'owner' },
  {
    name: 'suspend',
    summary: 'Suspend it: its application is denied',
    from: ['active'],
    to: 'suspended',
    by: 'owner',
  },
  { name: 'resume', summary: 'End its suspension', from: ['suspended'], to: 'active', by: 'owner' },
  {
    name: 'cancel',
    summary: 'Cancel it, for good',
    from: ['pending', 'active', 'suspended'],
    to: 'cancelled',
    by: 'either',
  },
]

/** POST /v1/subscriptions/{id}/approve and the others; one that is done already is done again without effect. */
export function subscriptionSteps(app: Api, api: ManagementApi): void {
  for (const step of steps)
    app.post(
      `/v1/subscriptions/:subscription/${step.name}`,
      {
        // Of `either` it is seen below which one asks.
        config: { permission: step.by === 'owner' ? 'subscriptions:approve' : 'subscriptions:read' },
        schema: {
          summary: step.summary,
          tags: ['subscriptions'],
          params: SubscriptionParams,
          body: SubscriptionReason,
          response: { 200: Subscription },
        },
      },
      (request, reply) =>
        changed(api, request, reply, async (tx, actor) => {
          const row = await subscriptionFor(api, tx, actor, request.params.subscription)
          mayStep(actor, step, sidesOf(api, row), row.id)
          precondition(request, row.version)
          if (row.status === step.to) return { body: subscriptionView(row), version: row.version }
          if (!step.from.includes(row.status))
            throw new AdminError(409, `it is ${row.status}, expected ${step.from.join(' or ')}`)
          const after = await tx.subscriptions.update(
            row.id,
            columnsOf(step, row, actor, tx.now, request.body.reason),
            { action: step.name, organization: row.organizationId, name: nameOfRow(row) },
          )
          return { body: subscriptionView({ ...row, ...after }), version: after.version }
        }),
    )
}

function mayStep(actor: Actor, { by }: Step, { consumer, owner }: Sides, id: string): void {
  if (actor.can('subscriptions:approve', owner)) return
  if (by === 'either' && actor.can('subscriptions:write', consumer)) return
  const permission: Permission = by === 'either' ? 'subscriptions:write' : 'subscriptions:approve'
  throw forbidden(permission, `subscription ${id}`)
}

function columnsOf(
  { name, to }: Step,
  row: Row,
  actor: Actor,
  nowMs: number,
  reason: string | undefined,
): Partial<Row> {
  const approval = name === 'approve' && {
    approvedBy: actor.audited,
    // Windows that are anchored go on where it has been active before.
    since: row.since ?? nowMs,
    planSince: row.planSince ?? nowMs,
  }
  return { status: to, reason: reason ?? null, ...approval }
}
