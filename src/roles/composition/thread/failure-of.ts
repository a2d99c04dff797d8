import { CallFailure } from '../../../composition/calls/failure.ts'
import { CallFailure as FailedCall } from '../../../filters/kit.ts'

/** What a backend breaks off with. */
const BROKEN_OFF: ReadonlySet<string> = new Set(['connection_terminated', 'http_response_incomplete'])

/** What a backend is told of its time is rounded down to a millisecond, and its timers may be one too early. */
const AHEAD_MS = 2

/**
 * A call's failure has its name; what else is thrown (a field that cannot be one, the reason of its signal) is as it is.
 * A backend that was told the deadline keeps it too, and may be first: servers of gRPC reset the stream then. That is the
 * deadline, as their own clients have it.
 */
export function failureOf(error: unknown, call: string, deadlineMs = Infinity): unknown {
  if (!(error instanceof FailedCall)) return error
  const isLate = BROKEN_OFF.has(error.failure) && performance.now() > deadlineMs - AHEAD_MS
  const failure = isLate ? 'http_response_timeout' : error.failure
  return new CallFailure(failure, call, error.detail, { cause: error })
}
