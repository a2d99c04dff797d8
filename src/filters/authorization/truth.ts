import type { Exchange } from '../filter.ts'

/**
 * Whether something holds of a request; `unknown` where its parts say different things, or cannot be read. A rule that
 * allows takes that for no, one that denies takes it for yes: in neither way does a request gain by being unclear.
 */
export type Truth = 'yes' | 'no' | 'unknown'

/** What of a request is judged. */
export type Judged = Pick<Exchange, 'asked' | 'request' | 'clientAddress' | 'route' | 'notes'>

export type Predicate = (x: Judged) => Truth

export function truth(holds: boolean): Truth {
  return holds ? 'yes' : 'no'
}

export function not(one: Truth): Truth {
  if (one === 'unknown') return one
  return one === 'yes' ? 'no' : 'yes'
}

/** Whether all hold (Kleene's strong conjunction); of none, yes. */
export function allOf(predicates: readonly Predicate[], x: Judged): Truth {
  let result: Truth = 'yes'
  for (const predicate of predicates) {
    const one = predicate(x)
    if (one === 'no') return one
    if (one === 'unknown') result = one
  }
  return result
}

/** Whether a value is one of those that are meant. */
export type ValueTest = (value: string) => Truth

/** Of what was vouched for: one that holds is enough. */
export function someHold(values: readonly string[], test: ValueTest): Truth {
  let result: Truth = 'no'
  for (const value of values) {
    const one = test(value)
    if (one === 'yes') return one
    if (one === 'unknown') result = one
  }
  return result
}

/**
 * Of what a client says, perhaps several times, and of how a backend may read it otherwise: yes where all that was said
 * holds, no where nothing does in whatever reading.
 */
export function saidHolds({ said, otherwise }: Readings, test: ValueTest): Truth {
  const results = said.map(test)
  if (results.length > 0 && results.every(one => one === 'yes')) return 'yes'
  return results.every(one => one === 'no') && otherwise.every(value => test(value) === 'no')
    ? 'no'
    : 'unknown'
}

export interface Readings {
  readonly said: readonly string[]
  readonly otherwise: readonly string[]
}
