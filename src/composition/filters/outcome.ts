import { isFailureName, type FailureName } from '../../http/failures.ts'

/** What a filter gives that fails: by a name of the gateway's, which log and metrics have. Made by `fail`. */
export class FilterFailure {
  readonly failure: FailureName
  readonly more: FailureMore

  constructor(failure: FailureName, more: FailureMore) {
    this.failure = failure
    this.more = more
  }
}

export interface FailureMore {
  /** For the log, and never for the client. */
  readonly detail?: string
  /** Of the answer, beside those of the problem. */
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * The request fails by this name of the gateway's (docs/reference/failures.md), with its status and its problem. Throws a
 * TypeError where there is no such name.
 *
 * @example
 * request: r => (r.headers.has('x-tenant') ? undefined : fail('http_request_denied', { detail: 'no tenant' }))
 */
export function fail(failure: FailureName, more: FailureMore = {}): FilterFailure {
  if (!isFailureName(failure)) throw new TypeError(`${JSON.stringify(failure)} is no name of a failure`)
  return new FilterFailure(failure, more)
}
