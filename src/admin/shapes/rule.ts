import { Type } from 'typebox'
import { Condition } from '../../api/shapes/condition.ts'
import { Origin } from '../../api/shapes/declared.ts'
import { listOf, listQuery } from '../../api/shapes/list.ts'
import { fields, orNull, type Shape } from '../../api/shapes/shape.ts'

export const Filter = fields(
  {
    type: Type.String(),
    phase: Type.String({ description: 'Filters act in the order of phases.' }),
    role: Type.String(),
    summary: Type.String({ description: 'What it does, in the words of explain.' }),
    origin: Origin,
  },
  'A filter on requests and responses.',
)
export type Filter = Shape<typeof Filter>

const ValueMatch = fields({
  name: Type.String(),
  type: Type.Enum(['exact', 'regex']),
  value: Type.String({ description: 'Left out where the name is that of a credential.' }),
})

export const Match = fields({
  path: fields({ type: Type.Enum(['exact', 'prefix', 'regex']), value: Type.String() }),
  method: Type.String({ description: '"" for any.' }),
  headers: Type.Array(ValueMatch),
  query: Type.Array(ValueMatch),
  summary: Type.String({ description: 'In the words of explain.' }),
})
export type Match = Shape<typeof Match>

const backendShare = fields(
  {
    cluster: orNull(Type.String(), 'null: its share of requests is answered by an error.'),
    weight: Type.Integer(),
    share: Type.Number({ description: 'Of all requests, from 0 to 1.' }),
    closed: Type.Boolean({
      description: 'Whether that is because what protects the backend is not in force.',
    }),
    filters: Type.Array(Filter),
  },
  'Who has a share of the requests.',
)
const summary = Type.String({ description: 'In the words of explain.' })

export const Forward = fields({
  type: Type.Literal('forward'),
  summary,
  backends: Type.Array(backendShare),
  mirrors: Type.Array(
    fields({ cluster: Type.String(), numerator: Type.Integer(), denominator: Type.Integer() }),
  ),
  requestTimeoutMs: orNull(Type.Number(), 'Of the whole exchange; null: none.'),
  backendTimeoutMs: orNull(Type.Number(), 'Of each attempt; null: none.'),
  retry: orNull(
    fields({ attempts: Type.Integer(), codes: Type.Array(Type.Integer()), backoffMs: Type.Number() }),
  ),
  grpc: Type.Boolean(),
})
export type Forward = Shape<typeof Forward>

export const Action = Type.Union(
  [
    Forward,
    fields({ type: Type.Literal('redirect'), summary, status: Type.Integer() }),
    fields({ type: Type.Literal('respond'), summary, status: Type.Integer(), failure: Type.String() }),
    fields({ type: Type.Literal('handle'), summary, handler: Type.String() }),
  ],
  { description: 'What becomes of requests that match.' },
)
export type Action = Shape<typeof Action>

export const Rule = fields(
  {
    id: Type.String({ description: 'As in metrics, logs and requests: httproute/default/items/0.' }),
    origin: Origin,
    stream: Type.Boolean({
      description: 'Whether it is for connections and not for requests (TLSRoute, TCPRoute, UDPRoute).',
    }),
    listeners: Type.Array(Type.String()),
    hostnames: Type.Array(Type.String(), { description: '"" for any.' }),
    matches: Type.Array(Match, { description: 'One of them is to match; in the order of precedence.' }),
    filters: Type.Array(Filter, {
      description: 'In the order in which requests meet them, behind those of the listener.',
    }),
    action: Action,
    closed: Type.Boolean({
      description: 'Whether it is not served anywhere, for what is to protect it is not in force.',
    }),
    closedOn: Type.Array(Type.String(), { description: 'Listeners on which it is not.' }),
    closedBy: Type.Array(Type.String(), { description: 'What is not in force, and why.' }),
    conditions: Type.Array(Condition, { description: 'Of the object that it is from.' }),
  },
  'Which requests go where.',
)
export type Rule = Shape<typeof Rule>

const named = (what: string) =>
  Type.Optional(
    Type.Union([Type.String(), Type.Array(Type.String(), { maxItems: 100 })], {
      description: `Only ${what}; may be repeated.`,
    }),
  )

export const RuleQuery = listQuery({
  q: Type.Optional(Type.String({ description: 'Part of a name, a hostname, a path or a cluster.' })),
  id: named('those of these ids'),
  gateway: Type.Optional(Type.String({ description: 'On listeners of this Gateway: default/front.' })),
  listener: Type.Optional(Type.String({ description: 'On this listener: default/front/http.' })),
  route: Type.Optional(Type.String({ description: 'Of this object: HTTPRoute/default/items.' })),
  cluster: Type.Optional(Type.String({ description: 'That send to this cluster.' })),
  closed: Type.Optional(
    Type.Boolean({ description: 'Only those that are closed somewhere, or only the others.' }),
  ),
})
export type RuleQuery = Shape<typeof RuleQuery>

export const RuleParams = fields({ id: Type.String({ description: 'Encoded, for it has slashes.' }) })

export const Rules = listOf(Rule, 'Rules by their ids.')
export type Rules = Shape<typeof Rules>
