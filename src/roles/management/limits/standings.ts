import type { Exchange, Failure } from '../../../filters/filter.ts'
import { askedApiNote, identityNote, type Identity } from '../../../filters/identity.ts'
import type { Lookup, RowMark } from '../../../shared/table.ts'
import { PLANS, RECORDS, SUBSCRIPTIONS, type PlanRow, type SubscriptionRow } from '../rows.ts'
import { PlanLimits } from './plan-limits.ts'
import { Guests, Refused, Subscriber, type Standing } from './standing.ts'

/** A product that has the API. */
export interface ProductConfig {
  /** `default/petstore` */
  readonly product: string
  /** That it offers; who has subscribed to another of its plans keeps that. */
  readonly plans: readonly string[]
  /** Null: all of the API. */
  readonly operations: readonly string[] | null
  readonly anonymousPlan: string | null
}

export interface StandingKit {
  table<T>(name: string): Lookup<T>
}

const refuse = (failure: Failure['failure']): Refused => new Refused({ failure })

const unsubscribed = refuse('subscription_required')
/** Records were never read: nobody knows who has subscribed, and that is no fault of the client. */
const unread = new Refused({
  failure: 'authorization_unavailable',
  detail: 'what is recorded of subscriptions cannot be read yet',
})
const notInProduct = refuse('operation_not_in_product')

/** Of a plan that is not in force; nobody passes without its limits. */
const planless: Failure = { failure: 'protection_missing', detail: 'the plan is not in force' }

/** Plans and subscribers of one worker, by their rows: what is made of one is made once, whichever rules look for it. */
export class Standings {
  private readonly subscriptions: Lookup<SubscriptionRow>
  private readonly planRows: Lookup<PlanRow>
  private readonly records: Lookup<boolean>
  private readonly plans = new WeakMap<PlanRow, PlanLimits>()
  private readonly subscribers = new WeakMap<SubscriptionRow, Subscriber>()

  constructor(kit: StandingKit) {
    this.subscriptions = kit.table(SUBSCRIPTIONS)
    this.planRows = kit.table(PLANS)
    this.records = kit.table(RECORDS)
  }

  drain(): void {}

  subscription(application: string, product: string): { value: SubscriptionRow; mark: RowMark } | undefined {
    return this.subscriptions.row(`${application} ${product}`)
  }

  /** Whether records are not known yet. */
  get isUnread(): boolean {
    return this.records.get('unread') !== undefined
  }

  plan(name: string): { value: PlanLimits; mark: RowMark } | null {
    const row = this.planRows.row(name)
    if (row === undefined) return null
    let value = this.plans.get(row.value)
    if (value === undefined) this.plans.set(row.value, (value = new PlanLimits(row.value)))
    return { value, mark: row.mark }
  }

  /** The one of this row under this plan. */
  subscriber(product: string, row: SubscriptionRow, plan: PlanLimits): Subscriber {
    const known = this.subscribers.get(row)
    if (known?.plan === plan) return known
    const made = new Subscriber(product, row, plan)
    this.subscribers.set(row, made)
    return made
  }
}

/** What was found for somebody, as long as these rows are as they were. */
interface Found {
  readonly standing: Standing
  readonly subscription: RowMark
  readonly plan: RowMark
}

/** Who is allowed what of one API. */
export class ApiStandings {
  private readonly products: readonly Product[]
  private readonly all: Standings
  private readonly found: readonly WeakMap<Identity, Found>[]

  constructor(products: readonly ProductConfig[], all: Standings) {
    this.products = products.map(product => new Product(product))
    this.all = all
    this.found = products.map(() => new WeakMap<Identity, Found>())
  }

  of({ notes }: Pick<Exchange, 'notes'>): Standing {
    const identity = notes.get(identityNote)
    const operation = notes.get(askedApiNote)?.operation ?? ''
    if (identity === undefined || identity.kind === 'anonymous') return this.guest(operation)
    if (identity.application === null) return this.all.isUnread ? unread : unsubscribed
    return this.subscriber(identity, operation)
  }

  /** Of the first product, by name, that has the operation and is subscribed to. */
  private subscriber(identity: Identity, operation: string): Standing {
    let refused: Standing = unsubscribed
    let isFirst = true
    for (const [i, product] of this.products.entries()) {
      const has = product.has(operation)
      if (has) {
        const known = isFirst ? this.known(i, identity) : null
        if (known !== null) return known
      }
      const row = this.all.subscription(identity.application!, product.name)
      if (has && row?.value.status === 'active')
        return this.find(isFirst ? i : -1, identity, product.name, row)
      isFirst &&= !has
      refused = lesser(refused, product.name, row?.value, has)
    }
    return refused
  }

  /** Who was found in the first product that counts is there for as long as nothing of it changes. */
  private known(i: number, identity: Identity): Standing | null {
    const found = this.found[i]!.get(identity)
    return found !== undefined && found.subscription.isCurrent() && found.plan.isCurrent()
      ? found.standing
      : null
  }

  private find(
    i: number,
    identity: Identity,
    product: string,
    { value: row, mark }: { value: SubscriptionRow; mark: RowMark },
  ): Standing {
    const plan = this.all.plan(row.plan)
    if (plan === null)
      return new Refused(planless, { product, plan: row.plan, subscription: row.subscription })
    const standing = this.all.subscriber(product, row, plan.value)
    if (i >= 0) this.found[i]!.set(identity, { standing, subscription: mark, plan: plan.mark })
    return standing
  }

  private guest(operation: string): Standing {
    const product = this.products.find(({ anonymousPlan, has }) => anonymousPlan !== null && has(operation))
    if (product?.anonymousPlan == null)
      return this.products.some(({ anonymousPlan }) => anonymousPlan !== null) ? notInProduct : unsubscribed
    const name = product.anonymousPlan
    const plan = this.all.plan(name)
    if (plan === null) return new Refused(planless, { product: product.name, plan: name, subscription: null })
    return product.guests(plan.value)
  }
}

class Product {
  readonly name: string
  readonly anonymousPlan: string | null
  readonly has: (operation: string) => boolean
  private last: Guests | null = null

  constructor({ product, operations, anonymousPlan }: ProductConfig) {
    const own = operations === null ? null : new Set(operations)
    this.name = product
    this.anonymousPlan = anonymousPlan
    this.has = operation => own === null || own.has(operation)
  }

  guests(plan: PlanLimits): Guests {
    if (this.last?.plan === plan) return this.last
    return (this.last = new Guests(this.name, this.anonymousPlan!, plan))
  }
}

/** What is told of several products is what is nearest to being let through: a subscription that is not active, then one without the operation. */
function lesser(
  refused: Standing,
  product: string,
  row: SubscriptionRow | undefined,
  has: boolean,
): Standing {
  if (row === undefined || refused.refusal?.failure === 'subscription_inactive') return refused
  const { plan, subscription, status } = row
  const subscribed = { product, plan, subscription }
  if (has) return new Refused({ failure: 'subscription_inactive', detail: status }, subscribed)
  return status === 'active' ? new Refused({ failure: 'operation_not_in_product' }, subscribed) : refused
}
