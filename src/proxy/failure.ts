import { failures, type FailureName, type Rejection } from '../http/failures.ts'
import { problem, type ProblemDetails, type ProblemResponse } from '../http/problem.ts'
import type { Failure, LocalResponse } from '../filters/filter.ts'

/** How long a client should stay away when there is no capacity, in seconds. */
const RETRY_AFTER = '1'

/**
 * What the client is told of a failure: its title and the exchange id, never an
 * upstream's address or message. `allow` is the value of Allow for a 405.
 */
export function failureResponse(
  { failure, fields: own = [], members }: Failure,
  id: string,
  allow: string,
): LocalResponse {
  const { status } = failures[failure]
  const { fields, body } =
    members === undefined ? plainProblem(failure, id) : problem(status, detailsOf(failure, id), members)
  const more = has(own, 'retry-after')
    ? []
    : status === 503
      ? ['Retry-After', RETRY_AFTER]
      : status === 405
        ? ['Allow', allow]
        : []
  return { status, fields: [...fields, ...more, ...own], body }
}

function detailsOf(failure: FailureName, exchange: string): ProblemDetails {
  const { title, problemType: type } = failures[failure]
  return { title, exchange, reason: failure, ...(type !== undefined && { type }) }
}

/** By failure: what a problem is but for the id, before and behind it. */
const templates = new Map<
  FailureName,
  { readonly answer: ProblemResponse; readonly parts: readonly string[] }
>()
const ID = '\u0000id'

/** The same as `problem`, which takes a tenth of what a refusal costs where half of all requests are refused. */
function plainProblem(failure: FailureName, id: string): ProblemResponse {
  let template = templates.get(failure)
  if (template === undefined) {
    const answer = problem(failures[failure].status, detailsOf(failure, ID))
    template = { answer, parts: answer.body.split(JSON.stringify(ID)) }
    templates.set(failure, template)
  }
  const { answer, parts } = template
  return { ...answer, body: parts[0]! + JSON.stringify(id) + parts[1]! }
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
