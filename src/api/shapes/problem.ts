import { Type } from 'typebox'
import type { Shape } from './shape.ts'

export const Problem = Type.Object(
  {
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.Optional(Type.String({ description: 'What was wrong, and what is expected.' })),
  },
  { description: 'What was wrong (RFC 9457).' },
)
export type Problem = Shape<typeof Problem>
