import type { Cancellation } from '../../shared/cancellation.ts'
import type { Cancel } from '../../upstream/clock.ts'
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
  return Call.begin(name, Scope.of(site.request), scope => begun(site, name, timeoutMs, scope, work))
}

/** The same for who awaits it and nothing else: nobody but the request cancels it. */
export function trackedResult<T>(
  site: CallSite,
  name: string,
  timeoutMs: number,
  work: (call: RunningCall) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) =>
    track(site, name, timeoutMs, reject, running => {
      void work(running).then(
        result => {
          running.end()
          resolve(result)
        },
        (error: unknown) => running.fail(error),
      )
    }),
  )
}

/** One that says itself when it is over. */
export interface TrackedCall extends RunningCall {
  end(): void
  /** Tells whoever has begun it, too. */
  fail(error: unknown): void
}

/** The same without a promise of its own: `failed` is told where it is cancelled, where it fails, and where `begin` throws. */
export function track(
  site: CallSite,
  name: string,
  timeoutMs: number,
  failed: (error: unknown) => void,
  begin: (call: TrackedCall) => void,
): void {
  const scope = Scope.of(site.request).child()
  if (scope.cancelledBy !== null) return failed(scope.cancelledBy)
  scope.onCancel = failed
  const running = new Tracked(site, name, timeoutMs, scope, failed)
  try {
    running.check()
    begin(running)
  } catch (error) {
    running.fail(error)
  }
}

/** Not by `await`: the frame of an async function is as large as all else of a call, and a request has several. */
function begun<T>(
  site: CallSite,
  name: string,
  timeoutMs: number,
  scope: Scope,
  work: (call: RunningCall) => Promise<T>,
): Promise<T> {
  const running = new Tracked(site, name, timeoutMs, scope, nobody)
  const failed = (error: unknown): never => {
    running.fail(error)
    throw error
  }
  try {
    running.check()
    return work(running).then(result => {
      running.end()
      return result
    }, failed)
  } catch (error) {
    running.fail(error)
    return Promise.reject(error as Error)
  }
}

/** It is the promise that tells. */
const nobody = (): void => {}

class Tracked implements TrackedCall {
  readonly name: string
  readonly deadlineMs: number
  readonly record: CallRecord
  private readonly site: CallSite
  private readonly scope: Scope
  private readonly tell: (error: unknown) => void
  private readonly stop: Cancel | null
  private isOver = false

  constructor(site: CallSite, name: string, timeoutMs: number, scope: Scope, tell: (error: unknown) => void) {
    const { clock, callsUntilMs } = site.request
    const startedMs = clock.now()
    this.name = name
    this.site = site
    this.scope = scope
    this.tell = tell
    this.deadlineMs = Math.min(callsUntilMs, startedMs + timeoutMs)
    this.record = newCallRecord(name, startedMs, site.route)
    site.began(this.record)
    this.stop =
      this.deadlineMs === Infinity
        ? null
        : clock.after(Math.max(0, this.deadlineMs - startedMs), () => scope.cancel(this.late()))
  }

  get signal(): Cancellation {
    return this.scope.cancellation
  }

  /** Throws where it may not be made, or where there is no time for it. */
  check(): void {
    this.site.allow(this.name)
    if (this.deadlineMs <= this.record.startedMs) throw this.late()
  }

  cancel(reason: CallFailure): void {
    this.scope.cancel(reason)
  }

  end(): void {
    if (this.isOver) return
    this.record.outcome = 'ok'
    this.over()
  }

  fail(error: unknown): void {
    if (this.isOver) return
    this.record.outcome = failureNameOf(error)
    this.record.grpcCode = error instanceof CallFailure ? (error.answer?.grpc?.code ?? null) : null
    this.over()
    this.tell(error)
  }

  private over(): void {
    this.isOver = true
    this.stop?.()
    this.record.endedMs = this.site.request.clock.now()
    this.site.ended(this.record)
    this.scope.close()
  }

  private late(): CallFailure {
    return new CallFailure('http_response_timeout', this.name)
  }
}
