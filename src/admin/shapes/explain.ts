import { Type } from 'typebox'
import { fields, type Shape } from '../../api/shapes/shape.ts'

export const ExplainRequest = fields(
  {
    method: Type.String({ maxLength: 64 }),
    url: Type.String({
      maxLength: 16_384,
      description:
        'As the client would use it: http://shop.example:8080/cart?x=1; the scheme may be left out.',
    }),
    headers: Type.Optional(
      Type.Array(
        fields({ name: Type.String({ maxLength: 256 }), value: Type.String({ maxLength: 16_384 }) }),
        {
          maxItems: 200,
        },
      ),
    ),
    client: Type.Optional(
      Type.String({
        maxLength: 64,
        description: 'IP address of who asks, after trusted hops; absent: it is not known.',
      }),
    ),
    others: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'So many of the routes that did not take it at most; absent: all.',
      }),
    ),
  },
  'A request that could come.',
)
export type ExplainRequest = Shape<typeof ExplainRequest>

export const Explanation = Type.Object(
  {
    outcome: Type.Enum(['routed', 'no-route', 'rejected', 'refused', 'no-port']),
    text: Type.String({ description: 'For a person: what `portcullis explain` prints.' }),
    othersCount: Type.Integer({ description: 'How many routes did not take it; `others` may have fewer.' }),
  },
  {
    additionalProperties: true,
    description:
      'What `portcullis explain -o json` says: port, limits, listeners, filters (with what each has found), decision, route, others; and its text.',
  },
)
export type Explanation = Shape<typeof Explanation>
