import type { FailureName, FailureType } from '../http/failures.ts'
import { HINT_OWN, type ResponseHead } from '../http/head.ts'
import { idempotentMethods } from '../http/idempotent.ts'
import type { Breaker } from '../upstream/breaker.ts'
import { AttemptTimes } from './attempt-times.ts'
import { pauseBefore, retryAfterMs, withPolicy, type RetryRules } from './retry-rules.ts'

/** Which attempt of somebody's a request is, in lower case. */
export const ATTEMPT = 'x-portcullis-attempt'

/** Whether a request may be sent once more, and when. */
export abstract class Repeating extends AttemptTimes {
  attempts = 0
  /** Before the next attempt. */
  protected pauseMs = 0
  /** The request says to the backend that it is one that we repeat. */
  private saysRepeated = false
  /** It counts this exchange, and whether that repeats now. */
  protected breaker: Breaker | null = null
  protected repeating = false

  /** Whether another attempt follows this failure, and when. What may have been met asks the budget. */
  protected repeatsAfter(failure: FailureName, retry: FailureType['retry'], fresh: boolean): boolean {
    if (this.x.committed || !this.mayRetry(failure, retry, fresh) || !this.waits(0)) return false
    if (retry === 'always') return true
    if (!this.cluster!.affordsRetry(this.repeating)) return false
    this.sayRepeated()
    return true
  }

  /** Whether another attempt is right after this failure (see http/failures.ts). */
  private mayRetry(failure: FailureName, retry: FailureType['retry'], fresh: boolean): boolean {
    const { rules } = this
    if (retry === 'never' || !this.x.body.replayable) return false
    const { connectAttempts } = this.cluster!.config
    if (retry === 'always')
      return this.attempts < (rules?.connectFailures === true ? 1 + rules.attempts : connectAttempts)
    if (!this.safeToRepeat) return false
    if (rules !== null && (failure === 'http_response_timeout' ? rules.timeouts : rules.resets))
      return this.attempts <= rules.attempts
    // Without a policy only the race with an upstream that closes a kept connection is mended. One that said a byte has
    // met the request.
    return failure === 'connection_terminated' && !fresh && this.attempts < connectAttempts
  }

  /** Whether another attempt follows this answer, and when. */
  protected repeats(head: ResponseHead): boolean {
    const { callStatus, body } = this.x
    if (head.status < 400 && callStatus <= 0) return false
    const { rules } = this
    if (rules === null || this.attempts > rules.attempts) return false
    if (!rules.codes.includes(head.status) && !rules.grpcCodes.includes(callStatus)) return false
    if (!body.replayable || !this.safeToRepeat || !this.waits(retryAfterMs(head, Date.now()))) return false
    if (!this.cluster!.affordsRetry(this.repeating)) return false
    this.sayRepeated()
    return true
  }

  /** Null where nothing is repeated but what nobody can have met. */
  protected get rules(): RetryRules | null {
    const { retry: route } = this.action
    // "An explicit zero value MUST disable retries" (HTTPRouteRetry.attempts): also those of connections.
    if (route?.attempts === 0) return route
    const { retry, meshed = false } = this.cluster!.config
    if (meshed || this.isRepeated) return null
    return retry === undefined || (route === null && retry.attempts === null)
      ? route
      : withPolicy(route, retry)
  }

  /** A layer before us repeats it: four attempts of ours for each of its four would be sixteen. */
  protected get isRepeated(): boolean {
    const { hints, fields } = this.x.request
    return (hints & HINT_OWN) !== 0 && !this.saysRepeated && Number(fields.get(ATTEMPT) ?? 1) > 1
  }

  /** The next layer is not to repeat what we do. */
  private sayRepeated(): void {
    const { fields } = this.x.request
    this.saysRepeated = true
    fields.keep(ATTEMPT)
    fields.set('X-Portcullis-Attempt', String(this.attempts + 1), ATTEMPT)
  }

  /** Whether there is time for another attempt, and as much as the backend asks to be left alone. */
  private waits(askedMs: number): boolean {
    const { rules } = this
    this.pauseMs = rules === null ? 0 : pauseBefore(rules, this.attempts, askedMs)
    return this.pauseMs === 0 || performance.now() + this.pauseMs < this.deadlineMs
  }

  protected get safeToRepeat(): boolean {
    const { request, repeatable } = this.x
    if (repeatable ?? (idempotentMethods.has(request.method) || request.fields.has('idempotency-key')))
      return true
    return this.cluster?.config.repeatNonIdempotent === true
  }
}
