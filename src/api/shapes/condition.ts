import { Type } from 'typebox'
import { ObjectRef, Source } from './declared.ts'
import { listOf, listQuery } from './list.ts'
import { fields, orNull, type Shape } from './shape.ts'

export const Condition = fields(
  {
    object: ObjectRef,
    parent: orNull(
      fields({ ...ObjectRef.properties, sectionName: orNull(Type.String()) }),
      'What a route is attached to, or a policy is for; null where it does not depend on that.',
    ),
    listener: orNull(Type.String(), 'Of a Gateway: the name of the listener that it speaks of.'),
    type: Type.String(),
    status: Type.Enum(['True', 'False', 'Unknown']),
    good: Type.Boolean({ description: 'Whether it is as it should be: of some types True is the bad news.' }),
    reason: Type.String(),
    message: Type.String(),
    path: Type.String({ description: 'The field that it speaks of; "" where it is the whole.' }),
    source: orNull(Source),
  },
  'A condition of an object, as Kubernetes has them in its status.',
)
export type Condition = Shape<typeof Condition>

export const ConditionQuery = listQuery({
  kind: Type.Optional(Type.String({ description: 'Of objects of this kind.' })),
  namespace: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  type: Type.Optional(Type.String()),
  good: Type.Optional(
    Type.Boolean({ description: 'Only those that are as they should be, or only the others.' }),
  ),
})
export type ConditionQuery = Shape<typeof ConditionQuery>

export const Conditions = listOf(Condition, 'Conditions of all objects.')
export type Conditions = Shape<typeof Conditions>
