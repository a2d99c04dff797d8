import { GATEWAY_API, type ResourceKind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import {
  groupName,
  kindName,
  list,
  namespaceName,
  object,
  objectName,
  optional,
  required,
  type Shape,
} from './shapes.ts'

const from = object({
  group: required(groupName, 'The API group of who refers, such as gateway.networking.k8s.io.'),
  kind: required(kindName, 'The kind of who refers, such as HTTPRoute.'),
  namespace: required(namespaceName, 'The namespace of who refers.'),
})

const to = object({
  group: required(
    groupName,
    'The API group of what is referred to; "" for Services, Secrets and ConfigMaps.',
  ),
  kind: required(kindName, 'The kind of what is referred to, such as Service.'),
  name: optional(objectName, 'Only the object of this name; left out, all of the kind.'),
})

/** gateway.networking.k8s.io ReferenceGrant, v1 and v1beta1 of release v1.7.0. */
const referenceGrantSchema = object(
  {
    spec: required(
      object({
        from: required(list(from, 1, 16), 'Who may refer; any of these.'),
        to: required(list(to, 1, 16), 'To what; any of these, in the namespace of the grant.'),
      }),
      'Who may refer to what.',
    ),
  },
  {
    description:
      'Lets objects of other namespaces refer to objects of this one: routes to Services, Gateways to Secrets. Without it such references are refused.',
  },
)

export type ReferenceGrantBody = Shape<typeof referenceGrantSchema>
export type ReferenceGrant = Resource<ReferenceGrantBody>

export const ReferenceGrant: ResourceKind<ReferenceGrant> = {
  group: GATEWAY_API,
  versions: ['v1', 'v1beta1'],
  kind: 'ReferenceGrant',
  plural: 'referencegrants',
  scope: 'Namespaced',
  role: 'ingress',
  schema: referenceGrantSchema,
}
