import { GATEWAY_API } from '../model/kind.ts'
import type { Gateway } from '../model/kinds/gateway.ts'
import type { ListenerSet } from '../model/kinds/listener-set.ts'
import type { ResourceRef } from '../model/resource.ts'
import { policyName } from './policies.ts'

/** Whose listeners there are. */
export type ListenerOwner = Gateway | ListenerSet

/** Listener.name of a snapshot: no name of an object has a colon in it. */
export function listenerName(owner: ListenerOwner, section: string): string {
  if (!isSet(owner)) return `${policyName(owner)}/${section}`
  const { namespace, name } = gatewayOf(owner)
  return `${namespace}/${name}/${owner.metadata.namespace}:${owner.metadata.name}:${section}`
}

export function isSet(owner: ListenerOwner): owner is ListenerSet {
  return owner.kind === 'ListenerSet'
}

/** What a ListenerSet names as its parent. */
export function gatewayOf({ metadata, body }: ListenerSet): ResourceRef {
  const { group = GATEWAY_API, kind = 'Gateway', namespace = metadata.namespace, name } = body.spec.parentRef
  return { group, kind, namespace, name }
}
