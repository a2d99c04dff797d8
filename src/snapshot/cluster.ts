import type { Ejection, HealthChecks } from './health.ts'
import type { Origin } from './origin.ts'
import type {
  AdaptiveConcurrencySettings,
  BreakerSettings,
  ClusterRetry,
  HedgingSettings,
  RetryBudgetSettings,
} from './resilience.ts'
import type { ClusterTls } from './tls.ts'

export interface Cluster {
  /** `Service/default/items:80`, `Backend/default/items`; in parentheses what tells several of one target apart. */
  readonly name: string
  readonly origin: Origin
  /** `bundle`: by threads of this process that answer requests; their endpoints are `thread:7`. */
  readonly protocol: 'http' | 'h2' | 'bundle'
  readonly balancer: Balancing
  /** How long an endpoint that comes into service is eased in; absent: not at all. */
  readonly slowStartMs?: number
  /** Absent: zones of endpoints are not looked at. */
  readonly zoneAware?: ZonePreference
  /** About so many of its endpoints a worker connects to; absent: all. */
  readonly subsetSize?: number
  /** Connections from this process; each worker takes its share, at least 1. 0 is no limit. */
  readonly maxConnections: number
  /** Of a `bundle`: answers that go on (events, WebSockets), which are no connections; each worker takes its share. Absent, or 0: no limit. */
  readonly maxStreams?: number
  /** Requests that may wait for a connection when maxConnections is reached; 0 is none. */
  readonly maxPending: number
  readonly maxRequestsPerConnection: number
  /** The version of the PROXY header that its connections begin with, each for one client; absent: none. */
  readonly proxyProtocol?: 'V1' | 'V2'
  readonly connectTimeoutMs: number
  /** Connections tried for one request, or stream, where none can be made and no route says how often. */
  readonly connectAttempts: number
  readonly idleTimeoutMs: number
  /** An exchange of which nothing has moved for this long is given up; Infinity is never. */
  readonly silenceMs: number
  /** The same of a tunnel, or a connection that is spliced; absent: an hour. */
  readonly tunnelSilenceMs?: number
  /** The same of a session of UDP; absent: two minutes. */
  readonly sessionSilenceMs?: number
  /** Of the head of a response: one field, all of it, and how many fields. */
  readonly fieldBytes: number
  readonly headBytes: number
  readonly fieldCount: number
  /** While others may be short of connections: what of a request's body is to be here before it has one, unless it is all; 0 is nothing. */
  readonly bodyStartBytes: number
  /** While others wait for a connection: what bodies of those that hold one are to bring in a second; 0 is nothing. */
  readonly bodyBytesPerSecond: number
  /** How long a body may fall short of that then, or a client take nothing of its response; always below connectTimeoutMs, or Infinity. */
  readonly patienceMs: number
  readonly ejection: Ejection | null
  /** Where fewer of its endpoints than this share may be used, all are; absent: 50. */
  readonly panicPercent?: number
  /** Checks beside the requests of clients; absent where there are none. */
  readonly healthChecks?: HealthChecks
  /** Absent: nothing is kept from it. */
  readonly breaker?: BreakerSettings
  /** Absent: no request is sent twice at a time. */
  readonly hedging?: HedgingSettings
  /** Absent: as many requests at once as come. */
  readonly adaptiveConcurrency?: AdaptiveConcurrencySettings
  /** What is repeated beside what routes say; absent where nothing is. */
  readonly retry?: ClusterRetry
  /** A mesh behind repeats what fails: nothing is repeated here that it may have met. */
  readonly meshed?: true
  /** The whole of an exchange, and one attempt, where the route says nothing of them; and from sending a request to the head of its answer. */
  readonly requestTimeoutMs?: number
  readonly attemptTimeoutMs?: number
  readonly firstByteTimeoutMs?: number
  /** The field that tells the backend how many milliseconds are left. */
  readonly deadlineHeader?: string
  /** Absent: the one that is built in (model/defaults.ts). */
  readonly retryBudget?: RetryBudgetSettings
  /** Whether a request may be repeated whatever its method; where absent or false, only what RFC 9110 §9.2.2 calls idempotent. */
  readonly repeatNonIdempotent?: boolean
  /** How often DNS endpoints are resolved again, at most (a shorter TTL is not visible to us). */
  readonly dnsRefreshMs: number
  /** Absent where connections are plain. */
  readonly tls?: ClusterTls
}

export interface Endpoint {
  /** IP address, or a DNS name that the worker resolves. */
  readonly address: string
  readonly port: number
  readonly weight: number
  /** Absent: 0, the first that is used. */
  readonly priority?: number
  /** Where it runs, where that is known. */
  readonly zone?: string
  /** What its EndpointSlice says where it is not ready; `terminating` still serves, and is used where nobody is ready. */
  readonly readiness?: 'unready' | 'terminating'
}

/** How an endpoint is chosen: spec.loadBalancing of BackendPolicy, whose types are in upstream/balancers.ts. */
export interface Balancing {
  readonly type: string
  /** Of the type's own, by its name. */
  readonly [settings: string]: unknown
}

/** Endpoints of the own zone are preferred, as far as they can bear it. */
export interface ZonePreference {
  /** With fewer endpoints that serve it is left. */
  readonly minEndpoints: number
  /** Of so much of the requests. */
  readonly percent: number
  /** With so many endpoints of the own zone that serve, all requests stay, whatever those can bear; absent: never. */
  readonly forceFrom?: number
}
