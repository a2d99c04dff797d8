import { Type } from 'typebox'
import { Condition } from './condition.ts'
import { Source } from './declared.ts'
import { listOf, listQuery } from './list.ts'
import { fields, orNull, text, type Shape } from './shape.ts'

const head = {
  namespace: Type.String(),
  name: Type.String(),
  title: Type.String(),
  description: Type.String(),
  organization: Type.String({ description: 'Whose it is; "default" unless a label says otherwise.' }),
  owner: orNull(Type.String(), 'The team that owns it.'),
  source: orNull(Source, 'Where it is written; null of the store.'),
  conditions: Type.Array(Condition),
}

export const ApiLine = fields(
  {
    ...head,
    version: Type.String(),
    lifecycle: Type.Enum(['Draft', 'Published', 'Deprecated', 'Retired']),
    basePath: Type.String(),
    routes: Type.Array(Type.String(), { description: 'As in HTTPRoute/petstore.' }),
    products: Type.Array(Type.String(), { description: 'Products that have it, as NAMESPACE/NAME.' }),
  },
  'An API that is declared.',
)
export type ApiLine = Shape<typeof ApiLine>

export const ProductLine = fields(
  {
    ...head,
    visibility: Type.Enum(['Public', 'Private']),
    apis: Type.Array(
      fields({ name: Type.String(), operations: orNull(Type.Array(Type.String()), 'Null: all.') }),
    ),
    plans: Type.Array(Type.String()),
    anonymousPlan: orNull(Type.String()),
  },
  'A product that is declared.',
)
export type ProductLine = Shape<typeof ProductLine>

export const PlanLine = fields(
  {
    ...head,
    approval: Type.Enum(['Auto', 'Manual']),
    limits: Type.Array(Type.Unknown(), { description: 'As in the Plan.' }),
    products: Type.Array(Type.String(), { description: 'Products that have it, as NAMESPACE/NAME.' }),
  },
  'A plan that is declared.',
)
export type PlanLine = Shape<typeof PlanLine>

export const CatalogQuery = listQuery({
  namespace: Type.Optional(text(63)),
  q: Type.Optional(text(200, 'Part of its name or title.')),
})
export const CatalogParams = fields({ namespace: text(63), name: text(253) })
export const ApiLines = listOf(ApiLine, 'APIs by namespace and name.')
export type ApiLines = Shape<typeof ApiLines>
export const ProductLines = listOf(ProductLine, 'Products by namespace and name.')
export type ProductLines = Shape<typeof ProductLines>
export const PlanLines = listOf(PlanLine, 'Plans by namespace and name.')
export type PlanLines = Shape<typeof PlanLines>

export const Linkset = Type.Object(
  {
    linkset: Type.Array(Type.Object({ anchor: Type.String() }, { additionalProperties: true })),
  },
  { description: 'A linkset (RFC 9264 §4.2).' },
)
export type Linkset = Shape<typeof Linkset>

export const OpenApiOfApi = Type.Object(
  { openapi: Type.String() },
  { additionalProperties: true, description: 'A document of OpenAPI 3.0 or 3.1.' },
)
export type OpenApiOfApi = Shape<typeof OpenApiOfApi>
