import type { RequestHead } from '../../http/head.ts'
import type { Violation } from '../../model/kinds/shapes.ts'
import type { Balancing } from '../../snapshot/cluster.ts'
import type { Clock } from '../clock.ts'
import type { Sourced } from '../proxy-header.ts'
import type { PeakLatency } from '../peak-latency.ts'

/** What a balancer looks at. */
export interface Candidate {
  /** `10.0.0.1:80`: the same in every worker and node. */
  readonly key: string
  /** As declared, at least 1; less while the endpoint is eased in. */
  readonly weight: number
  /** Requests in flight. */
  readonly active: number
  /** Kept up from when a balancer that asks for it has given it one. */
  latency?: PeakLatency | null
}

/** For whom an endpoint is chosen. */
export interface PickInfo extends Sourced {
  /** After trusted hops; "" where there is no client, as of a call of our own. */
  readonly clientAddress: string
  /** Null of a stream, whose bytes are not ours to understand. */
  readonly request: RequestHead | null
  /** Who asks, as authentication has found; null where nobody is known. */
  readonly principal: string | null
}

/**
 * Chooses among the endpoints in service. `update` runs when they, their weights
 * or their ejections change and may take its time; `pick` runs per attempt,
 * allocates nothing where it can, and answers null only when there is no endpoint at all.
 *
 * `exclude` is the endpoint whose attempt just failed: it is chosen again only
 * when there is no other. `asker` is null where the choice is for whoever comes next.
 */
export interface Balancer<E extends Candidate> {
  /** As BalancerType.sticky. */
  readonly sticky?: true
  update(endpoints: readonly E[]): void
  pick(exclude: E | null, asker: PickInfo | null): E | null
}

/** A balancer that may be chosen: all of it is in its own file, and one line in balancers.ts. */
export interface BalancerType<B extends Balancing = Balancing> {
  /** As users write it: spec.loadBalancing.type of a BackendPolicy. */
  readonly type: string
  /** How it chooses, in half a sentence for the reference. */
  readonly does: string
  /** The same asker comes to the same endpoint, in every worker: by weights that stay as they were declared. */
  readonly sticky?: true
  /** What it alone, or with others, has of spec.loadBalancing. */
  readonly settings?: BalancerSettings
  make<E extends Candidate>(balancing: B, kit: BalancerKit): Balancer<E>
}

/** A field of spec.loadBalancing; types without it must not have it. */
export interface BalancerSettings {
  readonly name: string
  /** JSON Schema, with a description of each field. Written out: workers load this file, and no maker of schemas. */
  readonly schema: object
  readonly description: string
  /** What the schema cannot say, of settings of a type that passed it; paths within them. */
  rules?(settings: NonNullable<unknown>, type: string): readonly Violation[]
}

export interface BalancerKit {
  readonly random: RandomSource
  readonly clock: Clock
}

/** Uniform in [0, 1), as Math.random; tests give a repeatable one. */
export type RandomSource = () => number

export function weightsDiffer(endpoints: readonly Candidate[]): boolean {
  const first = endpoints[0]
  return first !== undefined && endpoints.some(endpoint => endpoint.weight !== first.weight)
}
