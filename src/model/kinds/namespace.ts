import { Type } from 'typebox'
import type { ResourceKind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import { object, optional, type Shape } from './shapes.ts'

/** Core v1 Namespace. */
const namespaceSchema = object(
  {
    spec: optional(
      object({
        finalizers: optional(
          Type.Array(Type.String()),
          'What has to be done before a cluster deletes it; not looked at here.',
        ),
      }),
      'Not looked at here.',
    ),
  },
  { description: 'A namespace, whose labels are what selectors of `allowedRoutes` look at.' },
)
export type NamespaceBody = Shape<typeof namespaceSchema>
export type Namespace = Resource<NamespaceBody>

export const Namespace: ResourceKind<Namespace> = {
  group: '',
  versions: ['v1'],
  kind: 'Namespace',
  plural: 'namespaces',
  scope: 'Cluster',
  role: 'ingress',
  schema: namespaceSchema,
}
