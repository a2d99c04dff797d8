import { Type } from 'typebox'
import { Condition } from '../../api/shapes/condition.ts'
import { ObjectRef, Source } from '../../api/shapes/declared.ts'
import { Finding, FindingCounts } from '../../api/shapes/finding.ts'
import { listOf, listQuery } from '../../api/shapes/list.ts'
import { fields, orNull, Time, type Shape } from '../../api/shapes/shape.ts'

const head = {
  ...ObjectRef.properties,
  version: Type.String(),
  role: orNull(Type.String(), 'Whose field of work it is; null for kinds that nobody here reads.'),
  source: orNull(Source),
  inForce: Type.Boolean({
    description: 'Whether it, or its last good version, has a say in what is served.',
  }),
  held: Type.Boolean({
    description: 'Whether what serves is its last good version, for the one in its file is broken.',
  }),
  since: orNull(Time, 'When that version was read.'),
}

const objectLine = fields({ ...head, problems: FindingCounts }, 'A declared object.')
export const ObjectWhole = fields(
  {
    ...head,
    yaml: orNull(Type.String(), 'What is in force of it, without what is secret; null where nothing is.'),
    conditions: Type.Array(Condition),
    problems: Type.Array(Finding),
    usedBy: Type.Array(
      fields({
        what: Type.Enum(['listener', 'rule', 'cluster']),
        name: Type.String(),
        how: Type.String({ description: 'As in backend, filter, certificate.' }),
      }),
      { description: 'What is served of it, or by it; the first 100.' },
    ),
  },
  'A declared object, and what has come of it.',
)
export type ObjectWhole = Shape<typeof ObjectWhole>

export const ObjectQuery = listQuery({
  q: Type.Optional(Type.String({ description: 'Part of kind, namespace and name, or of its file.' })),
  kind: Type.Optional(Type.String()),
  namespace: Type.Optional(Type.String()),
  troubled: Type.Optional(Type.Boolean({ description: 'true: only those with problems.' })),
})
export type ObjectQuery = Shape<typeof ObjectQuery>

export const Objects = listOf(objectLine, 'Declared objects by kind and name.')
export type Objects = Shape<typeof Objects>

export const ObjectParams = fields({
  group: Type.String({ description: "core for Kubernetes' own." }),
  kind: Type.String(),
  namespace: Type.String({ description: '- for what is in none.' }),
  name: Type.String(),
})
