import type { Failure } from '../../../filters/filter.ts'
import type { Subscribed } from '../../../filters/identity.ts'
import { Note } from '../../../filters/notes.ts'
import { crowdKey, providerKey, shareKey } from '../../../http/share-key.ts'
import type { SubscriptionRow } from '../rows.ts'
import type { Metered } from './metered.ts'
import type { PlanLimits } from './plan-limits.ts'

/** By what a request may be made, or why it may not. Filters before the plan's go by it. */
export interface Standing {
  /** Null where there is no subscription that it could be of. */
  readonly subscribed: Subscribed | null
  readonly refusal: Failure | null
  readonly plan: PlanLimits | null
  /** Of what is taken: `Plan default/gold`. */
  readonly owner: string
  /** Null where nothing limits it. */
  metered(operation: string, credential: string, clientAddress: string): Metered | null
}

export const standingNote = new Note<Standing>('standing')

/** Operations and credentials of one subscription that a worker keeps apart; strangers make none. */
const MOST_KEPT = 512

/** An application that has subscribed. */
export class Subscriber implements Standing {
  readonly subscribed: Subscribed
  readonly refusal = null
  readonly plan: PlanLimits
  readonly owner: string
  private readonly row: SubscriptionRow
  private readonly kept = new Map<string, Metered | null>()

  constructor(product: string, row: SubscriptionRow, plan: PlanLimits) {
    this.subscribed = { product, plan: row.plan, subscription: row.subscription }
    this.row = row
    this.plan = plan
    this.owner = `Plan ${row.plan}`
  }

  metered(operation: string, credential: string): Metered | null {
    const key = this.plan.byCredential ? `${credential} ${operation}` : operation
    const known = this.kept.get(key)
    if (known !== undefined) return known
    const { subscription, sinceMs } = this.row
    const counted = { whose: 'known', key: subscription, crowd: '', sinceMs } as const
    const made = this.plan.metered(counted, operation, credential)
    if (this.kept.size >= MOST_KEPT) this.kept.clear()
    this.kept.set(key, made)
    return made
  }
}

/** Those who bring no credential, where a product has a plan for them: each address has the limits. */
export class Guests implements Standing {
  readonly subscribed: Subscribed
  readonly refusal = null
  readonly plan: PlanLimits
  readonly owner: string

  constructor(product: string, name: string, plan: PlanLimits) {
    this.subscribed = { product, plan: name, subscription: null }
    this.plan = plan
    this.owner = `Plan ${name}`
  }

  metered(operation: string, _credential: string, clientAddress: string): Metered | null {
    const { product } = this.subscribed
    const key = `${product} ${shareKey(clientAddress)}`
    const crowd = `${product} ${crowdKey(clientAddress)}`
    const near = providerKey(clientAddress)
    return this.plan.metered({ whose: 'guests', key, crowd, near, sinceMs: 0 }, operation, '')
  }
}

/** One who may not. */
export class Refused implements Standing {
  readonly subscribed: Subscribed | null
  readonly refusal: Failure
  readonly plan = null
  readonly owner = ''

  constructor(refusal: Failure, subscribed: Subscribed | null = null) {
    this.refusal = refusal
    this.subscribed = subscribed
  }

  metered(): null {
    return null
  }
}
