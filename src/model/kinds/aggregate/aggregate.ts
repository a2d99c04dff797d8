import { Type, type Static } from 'typebox'
import {
  byteQuantity,
  duration,
  integer,
  list,
  object,
  optional,
  record,
  required,
  set,
  text,
} from '../shapes.ts'
import { backend, failureRules } from './backend.ts'
import { inputs, jsonSchema, name } from './inputs.ts'
import { methods, part } from './part.ts'

export const route = object(
  {
    path: required(text(2048, 1), 'What it answers, with names in braces: `/me/{id}/home`.'),
    method: optional(Type.Enum(methods), 'By which method. GET is HEAD, too.', 'GET'),
    params: optional(inputs, 'What the names of its path are to be; those left out are text.'),
    query: optional(inputs, 'The parameters of the query that it takes; others reach no backend.'),
    headers: optional(inputs, 'The fields that parts may name, by their names in lower case.'),
    body: optional(jsonSchema, 'The JSON that it takes, as JSON Schema. Left out, a body is not read.'),
    parts: required(
      Type.Unsafe<Record<string, Static<typeof part>>>({
        ...record(part, 32),
        minProperties: 1,
      }),
      'What its answer is made of, by name. They are called at once, but for what names others in braces.',
    ),
    sequential: optional(
      Type.Boolean(),
      'Whether each part is called when those before it have come, in the order in which they stand.',
      false,
    ),
    out: optional(
      jsonSchema,
      'The answer as JSON Schema: what is not in it is left out, what does not fit is 502, and the OpenAPI document has it. Left out, it is what is known of the parts.',
    ),
    status: optional(integer(200, 299), 'Of an answer.', 200),
    answerHeaders: optional(record(text(4096), 64), 'Fields of an answer, such as `cache-control`.'),
    partial: optional(
      object({
        report: required(
          Type.Enum(['Header', 'Member', 'Refuse']),
          'By the field `X-Portcullis-Partial`, by a member of the answer, or by 502 in its place.',
        ),
        member: optional(text(256, 1), 'With `Member`: what it is called, a list of names.', 'partial'),
      }),
      'How it is told that parts of an answer could not be had. Left out: `Header`.',
    ),
    failures: optional(failureRules, 'What failures are answered with, before those of the aggregate.'),
    timeout: optional(duration, 'Less, or more, than the aggregate says.'),
    summary: optional(text(256), 'For the OpenAPI document.'),
    description: optional(text(4096), 'For the OpenAPI document.'),
    operationId: optional(name, 'For the OpenAPI document.'),
    tags: optional(set(text(64, 1), 16), 'For the OpenAPI document.'),
  },
  { title: 'AggregateRoute' },
)
export type RouteDeclaration = Static<typeof route>

/** `spec.aggregate` of a Composition: an API made of others, without code. */
export const aggregateSchema = object(
  {
    title: optional(text(256, 1), 'What the API is called in its OpenAPI document.'),
    version: optional(text(64, 1), 'Which version of the API this is.'),
    backends: required(record(backend, 64), 'The backends by name; `{}` where the defaults do.'),
    routes: required(list(route, 1, 256), 'What it answers.'),
    failures: optional(
      failureRules,
      'What failures of calls are answered with; the first that fits counts. Without one it is 502, 503 or 504.',
    ),
    timeout: optional(duration, 'How long a request may take.', '30s'),
    mergeTime: optional(
      duration,
      'What of that calls do not get, so that an answer can be made of what they brought; a tenth of the time at most.',
      '50ms',
    ),
    maxBodySize: optional(byteQuantity, 'How long the body of a request may be.', '1Mi'),
  },
  { title: 'Aggregate' },
)
export type Aggregate = Static<typeof aggregateSchema>
