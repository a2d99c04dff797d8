import { failures, type Rejection } from '../http/failures.ts'
import { problem } from '../http/problem.ts'
import type { Failure, LocalResponse } from '../filters/filter.ts'

/** How long a client should stay away when there is no capacity, in seconds. */
const RETRY_AFTER = '1'

/**
 * What the client is told of a failure: its title and the exchange id, never an
 * upstream's address or message. `allow` is the value of Allow for a 405.
 */
export function failureResponse(
  { failure, fields: own = [], members = {} }: Failure,
  id: string,
  allow: string,
): LocalResponse {
  const { status, title, problemType: type } = failures[failure]
  const details = { title, exchange: id, reason: failure, ...(type !== undefined && { type }) }
  const { fields, body } = problem(status, details, members)
  const more = has(own, 'retry-after')
    ? []
    : status === 503
      ? ['Retry-After', RETRY_AFTER]
      : status === 405
        ? ['Allow', allow]
        : []
  return { status, fields: [...fields, ...more, ...own], body }
}

function has(fields: readonly string[], name: string): boolean {
  return fields.some((field, i) => i % 2 === 0 && field.toLowerCase() === name)
}

/** What the client is told of a message that the codec refused. */
export function rejectionResponse(rejection: Rejection, id: string): LocalResponse {
  const { status, rule, detail } = rejection
  const { fields, body } = problem(status, {
    title: failures.http_request_error.title,
    detail,
    reason: rule,
    exchange: id,
  })
  return { status, fields, body }
}
