import { Type } from 'typebox'
import { Condition } from '../../api/shapes/condition.ts'
import { Origin } from '../../api/shapes/declared.ts'
import { Filter, RuleQuery, Rules } from './rule.ts'
import { fields, orNull, type Shape } from '../../api/shapes/shape.ts'

export const Listener = fields(
  {
    name: Type.String({ description: 'As in metrics and logs: default/front/http.' }),
    section: Type.String(),
    ports: Type.Array(
      fields({
        key: Type.String({ description: 'Address and port: 0.0.0.0:8080.' }),
        error: orNull(Type.String(), 'Why it cannot be listened on; null where it is.'),
      }),
      { description: 'One for each address of the Gateway; none where it is not served.' },
    ),
    protocol: Type.String(),
    hostname: Type.String({ description: '"" for any.' }),
    tls: orNull(
      fields({
        mode: Type.Enum(['terminate', 'passthrough', 'refuse'], {
          description: 'refuse: it is declared and cannot be served, and nobody answers in its place.',
        }),
        certificates: Type.Array(Type.String(), { description: 'Names of /v1/certificates.' }),
        wanted: Type.Array(Type.String(), { description: 'Those that are still to be obtained.' }),
        clients: Type.Enum(['none', 'asked', 'required'], {
          description: 'Whether clients are to have certificates.',
        }),
      }),
    ),
    programmed: Type.Boolean({ description: 'Whether it serves.' }),
    limits: orNull(Type.String(), 'What its port allows its clients, in the words of explain.'),
    filters: Type.Array(Filter, { description: 'Those that all of its requests meet.' }),
    rules: Type.Integer({ description: 'How many rules it has.' }),
    origin: Origin,
    conditions: Type.Array(Condition),
  },
  'A listener of a Gateway.',
)
export type Listener = Shape<typeof Listener>

export const Gateway = fields(
  {
    name: Type.String({ description: 'As in default/front.' }),
    origin: Origin,
    programmed: Type.Boolean(),
    conditions: Type.Array(Condition, { description: 'Of the Gateway itself; listeners have their own.' }),
    listeners: Type.Array(Listener),
  },
  'Where requests enter.',
)
export type Gateway = Shape<typeof Gateway>

/** As of rules; Gateways and listeners are told by their names alone. */
export const TopologyQuery = RuleQuery

export const Topology = fields(
  { gateways: Type.Array(Gateway), rules: Rules },
  'Where requests enter, and where they go from there.',
)
export type Topology = Shape<typeof Topology>
