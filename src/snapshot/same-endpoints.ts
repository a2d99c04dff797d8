import type { Endpoint } from './cluster.ts'

/** By what they say: a list that says the same may be another array. */
export function sameEndpoints(a: readonly Endpoint[], b: readonly Endpoint[]): boolean {
  return a === b || (a.length === b.length && a.every((one, i) => sameEndpoint(one, b[i]!)))
}

function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return (
    a.address === b.address &&
    a.port === b.port &&
    a.weight === b.weight &&
    a.priority === b.priority &&
    a.zone === b.zone &&
    a.readiness === b.readiness
  )
}
