import { isIP } from 'node:net'
import { crowdKey, shareKey } from '../../http/share-key.ts'
import type { FilterConfig } from '../../snapshot/rule.ts'
import { compileExceptions, type Exception } from '../exceptions.ts'
import type { Exchange, Failure, FilterType, Inspection } from '../filter.ts'
import { compilingKit, passes } from '../inspect.ts'
import type { Kit } from '../kit.ts'
import { Note } from '../notes.ts'
import { limitItem, ratePolicy } from './fields.ts'
import { RateCounter, type Rate } from './gcra.ts'

/** The limits of one policy. */
export interface RateLimitConfig extends FilterConfig {
  readonly type: 'rate-limit'
  /** `default/limits`: what is counted is found by it, so that a policy counts once, wherever it stands. */
  readonly policy: string
  readonly limits: readonly LimitConfig[]
  readonly except: readonly Exception[]
}

export interface LimitConfig extends Rate {
  /** Of the policy; plain characters, as an sf-string may have them. */
  readonly name: string
  readonly by: 'address' | 'all' | { readonly header: string }
}

/** Local rate limits: exact for the workers of a node. A request is counted by all limits, or, where one refuses it, by none. */
export const rateLimit: FilterType<RateLimitConfig> = {
  type: 'rate-limit',
  role: 'ingress',
  phase: 'limits',
  describe: ({ limits }) => limits.map(describeLimit).join('; '),
  except: ({ except }) => except,
  inspect(config, x, kit) {
    if (kit.counters(config.policy) === null)
      return { ...passes, unknown: 'it depends on what is left of limits' }
    if (isIP(x.clientAddress) === 0 && config.limits.some(({ by }) => by !== 'all'))
      return { ...passes, unknown: 'it depends on the address of the client' }
    return new LimitedPolicy(config, compilingKit(kit)).look(x)
  },
  compile(config, kit) {
    const policy = new LimitedPolicy(config, kit)
    const isExcepted = compileExceptions(config.except) ?? (() => false)
    return {
      request: x => (isExcepted(x) ? undefined : policy.take(x)),
      response: x => policy.tell(x),
    }
  },
}

const units: ReadonlyMap<number, string> = new Map([
  [1_000, 'second'],
  [60_000, 'minute'],
  [3_600_000, 'hour'],
])

function describeLimit({ name, requests, windowMs, burst, by }: LimitConfig): string {
  const whose = by === 'all' ? 'for all' : by === 'address' ? 'by client address' : `by header ${by.header}`
  return `${name} ${requests} per ${units.get(windowMs) ?? `${windowMs} ms`}, burst ${burst}, ${whose}`
}

/** What limits a request has met so far, and what they say of it. */
const charges = new Note<Charge[]>('rate-limit')

interface Charge {
  readonly policy: string
  readonly limits: readonly Limit[]
  /** Whose numbers they were. */
  readonly keys: readonly string[]
  readonly crowd: string
  told: boolean
  /** As RateLimit has it. */
  state: string
}

class Limit {
  readonly name: string
  readonly counter: RateCounter
  private readonly by: LimitConfig['by']
  private readonly outcomes: Readonly<
    Record<'allowed' | 'denied' | 'crowded' | 'uncounted', { add(n: number): void }>
  >

  constructor(policy: string, { name, by, ...rate }: LimitConfig, kit: Kit) {
    this.name = name
    this.by = by
    this.counter = new RateCounter(kit.counters(`rate-limit ${policy} ${name}`), rate)
    const outcome = (what: string) =>
      kit.metrics.counter('portcullis_rate_limit_total', { policy, limit: name, outcome: what })
    this.outcomes = {
      allowed: outcome('allowed'),
      denied: outcome('denied'),
      crowded: outcome('crowded'),
      uncounted: outcome('uncounted'),
    }
  }

  /** Who leaves the header out is counted by address: it must not be a way around the limit. */
  keyOf(x: Exchange): string {
    if (this.by === 'all') return ''
    const value = this.by === 'address' ? undefined : x.request.fields.combined(this.by.header)
    return value === undefined ? `a ${shareKey(x.clientAddress)}` : `h ${value}`
  }

  count(what: keyof Limit['outcomes']): void {
    this.outcomes[what].add(1)
  }
}

class LimitedPolicy {
  private readonly name: string
  private readonly limits: readonly Limit[]
  private readonly policies: string
  private readonly kit: Kit

  constructor({ policy, limits }: RateLimitConfig, kit: Kit) {
    this.name = policy
    this.kit = kit
    this.limits = limits.map(limit => new Limit(policy, limit, kit))
    this.policies = limits.map(limit => ratePolicy(limit.name, limit)).join(', ')
  }

