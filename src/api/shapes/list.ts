import { Type, type TProperties, type TSchema } from 'typebox'
import { fields, orNull } from './shape.ts'

/** The parameters of a list, with its own. */
export function listQuery<P extends TProperties>(own: P) {
  return fields({
    ...own,
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'How many at most.' }),
    cursor: Type.Optional(
      Type.String({
        pattern: '^[!-~]+$',
        maxLength: 4_096,
        description: 'What the last answer has as `next`.',
      }),
    ),
  })
}

export function listOf<S extends TSchema>(item: S, description: string) {
  return fields(
    {
      items: Type.Array(item),
      next: orNull(Type.String(), 'The cursor of what follows; null where that is nothing.'),
      total: Type.Optional(Type.Integer({ description: 'How many there are of which these are some.' })),
    },
    description,
  )
}
