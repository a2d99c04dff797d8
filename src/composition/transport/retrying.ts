import { failures, isFailureName } from '../../http/failures.ts'
import type { Cancellation } from '../../shared/cancellation.ts'
import { CounterAreas, counterMemory } from '../../shared/counters.ts'
import type { Clock } from '../../upstream/clock.ts'
import { RetryBudget } from '../../upstream/retry-budget.ts'
import { CallFailure } from '../calls/failure.ts'
import type { BackendAnswer, BackendRequest, OpenedTunnel, RetrySettings, Transport } from './transport.ts'

const FIRST_BACKOFF_MS = 25
const INTERVAL_MS = 10_000
const MIN_RETRIES = 100

/**
 * Repeats what failed, for a transport that does not: with the budget that the data plane's clusters have, backend by
 * backend. `random` is of 0 to 1, for how long to wait.
 */
export class Retrying implements Transport {
  readonly retries = true
  private readonly inner: Transport
  private readonly clock: Clock
  private readonly random: () => number
  private readonly budgets = new Map<string, RetryBudget>()
  private readonly counters = new CounterAreas(
    counterMemory(new Uint8Array(16), { buckets: 16, reserve: 4 }),
    1,
  ).scope('composition')

  constructor(inner: Transport, clock: Clock, random: () => number = Math.random) {
    this.inner = inner
    this.clock = clock
    this.random = random
  }

  send(request: BackendRequest): Promise<BackendAnswer> {
    const { retry } = request
    if (retry === null) {
      counted(request)
      return this.inner.send(request)
    }
    const budget = this.budgetOf(request.backend, retry)
    budget.requests++
    return this.attempt(request, retry, budget)
  }

  /** Never repeated: what a tunnel is for is begun again by who reads it, who knows what has come of it. */
  open(request: BackendRequest): Promise<OpenedTunnel> {
    if (this.inner.open === undefined)
      return Promise.reject(new TypeError('the transport of this engine opens no WebSockets'))
    counted(request)
    return this.inner.open(request)
  }

  private async attempt(
    request: BackendRequest,
    retry: RetrySettings,
    budget: RetryBudget,
  ): Promise<BackendAnswer> {
    for (let attempt = 1; ; attempt++) {
      const may = request.repeatable && attempt <= retry.attempts
      let waitMs = this.backoffMs(attempt)
      counted(request)
      try {
        const answer = await this.inner.send(request)
        const askedMs = retryAfterMs(answer)
        if (askedMs !== null) waitMs = Math.max(waitMs, askedMs)
        if (!may || !isWorthAnother(answer, retry) || !this.fits(request, waitMs) || !budget.spend())
          return answer
        answer.body.cancel()
      } catch (error) {
        if (!may || !isWorthRepeating(error) || !this.fits(request, waitMs) || !budget.spend()) throw error
      }
      await this.pause(waitMs, request.signal)
    }
  }

  private fits({ deadlineMs, signal }: BackendRequest, waitMs: number): boolean {
    return !signal.aborted && this.clock.now() + waitMs < deadlineMs
  }

  /** Half of it by chance: those who failed together must not come back together. */
  private backoffMs(attempt: number): number {
    const mostMs = FIRST_BACKOFF_MS * 2 ** (attempt - 1)
    return mostMs / 2 + (this.random() * mostMs) / 2
  }

  private pause(ms: number, signal: Cancellation): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = this.clock.after(ms, () => {
        signal.removeEventListener('abort', abort)
        resolve()
      })
      const abort = () => {
        stop()
        reject(signal.reason as CallFailure)
      }
      signal.addEventListener('abort', abort, { once: true })
    })
  }

  private budgetOf(backend: string, { budget }: RetrySettings): RetryBudget {
    let found = this.budgets.get(backend)
    if (found === undefined) {
      const settings = { percent: budget * 100, intervalMs: INTERVAL_MS, minRetries: MIN_RETRIES }
      found = new RetryBudget(backend, settings, {
        counters: this.counters,
        nowUs: () => Math.floor(this.clock.now() * 1000),
      })
      this.budgets.set(backend, found)
    }
    return found
  }
}

function counted({ record, method, target }: BackendRequest): void {
  if (record === undefined) return
  record.attempts++
  record.sent = { method, target }
}

const isWorthRepeating = (error: unknown): boolean =>
  error instanceof CallFailure && isFailureName(error.failure) && failures[error.failure].retry !== 'never'

/** Of gRPC what says no more than its status has that in its head (Trailers-Only). */
function isWorthAnother(
  { status, headers }: BackendAnswer,
  { statuses, grpcCodes = [] }: RetrySettings,
): boolean {
  const code = headers['grpc-status']
  return statuses.includes(status) || (code !== undefined && grpcCodes.includes(Number(code)))
}

/** Seconds alone (RFC 9110 §10.2.3): whom a date tells to wait has no time left for it. */
function retryAfterMs({ headers }: BackendAnswer): number | null {
  const text = headers['retry-after']
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) * 1000 : null
}
