import { GATEWAY_API, type ResourceKind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import { listenerRules, listenerSchema } from './gateway-listener.ts'
import {
  groupName,
  kindName,
  mapList,
  namespaceName,
  object,
  objectName,
  optional,
  required,
  type Shape,
  type Violation,
} from './shapes.ts'

const parentRef = object(
  {
    group: optional(groupName, 'The API group of the parent.', GATEWAY_API),
    kind: optional(kindName, 'The kind of the parent; a Gateway is served.', 'Gateway'),
    namespace: optional(namespaceName, 'The namespace of the Gateway; left out, that of the ListenerSet.'),
    name: required(objectName, 'The name of the Gateway.'),
  },
  { title: 'ParentGatewayReference' },
)

/** gateway.networking.k8s.io ListenerSet, v1 of release v1.7.0. What the CRD says in CEL is below. */
const listenerSetSchema = object(
  {
    spec: required(
      object({
        parentRef: required(
          parentRef,
          'The Gateway on whose addresses the listeners are. It must allow them (`allowedListeners`).',
        ),
        listeners: required(
          mapList(listenerSchema, 'name', 1, 64),
          'More ports of the Gateway, and what is spoken there. Those of the Gateway come first, then those of older ListenerSets: what is taken by them is refused here.',
        ),
      }),
      'To which Gateway listeners are added, and which.',
    ),
  },
  {
    description:
      'Listeners that are added to a Gateway by others than its owners, such as a team with a host and a certificate of its own. Routes attach to it by a parentRef of kind ListenerSet.',
  },
)

export type ListenerSetBody = Shape<typeof listenerSetSchema>
export type ListenerSet = Resource<ListenerSetBody>

export const ListenerSet: ResourceKind<ListenerSet> = {
  group: GATEWAY_API,
  versions: ['v1'],
  kind: 'ListenerSet',
  plural: 'listenersets',
  scope: 'Namespaced',
  role: 'ingress',
  schema: listenerSetSchema,
  rules: listenerSetRules,
}

/** The CEL rules of the CRD, with its defaults taken into account. */
function listenerSetRules({ spec }: ListenerSetBody): Violation[] {
  return listenerRules(spec.listeners)
}
