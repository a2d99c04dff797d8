import { CallFailure } from '../../../composition/calls/failure.ts'
import { CallFailure as FailedCall } from '../../../filters/kit.ts'

/** A call's failure has its name; what else is thrown (a field that cannot be one, the reason of its signal) is as it is. */
export function failureOf(error: unknown, call: string): unknown {
  return error instanceof FailedCall
    ? new CallFailure(error.failure, call, error.detail, { cause: error })
    : error
}
