import { Type } from 'typebox'
import { fields, type Shape } from './shape.ts'

export const ObjectRef = fields(
  {
    group: Type.String({ description: '"" for Kubernetes\' own.' }),
    kind: Type.String(),
    namespace: Type.String({ description: '"" for what is in none.' }),
    name: Type.String(),
  },
  'A declared object.',
)
export type ObjectRef = Shape<typeof ObjectRef>

export const Origin = fields(
  {
    resource: Type.String({ description: 'As in HTTPRoute/default/items.' }),
    group: Type.String({ description: "Of that object's kind." }),
    role: Type.String(),
    path: Type.String({ description: 'As in spec.rules[0].filters[1].' }),
    file: Type.String({ description: '"" for what came from no file; then line and column are 0.' }),
    line: Type.Integer(),
    column: Type.Integer(),
  },
  'Which object put it there, and where that is written.',
)
export type Origin = Shape<typeof Origin>

export const Source = fields(
  { file: Type.String(), line: Type.Integer(), column: Type.Integer() },
  'Where it is written.',
)
export type Source = Shape<typeof Source>
