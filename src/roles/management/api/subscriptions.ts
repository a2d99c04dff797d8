import { accessOf } from '../../../api/access.ts'
import type { Api } from '../../../api/api.ts'
import { AdminError } from '../../../api/errors.ts'
import {
  NewSubscription,
  Subscription,
  SubscriptionChange,
  SubscriptionParams,
  SubscriptionQuery,
  Subscriptions,
} from '../../../api/shapes/subscription.ts'
import { actorOf } from '../access/actor.ts'
import type { Subscription as Row } from '../store/tables.ts'
import { accountAt } from './accounts.ts'
import { applicationAt, applicationFor } from './applications.ts'
import { opened, changed, precondition, sent } from './changes.ts'
import type { ManagementApi } from './context.ts'
import { afterId, pageOfRows } from './lists.ts'
import { offered, offersWithin, type Offers } from './offers.ts'
import {
  mayWrite,
  nameOfRow,
  subscriptionFor,
  subscriptionRows,
  subscriptionView,
} from './subscription-rows.ts'
import { subscriptionSteps } from './subscription-steps.ts'
import { organizationWanted } from './organizations.ts'
import { fullName } from './object-names.ts'

const tags = ['subscriptions']

/** Which application uses which product, on which plan. */
export function subscriptionRoutes(app: Api, api: ManagementApi): void {
  app.get(
    '/v1/subscriptions',
    {
      config: { permission: 'subscriptions:read' },
      schema: {
        summary: 'Subscriptions',
        tags,
        querystring: SubscriptionQuery,
        response: { 200: Subscriptions },
      },
    },
    async ({ raw, query: { limit, cursor, organization, account, application, product, plan, status } }) => {
      const store = await opened(api)
      const of = await organizationWanted(store, organization)
      const by = account === undefined ? null : await accountAt(store, account, organization)
      const from =
        application === undefined ? null : await applicationAt(store, application, { account, organization })
      const rows = await subscriptionRows(store)
        .where(offersWithin(api, actorOf(accessOf(raw)).reach('subscriptions:read')))
        .where('subscriptions.id', '>', afterId(cursor))
        .$if(of !== null, query => query.where('accounts.organization', '=', of ?? ''))
        .$if(account !== undefined, query => query.where('accounts.id', '=', by?.account.id ?? ''))
        .$if(application !== undefined, query =>
          query.where('applications.id', '=', from?.application.id ?? ''),
        )
        .$if(product !== undefined, query =>
          query.where('subscriptions.product', '=', fullName(product ?? '')),
        )
        .$if(plan !== undefined, query => query.where('subscriptions.plan', '=', fullName(plan ?? '')))
        .$if(status !== undefined, query => query.where('subscriptions.status', '=', status ?? 'active'))
        .orderBy('subscriptions.id')
        .limit(limit + 1)
        .execute()
      return pageOfRows(rows, limit, subscriptionView)
    },
  )
  app.post(
    '/v1/subscriptions',
    {
      config: { permission: 'subscriptions:write' },
      schema: {
        summary: 'Subscribe to a product; pending where its plan wants approval',
        tags,
        body: NewSubscription,
        response: { 201: Subscription },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const { application: ref, account, organization, product, plan } = request.body
        const asked = { actor, permission: 'subscriptions:write' } as const
        const {
          application,
          account: by,
          of,
        } = await applicationFor(tx, ref, { account, organization }, asked)
        const offer = offered(api, actor, fullName(product), fullName(plan))
        const live = await tx.subscriptions.find({
          application: application.id,
          product: offer.product,
          status: ['pending', 'active', 'suspended'],
        })
        if (live !== null)
          throw new AdminError(
            409,
            `application ${application.name} has a subscription to ${offer.product} already: ${live.id}, which is ${live.status}`,
          )
        const row = await tx.subscriptions.insert(
          {
            application: application.id,
            product: offer.product,
            plan: offer.plan,
            ...beginning(offer, tx.now),
            previousPlan: null,
            previousSince: null,
            reason: null,
          },
          { organization: of.id, name: `${by.name}/${application.name} → ${offer.product}` },
        )
        const found = await subscriptionRows(tx)
          .where('subscriptions.id', '=', row.id)
          .executeTakeFirstOrThrow()
        return {
          status: 201,
          body: subscriptionView(found),
          version: row.version,
          location: `/v1/subscriptions/${row.id}`,
        }
      }),
  )
  app.get(
    '/v1/subscriptions/:subscription',
    {
      config: { permission: 'subscriptions:read' },
      schema: {
        summary: 'One subscription',
        tags,
        params: SubscriptionParams,
        response: { 200: Subscription },
      },
    },
    async ({ raw, params }, reply) => {
      const row = await subscriptionFor(api, await opened(api), actorOf(accessOf(raw)), params.subscription)
      return sent(reply, { body: subscriptionView(row), version: row.version })
    },
  )
  app.patch(
    '/v1/subscriptions/:subscription',
    {
      config: { permission: 'subscriptions:write' },
      schema: {
        summary: 'Change to another plan of its product',
        description:
          'Limits are those of the new plan at once; what was used since the window of one of them began stays used, whether or not the old plan had such a limit.',
        tags,
        params: SubscriptionParams,
        body: SubscriptionChange,
        response: { 200: Subscription },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const row = await subscriptionFor(api, tx, actor, request.params.subscription)
        mayWrite(actor, row)
        precondition(request, row.version)
        if (row.status === 'rejected' || row.status === 'cancelled')
          throw new AdminError(409, `it is ${row.status}: make another subscription`)
        const { plan, needsApproval, mayApprove } = offered(
          api,
          actor,
          row.product,
          fullName(request.body.plan),
        )
        if (plan === row.plan) return { body: subscriptionView(row), version: row.version }
        if (needsApproval && !mayApprove)
          throw new AdminError(
            403,
            `plan ${plan} needs approval: who owns ${row.product} can change the subscription to it`,
          )
        const changedRow = await tx.subscriptions.update(
          row.id,
          { plan, planSince: tx.now, previousPlan: row.plan, previousSince: row.planSince },
          { action: 'change-plan', organization: row.organizationId, name: nameOfRow(row) },
        )
        return { body: subscriptionView({ ...row, ...changedRow }), version: changedRow.version }
      }),
  )
  subscriptionSteps(app, api)
}

function beginning(
  { needsApproval }: Pick<Offers, 'needsApproval'>,
  nowMs: number,
): Pick<Row, 'status' | 'since' | 'planSince' | 'approvedBy'> {
  return needsApproval
    ? { status: 'pending', since: null, planSince: null, approvedBy: null }
    : { status: 'active', since: nowMs, planSince: nowMs, approvedBy: 'auto' }
}
