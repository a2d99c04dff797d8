import { Type } from 'typebox'
import { Condition } from '../../api/shapes/condition.ts'
import { Origin } from '../../api/shapes/declared.ts'
import { listOf, listQuery } from '../../api/shapes/list.ts'
import { fields, orNull, Time, type Shape } from '../../api/shapes/shape.ts'

const endpointStates = [
  'serving',
  'unready',
  'unhealthy',
  'failing',
  'ejected',
  'resolving',
  'unresolved',
  'unknown',
] as const

const endpointState = Type.Enum(endpointStates, {
  description:
    'unready: its EndpointSlice says so. unhealthy: checks do. failing: connections to it failed last, and it is asked all the same. ejected: it is left out for a while. resolving, unresolved: its name has no answer yet, or no address. unknown: no worker has said.',
})

const health = {
  state: endpointState,
  reason: orNull(Type.String(), 'Why it is not serving.'),
  until: orNull(Time, 'When it comes back, where it is ejected.'),
  says: fields(
    { workers: Type.Integer(), of: Type.Integer() },
    'How many workers say so, of how many that have answered: each sees its own connections.',
  ),
}

export const Endpoint = fields(
  {
    address: Type.String({ description: 'IP address, or a name that is resolved.' }),
    port: Type.Integer(),
    weight: Type.Integer(),
    priority: Type.Integer({ description: 'Of two levels the lower goes first.' }),
    zone: orNull(Type.String(), 'Where it runs, where that is said.'),
    requestsPerS: Type.Number({ description: 'Attempts of the last seconds, of all workers and addresses.' }),
    ...health,
    resolved: Type.Array(fields({ address: Type.String(), ...health }), {
      description: 'Of a name: its addresses.',
    }),
  },
  'Where requests can be sent to. Of several workers and addresses the worst is told.',
)
export type Endpoint = Shape<typeof Endpoint>

/** What workers know of a cluster as a whole. */
const now = {
  panics: Type.Boolean({
    description: 'So few endpoints are well that nobody who is ready is left out.',
  }),
  breaker: orNull(
    fields({
      state: Type.Enum(['closed', 'open', 'half-open'], {
        description: 'open: every request is answered 503. half-open: some may try.',
      }),
      reason: orNull(Type.String(), 'Why it is not closed.'),
      until: orNull(Time, 'When some may try, where it is open.'),
      requests: Type.Integer({ description: 'Under way, of all workers.' }),
      retries: Type.Integer({ description: 'Those among them that repeat.' }),
    }),
    'null: nothing is kept from it, or no worker has said.',
  ),
  retryBudget: orNull(
    fields({
      requests: Type.Integer({ description: 'Begun in the interval, of all workers.' }),
      retries: Type.Integer({ description: 'Those that it has paid for.' }),
      allowed: Type.Integer({ description: 'So many it would pay for.' }),
      intervalMs: Type.Number(),
    }),
    'null as long as nothing is sent there.',
  ),
}

export const Cluster = fields(
  {
    name: Type.String({ description: 'As in metrics and logs: Service/default/items:80.' }),
    origin: Origin,
    protocol: Type.String(),
    tls: orNull(
      fields({
        serverName: Type.String(),
        authorities: Type.Array(Type.String(), {
          description: 'Whom certificates are to be from; none: whom the machine trusts.',
        }),
        certificate: orNull(Type.String(), 'Our own.'),
        minVersion: Type.String(),
        maxVersion: Type.String(),
      }),
    ),
    balancer: Type.Record(Type.String(), Type.Unknown(), { description: 'How an endpoint is chosen.' }),
    limits: Type.String({ description: 'What it may use of its endpoints, in the words of explain.' }),
    settings: Type.Record(Type.String(), Type.Unknown(), {
      description: 'The same for programs; null is no limit.',
    }),
    ...now,
    endpoints: Type.Array(Endpoint),
    rules: Type.Array(Type.String(), { description: 'Ids of rules that send to it, the first 100.' }),
    ruleCount: Type.Integer(),
    conditions: Type.Array(Condition, { description: 'Of the object that it is from.' }),
  },
  'A backend: endpoints that are alike, and what is known of them.',
)
export type Cluster = Shape<typeof Cluster>

/** How a cluster is: of endpoints with their reasons, and of it as a whole. */
export type ClusterNow = Pick<Cluster, keyof typeof now | 'endpoints'>

export const ClusterQuery = listQuery({
  q: Type.Optional(Type.String({ description: 'Part of a name, or of the address of an endpoint.' })),
  name: Type.Optional(
    Type.Union([Type.String(), Type.Array(Type.String(), { maxItems: 100 })], {
      description: 'Only those of these names; may be repeated.',
    }),
  ),
  unwell: Type.Optional(
    Type.Boolean({ description: 'true: only those in which an endpoint is not serving.' }),
  ),
})
export type ClusterQuery = Shape<typeof ClusterQuery>

export const ClusterParams = fields({ name: Type.String({ description: 'Encoded, for it has slashes.' }) })

export const Clusters = listOf(Cluster, 'Clusters by their names.')
export type Clusters = Shape<typeof Clusters>
