import { Type } from 'typebox'
import { fields, type Shape } from '../../api/shapes/shape.ts'

export const CacheFigures = fields(
  {
    entries: Type.Integer({ description: 'Answers that are kept.' }),
    bytes: Type.Integer({
      description: 'What they take, with bodies that are kept no more and still being sent.',
    }),
    limitBytes: Type.Integer({ description: '--cache-memory' }),
  },
  'The cache of answers, of all workers together.',
)

const text = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 4096, description }))

export const PurgeRequest = fields(
  {
    url: text('Answers to this URL; without a query, whatever query they have: https://shop.example/items.'),
    prefix: text('Answers to URLs that begin so: https://shop.example/items/.'),
    tag: text('Answers that have this tag in Surrogate-Key, Cache-Tag or xkey.'),
    all: Type.Optional(Type.Literal(true, { description: 'Everything.' })),
  },
  'Which answers are no longer to be given: one of these.',
)
export type PurgeRequest = Shape<typeof PurgeRequest>

export const Purged = fields(
  { purged: Type.Integer({ description: 'How many answers were kept of these.' }) },
  'What was purged.',
)
