/** When a request that is not answered is sent to another endpoint too. */
export interface HedgingSettings {
  /** Of the latencies of the last minute. */
  readonly percentile: number
  readonly minDelayMs: number
  /** Of the requests of the retry budget's interval. */
  readonly maxPercent: number
  readonly methods: readonly string[]
}

/** Which attempts another one follows. */
export interface ClusterRetry {
  /** Beyond the first, where the route has no `retry`; 0 is none, null nothing that is said. */
  readonly attempts: number | null
  /** Statuses, where the route names none; and of gRPC, in an answer that is nothing else. */
  readonly codes: readonly number[]
  readonly grpcCodes: readonly number[]
  readonly connectFailures: boolean
  readonly resets: boolean
  readonly timeouts: boolean
  readonly backoffMs: number
  /** 0: ten times the backoff. */
  readonly maxBackoffMs: number
}

/** How many of the requests to a cluster may be retries, of all workers together. */
export interface RetryBudgetSettings {
  readonly percent: number
  readonly intervalMs: number
  /** So many of an interval, whatever the percentage. */
  readonly minRetries: number
}

/** When requests are kept from a cluster. */
export interface BreakerSettings {
  /** At once, of this process; 0 is no limit. */
  readonly maxRequests: number
  readonly maxRetries: number
  readonly trip: BreakerTrip | null
}

/** By what the attempts of the last seconds came to, of all workers together. */
export interface BreakerTrip {
  readonly intervalMs: number
  readonly minRequests: number
  /** 0 is never. */
  readonly errorPercent: number
  readonly slowPercent: number
  readonly slowAfterMs: number
  readonly openMs: number
  readonly probes: number
}

/** How many requests a cluster bears at once is found out by its latency. Limits are of this process. */
export interface AdaptiveConcurrencySettings {
  /** The window that is judged. */
  readonly sampleMs: number
  readonly percentile: number
  readonly minLimit: number
  readonly maxLimit: number
  /** How long the least latency is believed. */
  readonly minRttIntervalMs: number
  /** By so many requests it is found out again where the limit is met. */
  readonly minRttRequests: number
  /** What latency may be above the least one. */
  readonly bufferPercent: number
  /** Of minRttIntervalMs. */
  readonly jitterPercent: number
}
