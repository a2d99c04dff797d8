import { Type } from 'typebox'
import { PORTCULLIS, type ResourceKind } from '../../../model/kind.ts'
import {
  list,
  mapList,
  object,
  objectName,
  optional,
  required,
  text,
  type Shape,
} from '../../../model/kinds/shapes.ts'
import type { Resource } from '../../../model/resource.ts'
import { namedTargets } from '../../../model/targeting.ts'
import { productDefaults } from './defaults.ts'
import { operationId } from './operations.ts'

const apiOfProduct = object({
  name: required(objectName, 'The name of the API, which is in the namespace of the Product.'),
  operations: optional(
    { ...list(operationId, 1, 256), uniqueItems: true },
    'Only these operations, by operationId, or by method and path where the document gives none; 403 for others. Left out, all, those that the document does not have among them.',
  ),
})

const planReference = object(
  { name: required(objectName, 'The name of the Plan, which is in the namespace of this object.') },
  { title: 'PlanReference' },
)

/** portcullis.dev/v1alpha1 Product. */
const schema = object(
  {
    spec: required(
      object({
        title: optional(text(128, 1), 'What people call it. Left out, its name.'),
        description: optional(text(4096), 'What it is, for who thinks of subscribing to it.'),
        visibility: optional(
          Type.Enum(['Public', 'Private']),
          'Whether everybody may see it where products are listed, or only who has a subscription to it.',
          productDefaults.visibility,
        ),
        apis: required(
          mapList(apiOfProduct, 'name', 1, 64),
          'The APIs that a subscription opens. Each is protected from then on: who calls it needs a credential of an application that has a subscription.',
        ),
        plans: optional(
          mapList(planReference, 'name', 0, 16),
          'The Plans that an application may have it by. Without any nobody can subscribe to it.',
        ),
        anonymousPlan: optional(
          planReference,
          'Who brings no credential is served by this Plan, each client by its address. Left out, such requests are answered 401.',
        ),
      }),
      'Which APIs belong together, and by which plans they are had.',
    ),
  },
  { description: 'What an application subscribes to: APIs, or operations of them, by one of several plans.' },
)

export type ProductBody = Shape<typeof schema>
export type Product = Resource<ProductBody>

export const Product: ResourceKind<Product> = {
  group: PORTCULLIS,
  versions: ['v1alpha1'],
  kind: 'Product',
  plural: 'products',
  scope: 'Namespaced',
  role: 'management',
  schema,
  protects: true,
  targets: (spec, namespace) => namedTargets(spec, 'apis', namespace, { group: PORTCULLIS, kind: 'API' }),
}
