import { Type } from 'typebox'
import { fields, orNull, Time, type Shape } from './shape.ts'

export const Status = fields(
  {
    program: fields({ version: Type.String(), node: Type.String() }),
    startedAt: Time,
    uptimeS: Type.Number(),
    ready: Type.Boolean({ description: 'Whether it serves and does not drain.' }),
    snapshot: orNull(
      fields({ version: Type.Integer(), appliedAt: Time }),
      'What is in force; null before the first.',
    ),
    workers: Type.Integer({ description: 'Threads that carry traffic.' }),
    roles: Type.Array(Type.String()),
    paths: Type.Array(Type.String(), { description: 'Files and folders that are read, as they were named.' }),
  },
  'The program, and what it serves.',
)
export type Status = Shape<typeof Status>
