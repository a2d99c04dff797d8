import { failures, type FailureName, type Rejection } from '../http/failures.ts'
import { problem } from '../http/problem.ts'
import type { LocalResponse } from '../filters/filter.ts'

/** How long a client should stay away when there is no capacity, in seconds. */
const RETRY_AFTER = '1'

/** What the client is told of a failure: its title and the exchange id, never an upstream's address or message. */
export function failureResponse(failure: FailureName, id: string): LocalResponse {
  const { status, title } = failures[failure]
  const { fields, body } = problem(status, { title, exchange: id, reason: failure })
  return { status, fields: status === 503 ? [...fields, 'Retry-After', RETRY_AFTER] : fields, body }
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
