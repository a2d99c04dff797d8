import { durationMs } from '../quantity.ts'
import type { FieldPath } from '../resource.ts'
import { duration, integer, list, object, optional, text, type Shape, type Violation } from './shapes.ts'

/** Beyond that it is a site, and no error page. */
const MOST_CHARACTERS = 65_536

const page = object({
  statuses: optional(
    list(integer(400, 599), 1, 64),
    'For which statuses; the first page of the list that has one is taken. Left out: for all from 400 on.',
  ),
  html: optional(
    text(MOST_CHARACTERS, 1),
    'For who takes text/html. {status}, {title}, {reason} and {exchange} (the id of the request) are filled in.',
  ),
  json: optional(text(MOST_CHARACTERS, 1), 'For who takes application/json; filled in as in html.'),
  text: optional(text(MOST_CHARACTERS, 1), 'For who takes text/plain; filled in as in html.'),
})

/** TrafficPolicy spec.localReplies. */
export const localReplies = object({
  errors: optional(
    list(page, 1, 32),
    'Bodies of errors that the gateway itself answers, by status and what Accept takes. What a client takes none of is told as application/problem+json.',
  ),
  maintenance: optional(
    object({
      retryAfter: optional(duration, 'What Retry-After says; left out, that of any 503.'),
    }),
    'While it is there, requests that may pass are answered 503 (maintenance), but for those of `except`.',
  ),
})

export type LocalReplies = Shape<typeof localReplies>

export function localRepliesRules({ errors, maintenance }: LocalReplies, path: FieldPath): Violation[] {
  if (errors === undefined && maintenance === undefined)
    return [{ path, message: 'answers nothing, expected errors or maintenance' }]
  const seconds = durationMs(maintenance?.retryAfter ?? '1s') ?? 0
  return [
    ...(errors ?? []).flatMap(({ html, json, text: plain }, i) =>
      html === undefined && json === undefined && plain === undefined
        ? [{ path: [...path, 'errors', i], message: 'has no body, expected html, json or text' }]
        : jsonFault(json, [...path, 'errors', i, 'json']),
    ),
    ...(seconds < 1000
      ? [
          {
            path: [...path, 'maintenance', 'retryAfter'],
            message: 'is told in seconds, expected at least 1s',
          },
        ]
      : []),
  ]
}

function jsonFault(json: string | undefined, path: FieldPath): Violation[] {
  if (json === undefined) return []
  try {
    // A status may stand where a number does.
    JSON.parse(json.replaceAll('{status}', '0'))
    return []
  } catch {
    return [{ path, message: 'is no JSON' }]
  }
}
