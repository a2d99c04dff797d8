import { Type } from 'typebox'
import { ObjectRef } from './declared.ts'
import { listOf, listQuery } from './list.ts'
import { fields, orNull, Time, type Shape } from './shape.ts'

const severity = Type.Enum(['error', 'warning', 'note'], {
  description:
    'error: something is not served as it is written. warning: worth a look. note: it follows from something else.',
})

export const Finding = fields(
  {
    severity,
    object: orNull(ObjectRef, 'The object that it is about, where one can be told.'),
    file: Type.String({ description: '"" where it has no place; then line and column are 0.' }),
    line: Type.Integer(),
    column: Type.Integer(),
    path: Type.String({ description: 'As in spec.rules[0].' }),
    reason: Type.String({ description: 'One word for programs; "" where there is none.' }),
    message: Type.String({ description: 'What is wrong, and what is expected.' }),
    hint: orNull(Type.String(), 'What to do, where that is known and is not in the message.'),
    running: Type.Boolean({
      description:
        'Whether only a running gateway can know it; what is false here, `portcullis check` says as well.',
    }),
    held: Type.Boolean({ description: 'Whether the last good version of the object serves in its place.' }),
    since: orNull(Time, 'When that version was read.'),
  },
  'Something that is wrong, or worth a look.',
)
export type Finding = Shape<typeof Finding>

export const FindingQuery = listQuery({
  severity: Type.Optional(severity),
  q: Type.Optional(Type.String({ description: 'Part of an object, a file, a reason or a message.' })),
})
export type FindingQuery = Shape<typeof FindingQuery>

export const FindingCounts = fields({
  errors: Type.Integer(),
  warnings: Type.Integer(),
  notes: Type.Integer(),
})
export type FindingCounts = Shape<typeof FindingCounts>

const list = listOf(Finding, '')
export const Findings = fields(
  {
    ...list.properties,
    counts: FindingCounts,
    heldObjects: Type.Integer({ description: 'Objects of which a last good version serves.' }),
  },
  'All that is wrong with what is declared and with what runs; errors first.',
)
export type Findings = Shape<typeof Findings>
