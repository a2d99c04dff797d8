import type { Cancellation } from '../../shared/cancellation.ts'
import { Call } from '../calls/call.ts'
import { newCallRecord, type CallRecord } from '../calls/call-record.ts'
import { CallFailure, failureNameOf } from '../calls/failure.ts'
import { Scope } from '../calls/scope.ts'
import type { CallSite } from './call-site.ts'

/** What a client needs to know of a call that has begun. */
export interface RunningCall {
  /** `users GET /users/{id}` */
  readonly name: string
  readonly signal: Cancellation
  /** By the engine's clock; it is ended then. */
  readonly deadlineMs: number
  readonly record: CallRecord
  /** Ends it, with this for whoever awaits it. */
  cancel(reason: CallFailure): void
}

/**
 * A call of whatever protocol: named, told of, with its share of the request's time, and refused where the route declares
 * others. It lasts until `work` has settled.
 */
export function trackedCall<T>(
  site: CallSite,
  name: string,
  timeoutMs: number,
  work: (call: RunningCall) => Promise<T>,
): Call<T> {
  const { request } = site
  return Call.begin(name, Scope.of(request), async scope => {
    const startedMs = request.clock.now()
    const deadlineMs = Math.min(request.callsUntilMs, startedMs + timeoutMs)
    const record = newCallRecord(name, startedMs)
    site.began(record)
    const late = () => new CallFailure('http_response_timeout', name)
    const stop =
      deadlineMs === Infinity
        ? () => undefined
        : request.clock.after(Math.max(0, deadlineMs - startedMs), () => scope.cancel(late()))
    try {
      site.allow(name)
      if (deadlineMs <= startedMs) throw late()
      const result = await work({
        name,
        signal: scope.cancellation,
        deadlineMs,
        record,
        cancel: reason => scope.cancel(reason),
      })
      record.outcome = 'ok'
      return result
    } catch (error) {
      record.outcome = failureNameOf(error)
      record.grpcCode = error instanceof CallFailure ? (error.answer?.grpc?.code ?? null) : null
      throw error
    } finally {
      stop()
      record.endedMs = request.clock.now()
      site.ended(record)
    }
  })
}
