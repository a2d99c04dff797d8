import { Type, type Static } from 'typebox'
import { listOf } from '../../api/shapes/list.ts'
import { fields, orNull, Time, type Shape } from '../../api/shapes/shape.ts'

const Ms = Type.Number({ description: 'Milliseconds.' })
const Name = orNull(Type.String())

const line = {
  id: orNull(Type.String(), 'X-Request-Id; null of a connection that never came to a request.'),
  at: Time,
  method: Name,
  scheme: Type.Enum(['http', 'https']),
  host: orNull(
    Type.String(),
    'As the client named it, without port; of a stream, the name in its handshake.',
  ),
  path: Name,
  query: orNull(Type.String(), 'With its "?"; values of secret parameters were never written down.'),
  status: orNull(Type.Integer(), 'Null where the client was gone before there was one, and of streams.'),
  version: orNull(Type.String({ description: 'HTTP/1.0, HTTP/1.1 or HTTP/2.' })),
  client: Name,
  peer: orNull(Type.String(), 'Of a balancer that has told of the client by a PROXY header.'),
  port: orNull(Type.Integer()),
  listener: Name,
  route: orNull(Type.String(), 'Id of the rule.'),
  cluster: Name,
  endpoint: orNull(Type.String(), 'Of the last attempt.'),
  attempts: Type.Integer({ description: '0 where no upstream was tried.' }),
  durationMs: Ms,
  upstreamMs: orNull(Ms, 'From sending the last attempt to the first byte of its answer.'),
  requestBytes: Type.Integer(),
  responseBytes: Type.Integer(),
  failure: orNull(Type.String(), 'Its name, as in the access log.'),
  failureReason: orNull(Type.String(), 'What else is known of it.'),
  rejection: orNull(
    Type.String(),
    'The rule of the codec, or the step of a handshake, that the client broke.',
  ),
  grpcStatus: orNull(Type.Integer()),
  userAgent: Name,
  traceId: Name,
  error: Type.Boolean({ description: 'It is kept among what went wrong.' }),
  slow: Type.Boolean({ description: 'It took longer than is usual on its route, and is kept for that.' }),
  cut: Type.Array(Type.String(), { description: 'Fields of which there was no room for the whole.' }),
}

export const RequestLine = fields(line, 'One recent request, or a connection that never came to one.')
export type RequestLine = Shape<typeof RequestLine>

export const RequestList = listOf(RequestLine, 'The newest first.')

const Place = fields({
  object: Type.String({ description: '`HTTPRoute/default/items`' }),
  file: Type.String(),
  line: Type.Integer(),
})

export const StoryStep = fields(
  {
    layer: Type.Enum([
      'connection',
      'request',
      'port',
      'listener',
      'route',
      'filter',
      'action',
      'backend',
      'answer',
    ]),
    role: Name,
    says: Type.String(),
    at: orNull(Place, 'Who put that there.'),
    decided: Type.Boolean({ description: 'The answer is what it is because of this.' }),
  },
  'One layer of the gateway, and what it decided.',
)

export const StoryFilter = fields(
  {
    type: Type.String(),
    phase: Name,
    role: Name,
    at: Place,
    did: Type.Enum(['passed', 'answered', 'transformed', 'waited', 'failed', 'not-met']),
    side: Type.Enum(['request', 'response']),
    ms: orNull(Ms, 'How long it was waited for.'),
    summary: Name,
  },
  'A filter in the order in which the request met it, and what it did.',
)

export const StoryAttempt = fields({
  endpoint: Name,
  sentAfterMs: orNull(Ms, 'From the beginning; null where it was never sent.'),
  endedAfterMs: Ms,
  waitedMs: Ms,
  connectMs: Ms,
  status: orNull(Type.Integer()),
  failure: Name,
  reason: Name,
})

export const StoryTimings = fields(
  {
    headMs: Type.Number({
      description: "From the first byte of the request's head to its last; not of `totalMs`.",
    }),
    filtersMs: Type.Number({ description: 'Filters were waited for.' }),
    attemptsMs: Type.Number({ description: 'Attempts before the last one, and pauses between.' }),
    waitedMs: Type.Number({ description: 'For a connection of the last attempt.' }),
    connectMs: Type.Number({ description: 'Its connection was made.' }),
    firstByteMs: Type.Number({
      description: "Until the first byte of the upstream's answer, or for nothing.",
    }),
    bodyMs: Type.Number({ description: 'From there to the last byte.' }),
    clientMs: Type.Number({ description: 'Of that, the client did not read.' }),
    otherMs: Type.Number({ description: 'All else.' }),
    totalMs: Type.Number(),
  },
  'Where the time went, in milliseconds.',
)

export const RequestStory = fields(
  {
    ...line,
    others: Type.Integer({ description: 'Older requests of the same id that are kept too.' }),
    snapshot: fields({
      version: Type.Integer({ description: 'What it met.' }),
      inForce: Type.Boolean({
        description: 'That is in force still; otherwise rules and filters are told as they are now.',
      }),
    }),
    phases: Type.Array(StoryStep),
    filters: Type.Array(StoryFilter),
    attempts: Type.Array(StoryAttempt),
    attemptCount: Type.Integer(),
    notes: Type.Array(fields({ name: Type.String(), value: Type.Union([Type.String(), Type.Number()]) })),
    timings: StoryTimings,
    leftOut: Type.Integer({ description: 'Attempts, and deeds of filters, beyond those that are told.' }),
  },
  'The story of one request.',
)
export type RequestStory = Shape<typeof RequestStory>
export type StoryStep = Static<typeof StoryStep>
export type StoryFilter = Static<typeof StoryFilter>
export type StoryAttempt = Static<typeof StoryAttempt>
export type StoryTimings = Static<typeof StoryTimings>

/** What a list, or a stream, is filtered by. */
export const requestFilter = {
  status: Type.Optional(
    Type.String({
      pattern: '^([1-5][0-9]{2}|[1-5]xx|error)$',
      description: '`500`, `5xx`, or `error`: all that went wrong.',
    }),
  ),
  method: Type.Optional(Type.String()),
  route: Type.Optional(Type.String({ description: 'Id of a rule.' })),
  host: Type.Optional(Type.String()),
  path: Type.Optional(Type.String({ description: 'What the path begins with.' })),
  client: Type.Optional(Type.String({ description: 'Its address.' })),
  cluster: Type.Optional(Type.String()),
  failure: Type.Optional(Type.String({ description: 'Its name, or that of a rule of the codec.' })),
  minDurationMs: Type.Optional(Type.Number({ minimum: 0 })),
  keep: Type.Optional(
    Type.Enum(['all', 'errors', 'slow'], {
      description: '`errors` and `slow` reach further back.',
    }),
  ),
}
export const RequestFilter = fields(requestFilter)
export type RequestFilter = Static<typeof RequestFilter>
