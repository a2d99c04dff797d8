/** What a balancer looks at. */
export interface Candidate {
  /** At least 1. */
  readonly weight: number
  /** Requests in flight. */
  readonly active: number
}

/**
 * Chooses among the endpoints in service. `update` runs when they, their weights
 * or their ejections change and may take its time; `pick` runs per attempt,
 * allocates nothing, and answers null only when there is no endpoint at all.
 *
 * `exclude` is the endpoint whose attempt just failed: it is chosen again only
 * when there is no other. Balancers that need more of a request (a hash) take it
 * as a further parameter.
 */
export interface Balancer<E extends Candidate> {
  update(endpoints: readonly E[]): void
  pick(exclude: E | null): E | null
}

/** Uniform in [0, 1), as Math.random; tests give a repeatable one. */
export type RandomSource = () => number

export function weightsDiffer(endpoints: readonly Candidate[]): boolean {
  const first = endpoints[0]
  return first !== undefined && endpoints.some(endpoint => endpoint.weight !== first.weight)
}
