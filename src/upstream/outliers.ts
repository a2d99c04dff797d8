import type { PassiveChecks } from '../snapshot/health.ts'
import type { Cancel, Clock } from './clock.ts'
import type { Endpoint, EndpointJudge } from './endpoint.ts'

/** What an endpoint falls short of the others by is to be more than luck: of a hundred endpoints with no failure, one with a single one is many deviations away. */
const LEAST_SHORT = 0.05

/** Why an endpoint is ejected. */
type EjectionReason =
  | 'connection_failures'
  | 'consecutive_5xx'
  | 'consecutive_gateway_errors'
  | 'success_rate'
  | 'latency'

export interface Ejected {
  readonly reason: EjectionReason
  /** Failures in a row; 0 where it was compared with others. */
  readonly failures: number
  /** For log and views: `5 in a row`. */
  readonly detail: string
}

type Eject = (endpoint: Endpoint, why: Ejected) => void

/**
 * Judges endpoints by their answers. By itself: what fails in a row. Against the
 * others of its cluster, once in an interval: whoever fails more often than they
 * do (Envoy's success rate), or takes much longer. What a client can provoke
 * everywhere makes no outlier.
 */
export class Outliers {
  private readonly clock: Clock
  private readonly workers: number
  private readonly eject: Eject
  private readonly records = new Map<Endpoint, OutlierRecord>()
  private checks: PassiveChecks | null = null
  private cancelTimer: Cancel | null = null

  /** `eject` may refuse. Requests are those of one of so many workers. */
  constructor(clock: Clock, workers: number, eject: Eject) {
    this.clock = clock
    this.workers = workers
    this.eject = eject
  }

  /** Null: nothing is made of answers, and nobody told of them. */
  configure(checks: PassiveChecks | null, members: readonly Endpoint[]): void {
    this.checks = checks
    if (checks === null) this.stopTimer()
    if (checks === null && this.records.size === 0) return
    const left = new Set(this.records.keys())
    for (const endpoint of members) {
      left.delete(endpoint)
      if (checks !== null) this.recordOf(endpoint).checks = checks
      else this.forget(endpoint)
    }
    for (const endpoint of left) this.forget(endpoint)
  }

  returned(endpoint: Endpoint): void {
    this.records.get(endpoint)?.reset()
  }

  close(): void {
    this.checks = null
    this.stopTimer()
  }

  private recordOf(endpoint: Endpoint): OutlierRecord {
    let record = this.records.get(endpoint)
    if (record !== undefined) return record
    record = new OutlierRecord(endpoint, this.checks!, this.eject, () => this.begin())
    endpoint.judge = record
    this.records.set(endpoint, record)
    return record
  }

  private forget(endpoint: Endpoint): void {
    endpoint.judge = null
    this.records.delete(endpoint)
  }

  /** The interval begins with a request: of 20,000 clusters most have none. */
  private begin(): void {
    const { checks } = this
    if (checks === null || this.cancelTimer !== null) return
    if (checks.successRate === null && checks.latency === null) return
    this.cancelTimer = this.clock.after(checks.intervalMs, () => this.compare())
  }

  private compare(): void {
    this.cancelTimer = null
    const { checks } = this
    if (checks === null) return
    const all = [...this.records.values()]
    const { successRate, latency } = checks
    if (successRate !== null) this.compareRates(this.among(all, successRate), successRate)
    if (latency !== null) this.compareLatencies(this.among(all, latency), latency)
    for (const record of all) record.beginInterval()
  }

  /** Those that can be compared, or nobody. */
  private among(
    all: readonly OutlierRecord[],
    { minEndpoints, minRequests }: NonNullable<PassiveChecks['successRate' | 'latency']>,
  ): readonly OutlierRecord[] {
    const least = Math.ceil(minRequests / this.workers)
    const enough = all.filter(({ requests, isOut }) => requests >= least && !isOut)
    return enough.length < minEndpoints ? [] : enough
  }

