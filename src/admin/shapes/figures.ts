import { Type } from 'typebox'
import { FindingCounts } from '../../api/shapes/finding.ts'
import { fields, orNull, Time, type Shape } from '../../api/shapes/shape.ts'

const rate = (description: string) => Type.Number({ description: `${description}, a second.` })
const ms = (description: string) => orNull(Type.Number(), `${description}; null where there was no request.`)

const traffic = {
  requestsPerS: rate('Requests answered'),
  errorsPerS: rate('Of them with status 5xx, or a status of gRPC that says that the service is at fault'),
  clientErrorsPerS: rate(
    'Of them with status 4xx, or a status of gRPC that says that the caller is at fault',
  ),
  p50Ms: ms("Median of the time from a request's first byte to its response's last"),
  p90Ms: ms('What nine of ten stayed below'),
  p99Ms: ms('What 99 of 100 stayed below'),
}

const TotalFigures = fields({
  ...traffic,
  rejectedPerS: rate('Messages that the codec refused'),
  bytesInPerS: rate('Bytes of bodies from clients'),
  bytesOutPerS: rate('Bytes of bodies to clients'),
  active: Type.Integer({ description: 'Requests in flight.' }),
  connections: Type.Integer({ description: 'Open connections of clients.' }),
})

export const RouteFigures = fields({
  id: Type.String({ description: 'Of the rule: httproute/default/items/0.' }),
  ...traffic,
})

export const ClusterFigures = fields({
  name: Type.String(),
  ...traffic,
  retriesPerS: rate('Attempts beyond the first'),
  connectFailuresPerS: rate('Connections that failed'),
  ejectionsPerS: rate('Endpoints that were taken out of balancing'),
  endpoints: Type.Integer({ description: 'Addresses.' }),
  serving: Type.Integer({ description: 'Those of them that are not left out.' }),
  connectionsActive: Type.Integer(),
  connectionsIdle: Type.Integer(),
  pending: Type.Integer({ description: 'Requests that wait for a connection.' }),
})

const state = {
  snapshot: Type.Integer({ description: 'Version of what is in force; 0 before the first.' }),
  problems: fields(
    FindingCounts.properties,
    'How many there are of what /v1/problems tells, but for what workers say of endpoints.',
  ),
  held: Type.Integer({
    description: 'Objects that are served as they were, for what they are now is wrong.',
  }),
}

export const Figures = fields(
  {
    at: Time,
    intervalS: Type.Number({ description: 'What rates and quantiles are of.' }),
    ...state,
    totals: TotalFigures,
    routes: Type.Array(RouteFigures, {
      description: 'Of those that had requests the hundred busiest, and the hundred with most errors.',
    }),
    routesWithTraffic: Type.Integer({ description: 'How many had requests.' }),
    clusters: Type.Array(ClusterFigures, {
      description:
        'As with routes, and those of which an endpoint is left out, a request waits, or connections fail.',
    }),
    ports: Type.Array(fields({ key: Type.String(), connections: Type.Integer() })),
    process: fields({
      cpu: Type.Number({ description: 'Cores that all its threads used.' }),
      rssBytes: Type.Integer(),
      workers: Type.Integer(),
    }),
  },
  'What went on in the last moment.',
)

const counted = (description: string) =>
  orNull(Type.Number(), `${description}; null where nobody counted, or the process did not run.`)

export const HistoryPoint = fields({
  at: Time,
  requests: counted('In this step'),
  errors: counted('As in Figures'),
  clientErrors: counted('As in Figures'),
  p50Ms: counted('Of this step'),
  p99Ms: counted('Of this step'),
  bytesIn: counted('Of all traffic alone'),
  bytesOut: counted('Of all traffic alone'),
  connections: counted('The most that were open; of all traffic alone'),
})

export const History = fields(
  {
    stepS: Type.Integer({ description: 'Length of a step; it begins at its `at`.' }),
    series: Type.Array(HistoryPoint, {
      description:
        'From the oldest. None of a route or cluster that had no request, or fewer than a hundred others.',
    }),
  },
  'What went on in the last hour, by ten seconds, or the last day, by five minutes.',
)

export type ClusterFigures = Shape<typeof ClusterFigures>
export type RouteFigures = Shape<typeof RouteFigures>
export type Figures = Shape<typeof Figures>
export type HistoryPoint = Shape<typeof HistoryPoint>
export type History = Shape<typeof History>
