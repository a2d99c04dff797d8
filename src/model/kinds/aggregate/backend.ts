import { Type, type Static } from 'typebox'
import {
  byteQuantity,
  duration,
  integer,
  list,
  object,
  optional,
  pattern,
  record,
  required,
  set,
  text,
} from '../shapes.ts'
import { name } from './inputs.ts'

const fieldName = pattern("^[!#$%&'*+.^`|~0-9A-Za-z_-]+$", 'a field name', 256)
const status = Type.Unsafe<number | '4xx' | '5xx'>({
  type: ['integer', 'string'],
  minimum: 400,
  maximum: 599,
  pattern: '^[45]xx$',
  expected: 'a status from 400 to 599, "4xx" or "5xx"',
})

export const backend = object(
  {
    url: optional(
      text(2048, 1),
      'Where it is: `http://users`, or `https://erp.example.com/api`; paths are below it. Left out: `http://` and its name.',
    ),
    timeout: optional(duration, 'How long a call may take, with all that is repeated.', '10s'),
    retry: optional(
      object({
        attempts: required(integer(1, 10), 'At most so many beyond the first.'),
        budget: optional(
          Type.Number({ minimum: 0, maximum: 1 }),
          'The share of requests that may be retries.',
          0.2,
        ),
        statuses: optional(
          set(integer(400, 599), 64),
          'Statuses that are worth it, beside failures of the network.',
          [502, 503, 504],
        ),
      }),
      'What is repeated: safe methods, and what has an idempotency key. Left out: nothing.',
    ),
    relay: optional(
      set(fieldName, 64),
      "Fields of the client's request that it gets too, such as `authorization`. `traceparent` and `tracestate` always are.",
    ),
    headers: optional(record(text(4096), 64), 'Fields of every request.'),
    deadlineHeader: optional(fieldName, 'The field by which it is told how many milliseconds are left.'),
    maxBodySize: optional(byteQuantity, 'How long an answer may be.', '4Mi'),
  },
  { title: 'AggregateBackend' },
)
export type BackendDeclaration = Static<typeof backend>

/** What a failure of a call is answered with. */
export const failureRules = list(
  object(
    {
      backend: optional(name, 'Of this backend alone.'),
      status: optional(status, 'That it answered with.'),
      failure: optional(text(64, 1), 'The name of the failure, as in `connection_refused`.'),
      answer: required(
        object({
          status: required(integer(400, 599), 'Of the problem.'),
          title: optional(text(256, 1), 'Of the problem.'),
          type: optional(text(2048, 1), 'A URI of the kind of problem.'),
          detail: optional(text(1024, 1), 'Of the problem.'),
        }),
        'What the client is answered (RFC 9457).',
      ),
    },
    { title: 'AggregateFailure' },
  ),
  0,
  64,
)