  private compareRates(
    among: readonly OutlierRecord[],
    { deviations }: NonNullable<PassiveChecks['successRate']>,
  ): void {
    const mean = averageOf(among.map(({ rate }) => rate))
    const deviation = Math.sqrt(averageOf(among.map(({ rate }) => (rate - mean) ** 2)))
    const least = mean - Math.max(deviations * deviation, LEAST_SHORT)
    // The worst first: there may not be room for all.
    for (const { endpoint, rate, requests } of among.toSorted((a, b) => a.rate - b.rate)) {
      if (rate >= least) return
      const detail = `${percent(rate)} of ${requests} answers were good, ${percent(mean)} on average`
      this.eject(endpoint, { reason: 'success_rate', failures: 0, detail })
    }
  }

  private compareLatencies(
    among: readonly OutlierRecord[],
    { factor, leastMs }: NonNullable<PassiveChecks['latency']>,
  ): void {
    const slowest = among.filter(({ timed }) => timed > 0).toSorted((a, b) => b.usualMs - a.usualMs)
    const medianMs = slowest[Math.floor(slowest.length / 2)]?.usualMs ?? 0
    for (const { endpoint, usualMs } of slowest) {
      if (usualMs < leastMs || usualMs <= medianMs * factor) return
      const detail = `answers took ${Math.round(usualMs)} ms, ${Math.round(medianMs)} ms in the median`
      this.eject(endpoint, { reason: 'latency', failures: 0, detail })
    }
  }

  private stopTimer(): void {
    this.cancelTimer?.()
    this.cancelTimer = null
  }
}

/** What one endpoint has answered. Requests that were under way when it was ejected say nothing new. */
class OutlierRecord implements EndpointJudge {
  readonly endpoint: Endpoint
  checks: PassiveChecks
  requests = 0
  timed = 0
  private good = 0
  /** Of logarithms, so that a few slow answers, as somebody may ask for, do not make an endpoint slow. */
  private logs = 0
  private failuresInRow = 0
  private gatewayErrorsInRow = 0
  private readonly eject: Eject
  private readonly begin: () => void

  constructor(endpoint: Endpoint, checks: PassiveChecks, eject: Eject, begin: () => void) {
    this.endpoint = endpoint
    this.checks = checks
    this.eject = eject
    this.begin = begin
  }

  get isOut(): boolean {
    return this.endpoint.ejectedUntilMs > 0
  }

  /** From 0 to 1. */
  get rate(): number {
    return this.requests === 0 ? 1 : this.good / this.requests
  }

  /** The geometric mean. */
  get usualMs(): number {
    return this.timed === 0 ? 0 : Math.exp(this.logs / this.timed)
  }

  answered(status: number, latencyMs: number): void {
    if (this.checks.latency !== null) {
      this.timed++
      this.logs += Math.log(Math.max(latencyMs, 0.01))
    }
    if (status >= 500) this.failed(status)
  }

  completed(status: number): void {
    if (status >= 500) return this.failed(status)
    this.count()
    this.good++
    this.failuresInRow = 0
    this.gatewayErrorsInRow = 0
  }

  broke(): void {
    this.failed(NONE)
  }

  beginInterval(): void {
    this.requests = 0
    this.good = 0
    this.timed = 0
    this.logs = 0
  }

  reset(): void {
    this.failuresInRow = 0
    this.gatewayErrorsInRow = 0
    this.beginInterval()
  }

  private failed(status: number): void {
    if (this.isOut) return
    this.count()
    this.failuresInRow++
    // Envoy's gateway errors; another failure ends their row, as it does there.
    this.gatewayErrorsInRow = gatewayErrors.has(status) ? this.gatewayErrorsInRow + 1 : 0
    const { consecutive5xx, consecutiveGatewayErrors } = this.checks
    this.judge('consecutive_gateway_errors', this.gatewayErrorsInRow, consecutiveGatewayErrors)
    this.judge('consecutive_5xx', this.failuresInRow, consecutive5xx)
  }

  private judge(reason: Ejected['reason'], failures: number, most: number): void {
    if (most > 0 && failures >= most)
      this.eject(this.endpoint, { reason, failures, detail: `${failures} in a row` })
  }

  private count(): void {
    if (this.requests++ === 0) this.begin()
  }
}

/** No answer. */
const NONE = 0
const gatewayErrors: ReadonlySet<number> = new Set([NONE, 502, 503, 504])

function averageOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
