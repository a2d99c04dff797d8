import { Type } from 'typebox'
import { fallbackDefaults as defaults } from '../defaults.ts'
import { formatDuration } from '../quantity.ts'
import type { FieldPath } from '../resource.ts'
import { backendRefRules } from './http-filter-rules.ts'
import { backendObjectReference } from './http-filters.ts'
import {
  duration,
  integer,
  object,
  optional,
  pattern,
  set,
  text,
  type Shape,
  type Violation,
} from './shapes.ts'

/** Beyond that it is a site. */
const MOST_CHARACTERS = 65_536

/** What of the failures of backends a fallback is for. */
export const fallbackTriggers = [
  'no-endpoint',
  'connect-failure',
  'reset',
  'timeout',
  'breaker-open',
  'limit',
] as const

/** TrafficPolicy spec.fallback. */
export const fallback = object({
  triggers: optional(
    set(Type.Enum(fallbackTriggers), fallbackTriggers.length),
    'After which failures. `reset`: the connection ended before an answer, or what came was none; `limit`: of requests or connections of the backend, or a bulkhead. Never after a refusal of the gateway. Left out: all of them.',
  ),
  httpStatusCodes: optional(
    set(integer(400, 599), 200),
    'After which statuses of the backend, too. What is to be repeated has been repeated by then.',
  ),
  backendRef: optional(
    backendObjectReference,
    'Another backend, which gets the request as the first one would have, within what is left of its time; where the body is not too large to be sent again (64 KiB).',
  ),
  lastGood: optional(
    object({
      maxAge: optional(duration, 'How old it may be.', formatDuration(defaults.lastGoodMs)),
    }),
    'What the `cache` that applies to the request has stored for it, though it is no longer fresh; `{}` for all by default. Never what must not be used without asking (no-cache, must-revalidate), nor for another identity.',
  ),
  response: optional(
    object({
      status: optional(integer(200, 599), 'Of the answer.', defaults.status),
      contentType: optional(
        pattern('^[!-~]+(; ?[!-~]+)*$', 'a media type', 256),
        'Its Content-Type.',
        defaults.contentType,
      ),
      body: optional(text(MOST_CHARACTERS), 'Its body; left out, none.'),
    }),
    'A fixed answer, made here. Calls of gRPC do not get it.',
  ),
})

export type Fallback = Shape<typeof fallback>

export function fallbackRules({ backendRef, lastGood, response }: Fallback, path: FieldPath): Violation[] {
  if (backendRef === undefined && lastGood === undefined && response === undefined)
    return [{ path, message: 'falls back to nothing, expected backendRef, lastGood or response' }]
  return backendRef === undefined ? [] : backendRefRules(backendRef, [...path, 'backendRef'])
}