  take(x: Exchange): Failure | undefined {
    const before = x.notes.get(charges) ?? []
    // It stands on a Gateway and on a route of it: that is one limit.
    if (before.some(({ policy }) => policy === this.name)) return undefined
    const nowUs = this.kit.clock.sharedUs()
    const crowd = crowdKey(x.clientAddress)
    const keys = this.limits.map(limit => limit.keyOf(x))
    for (const [i, { counter }] of this.limits.entries()) counter.aim(keys[i]!, crowd)
    const refused = this.takeAll(nowUs)
    if (refused !== null) for (const charge of before) giveBack(charge, nowUs)
    const state = this.state()
    x.notes.set(charges, [
      ...before,
      { policy: this.name, limits: this.limits, keys, crowd, told: false, state },
    ])
    if (refused === null) return undefined
    return refused.outcome === 'full' ? uncounted(refused.limits) : this.denied(refused.limits)
  }

  /** What is left, and whether it would be let through; takes nothing. */
  look(x: Exchange): Inspection {
    const nowUs = this.kit.clock.sharedUs()
    const crowd = crowdKey(x.clientAddress)
    const seen = this.limits.map(limit => {
      limit.counter.aim(limit.keyOf(x), crowd)
      return { limit, hasRoom: limit.counter.hasRoom(nowUs) }
    })
    const without = seen.flatMap(({ limit, hasRoom }) => (hasRoom ? [] : [limit]))
    const facts = this.limits.map(({ name, counter }) => ({
      name,
      value: { left: counter.remaining, resetSeconds: counter.resetSeconds },
    }))
    return { facts, refusal: without.length === 0 ? null : this.refusal(without), unknown: null }
  }

  /** What a client is to know, in whatever answer it gets. */
  tell(x: Exchange): void {
    const charge = x.notes.get(charges)?.find(({ policy, told }) => policy === this.name && !told)
    if (charge === undefined) return
    charge.told = true
    x.response.fields.add('RateLimit-Policy', this.policies)
    x.response.fields.add('RateLimit', charge.state)
  }

  /** Null where each has let it through. All are asked before one takes anything; what another worker takes in between is found when it is taken. */
  private takeAll(nowUs: number): { outcome: 'denied' | 'full'; limits: readonly Limit[] } | null {
    // One alone takes nothing where it refuses.
    const without =
      this.limits.length === 1 ? [] : this.limits.filter(({ counter }) => !counter.hasRoom(nowUs))
    if (without.length > 0) return { outcome: 'denied', limits: without }
    for (const [i, limit] of this.limits.entries()) {
      const outcome = limit.counter.take(nowUs)
      if (outcome === 'taken') continue
      for (const { counter } of this.limits.slice(0, i)) counter.giveBack(nowUs)
      return { outcome, limits: [limit] }
    }
    for (const limit of this.limits) limit.count(limit.counter.crowded ? 'crowded' : 'allowed')
    return null
  }

  private denied(limits: readonly Limit[]): Failure {
    for (const limit of limits) limit.count('denied')
    return this.refusal(limits)
  }

  private refusal(limits: readonly Limit[]): Failure {
    const names = limits.map(({ name }) => name)
    const seconds = Math.max(1, ...limits.map(({ counter }) => counter.resetSeconds))
    return {
      failure: 'rate_limited',
      detail: `${this.name}: ${names.join(', ')}`,
      fields: ['Retry-After', String(seconds)],
      members: { 'violated-policies': names },
    }
  }

  private state(): string {
    return this.limits
      .map(({ name, counter }) => limitItem(name, counter.remaining, counter.resetSeconds))
      .join(', ')
  }
}

/** Limits that a request has passed before another refused it. A crowd's number is left: it cannot be aimed at again. */
function giveBack(charge: Charge, nowUs: number): void {
  const { limits, keys, crowd } = charge
  for (const [i, { counter }] of limits.entries()) {
    const wasCrowded = counter.crowded
    counter.aim(keys[i]!, crowd)
    if (!wasCrowded) counter.giveBack(nowUs)
  }
  charge.state = limits
    .map(({ name, counter }) => limitItem(name, counter.remaining, counter.resetSeconds))
    .join(', ')
}

/** Not 429: it is not the client that was too fast. */
function uncounted(limits: readonly Limit[]): Failure {
  for (const limit of limits) limit.count('uncounted')
  return { failure: 'proxy_overloaded', detail: 'there is no place left to count another client in' }
}
