import type { Resource } from '../model/resource.ts'
import { policyName } from './policies.ts'

/** Who has what both want, for a message: `the older Gateway default/a`, or what decides where both are of one age. */
export function elder(first: Resource, second: Resource): string {
  const name = `${first.kind} ${policyName(first)}`
  const isOlder = first.metadata.creationTimestamp !== second.metadata.creationTimestamp
  return isOlder ? `the older ${name}` : `${name} (first by name)`
}
