import type { AdaptiveConcurrencySettings } from '../snapshot/resilience.ts'

/** A window of that many samples is judged by the last of them. */
const MOST_SAMPLES = 512
/** Where nothing is known yet (as Netflix' concurrency-limits begin). */
const INITIAL = 20
/** Between two windows the limit is changed by no more than these. */
const LEAST_GRADIENT = 0.5
const MOST_GRADIENT = 2
/** So many windows in a row in which the least is let through: then it is not queues that take long, and what is known of the least latency is over (as with Envoy). */
const LEAST_WINDOWS = 5
/** Below this nothing falls: half of it and the square root of that is as much again. */
const LEAST_LEFT = 2

/**
 * How many requests at once a cluster bears, of this worker, found out by how long it takes to answer: the gradient
 * controller of Envoy. Each window a percentile of latencies is compared with the least that was seen of late; the limit
 * falls with what they have grown, and where they have not it grows by its square root.
 */
export class AdaptiveConcurrency {
  /** Requests under way. */
  requests = 0
  private settings: AdaptiveConcurrencySettings
  private readonly workers: number
  private readonly random: () => number
  private wanted: number
  private samples: number[] = []
  private count = 0
  private windowMs = -1
  /** Most requests under way in this window. */
  private most = 0
  /** The least that a window took, of all that is known; 0 as long as nothing is. */
  private minRttMs = 0
  /** The same since the last time that it was forgotten. */
  private leastMs = Infinity
  /** Some window since then had more under way than half of the limit. */
  private wasFull = false
  private forgetMs = -1
  private leastWindows = 0
  /** Since when few are let in, so that latencies are the cluster's own; below 0 where all are. */
  private probingMs = -1

  /** `random` spreads the times at which workers forget. */
  constructor(settings: AdaptiveConcurrencySettings, workers: number, random: () => number = Math.random) {
    this.random = random
    this.settings = settings
    this.workers = workers
    this.wanted = INITIAL
  }

  update(settings: AdaptiveConcurrencySettings): void {
    this.settings = settings
  }

  /** Of this worker. */
  get limit(): number {
    return this.probingMs >= 0 ? this.least : Math.floor(this.bounded(this.wanted))
  }

  /** Whether one more may begin; then `left` is to be called. `yielded`: another has just given up its place for it. */
  enter(yielded = false): boolean {
    if (!yielded && this.requests >= this.limit) return false
    this.requests++
    if (this.requests > this.most) this.most = this.requests
    return true
  }

  left(): void {
    this.requests--
  }

  /** One that was sent then was answered after so long. */
  answered(rttMs: number, sentMs: number): void {
    const nowMs = sentMs + rttMs
    if (this.windowMs < 0) this.begin(nowMs)
    // It was under way when many were.
    if (sentMs < this.probingMs) return
    this.samples[this.count++ % MOST_SAMPLES] = rttMs
    if (this.probingMs >= 0) {
      if (this.count >= Math.ceil(this.settings.minRttRequests / this.workers)) this.probed(nowMs)
    } else if (nowMs - this.windowMs >= this.settings.sampleMs) this.judge(nowMs)
  }

  private begin(nowMs: number): void {
    this.windowMs = nowMs
    const { minRttIntervalMs, jitterPercent } = this.settings
    this.forgetMs = nowMs + minRttIntervalMs * (1 + (jitterPercent / 100) * this.random())
  }

  private judge(nowMs: number): void {
    const rttMs = this.percentile()
    const isFull = this.most > this.limit / 2
    this.wasFull ||= isFull
    this.leastMs = Math.min(this.leastMs, rttMs)
    this.minRttMs = this.minRttMs === 0 ? rttMs : Math.min(this.minRttMs, rttMs)
    const wanted = this.changed(rttMs)
    // Of a limit that nobody comes near it is not known whether more could be borne.
    if (isFull || wanted < this.wanted) this.wanted = wanted
    this.next(nowMs)
    this.leastWindows = this.limit <= Math.max(this.least, LEAST_LEFT) ? this.leastWindows + 1 : 0
    if (nowMs >= this.forgetMs) this.forget(nowMs)
    else if (this.leastWindows >= LEAST_WINDOWS) this.probingMs = nowMs
  }

  private changed(rttMs: number): number {
    const allowed = this.minRttMs * (1 + this.settings.bufferPercent / 100)
    const gradient = Math.max(LEAST_GRADIENT, Math.min(MOST_GRADIENT, allowed / rttMs))
    const limit = this.bounded(this.wanted) * gradient
    return this.bounded(limit + Math.sqrt(limit))
  }

  /** What was least a while ago may be so no more. Where the limit was met all the time, only few at once can tell. */
  private forget(nowMs: number): void {
    if (this.wasFull) {
      this.probingMs = nowMs
      return
    }
    this.minRttMs = this.leastMs
    this.remember(nowMs)
  }

  private probed(nowMs: number): void {
    this.minRttMs = this.percentile()
    this.probingMs = -1
    this.leastWindows = 0
    this.next(nowMs)
    this.remember(nowMs)
  }

  private remember(nowMs: number): void {
    this.leastMs = Infinity
    this.wasFull = false
    this.begin(nowMs)
  }

  private next(nowMs: number): void {
    this.count = 0
    this.windowMs = nowMs
    this.most = this.requests
  }

  private percentile(): number {
    const all = this.samples.slice(0, Math.min(this.count, MOST_SAMPLES)).toSorted((a, b) => a - b)
    return all[Math.min(all.length - 1, Math.floor((all.length * this.settings.percentile) / 100))]!
  }

  private bounded(limit: number): number {
    return Math.max(this.least, Math.min(Math.ceil(this.settings.maxLimit / this.workers), limit))
  }

  private get least(): number {
    return Math.ceil(this.settings.minLimit / this.workers)
  }
}
