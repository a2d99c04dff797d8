import { exchange, origin } from './exchange.ts'
import { kit } from './kit.ts'
import type { Exchange, Failure, Filter } from '../../src/filters/filter.ts'
import { askedApiNote, identityNote, type Identity } from '../../src/filters/identity.ts'
import { Kept } from '../../src/filters/kept.ts'
import type { Kit } from '../../src/filters/kit.ts'
import { NodeState, SharedState } from '../../src/shared/node-state.ts'
import {
  PLANS,
  SUBSCRIPTIONS,
  type PlanRow,
  type PolicyLimitRow,
  type SubscriptionRow,
} from '../../src/roles/management/rows.ts'
import { identityLimits } from '../../src/roles/management/limits/filters/identity-limits.ts'
import { plan } from '../../src/roles/management/limits/filters/plan.ts'
import { subscription } from '../../src/roles/management/limits/filters/subscription.ts'
import type { ProductConfig } from '../../src/roles/management/limits/standings.ts'

/** Filters of one worker, with a node's shared memory, and clocks that stand until they are moved on. */
export class LimitsNode {
  nowUs = 1_000_000
  wallMs = Date.UTC(2026, 10, 26, 10, 20)
  readonly told: { channel: string; message: unknown }[] = []
  readonly counted: string[] = []
  readonly shared: SharedState
  private readonly own: NodeState | null
  private readonly lease = new Kept().lease()
  private readonly timers: (() => void)[] = []

  /** `of`: what is shared, or what one worker has of it. */
  constructor(of: NodeState | SharedState = new NodeState()) {
    this.own = of instanceof NodeState ? of : null
    this.shared = of instanceof NodeState ? new SharedState(of.handle(1).handle) : of
  }

  /** As the main thread has it. */
  get state(): NodeState {
    if (this.own === null) throw new Error('a worker has no part of it')
    return this.own
  }

  /** Moves both clocks on. */
  pass(ms: number): void {
    this.nowUs += ms * 1_000
    this.wallMs += ms
  }

  /** Runs what was to be run later. */
  tick(): void {
    for (const run of this.timers.splice(0)) run()
  }

  plans(plans: Readonly<Record<string, PlanRow>>): void {
    this.state.tables.patch(PLANS, { put: Object.entries(plans) as never })
  }

  subscriptions(rows: Readonly<Record<string, SubscriptionRow>>): void {
    this.state.tables.patch(SUBSCRIPTIONS, { put: Object.entries(rows) as never })
  }

  get kit(): Kit {
    return kit({
      counters: (name, whose) => this.shared.counters(name, whose),
      table: name => this.shared.table(name),
      keep: (key, make) => this.lease.get(key, make),
      tell: (channel, message) => void this.told.push({ channel, message }),
      clock: {
        now: () => this.nowUs / 1_000,
        sharedUs: () => this.nowUs,
        wallMs: () => this.wallMs,
        after: (_ms, run) => {
          this.timers.push(run)
          return () => this.timers.splice(this.timers.indexOf(run) >>> 0, 1)
        },
      },
      metrics: {
        counter: (_family: string, labels: Readonly<Record<string, string>>) => ({
          add: () => void this.counted.push(Object.values(labels).join(' ')),
        }),
      } as never,
    })
  }

  plan(...products: readonly ProductConfig[]): Filter {
    return plan.compile({ type: 'plan', origin, api: 'default/api', products }, this.kit)
  }

  subscription(...products: readonly ProductConfig[]): Filter {
    return subscription.compile({ type: 'subscription', origin, api: 'default/api', products }, this.kit)
  }

  policy(name: string, limits: readonly PolicyLimitRow[]): Filter {
    return identityLimits.compile(
      { type: 'identity-limits', origin, policy: name, limits, except: [] },
      this.kit,
    )
  }
}

export const product = (name: string, more: Partial<ProductConfig> = {}): ProductConfig => ({
  product: `default/${name}`,
  plans: ['default/free'],
  operations: null,
  anonymousPlan: null,
  ...more,
})

/** A request for an operation, by somebody. */
export function asked(identity: Identity | null, operation = 'get', more: Partial<Exchange> = {}): Exchange {
  const x = exchange({}, [], 200, more)
  if (identity !== null) x.notes.set(identityNote, identity)
  x.notes.set(askedApiNote, { api: 'default/api', version: 'v1', operation })
  return x
}

/** What became of a request that met these filters: "", or the failure, with Retry-After and what was violated. */
export function meet(x: Exchange, ...filters: readonly Filter[]): string {
  let refused: Failure | undefined
  for (const filter of filters) {
    refused = filter.request?.(x) as Failure | undefined
    if (refused !== undefined) break
  }
  for (const filter of filters.toReversed()) void filter.response?.(x)
  for (const filter of filters.toReversed()) filter.end?.(x)
  return told(refused)
}

function told(refused: Failure | undefined): string {
  if (refused === undefined) return ''
  const { failure, fields = [], members = {} } = refused
  const violated = (members['violated-policies'] ?? []) as readonly string[]
  return [failure, ...fields, ...violated].join(' ')
}

export const fieldsOf = ({ response: { fields } }: Exchange): (string | undefined)[] => [
  fields.combined('ratelimit-policy'),
  fields.combined('ratelimit'),
]
