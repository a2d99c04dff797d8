import type { RoleName } from '../model/kind.ts'

/**
 * What the proxy runs: one frozen value, free of functions and classes, so that
 * it can be sent to workers by structured clone and written to a golden file.
 * Nothing in it names a role; nothing in it needs another look at a resource.
 */
export interface Snapshot {
  /** Rises with every change; a worker answers with the one it has applied. */
  readonly version: number
  readonly ports: readonly Port[]
  readonly clusters: readonly Cluster[]
  /** By cluster name. Replaced alone, without a new snapshot, when only endpoints change. */
  readonly endpoints: Readonly<Record<string, readonly Endpoint[]>>
  /**
   * By the name of what holds them: `Secret/default/shop`, `ConfigMap/default/ca`, or of what has obtained them:
   * `CertificatePolicy/default/acme a.example`. The one place in a snapshot that
   * holds private keys: whoever prints snapshots leaves it out. Absent where nothing needs any.
   */
  readonly certificates?: Readonly<Record<string, Certificate>>
}

/** A certificate with its private key, or the certificates of authorities. */
export interface Certificate {
  /** PEM, the leaf first; of authorities in any order. */
  readonly chain: string
  /** PEM; "" for authorities. Never to be printed. */
  readonly key: string
  /** Differs where chain or key do; tells neither. */
  readonly fingerprint: string
  /** What a certificate with a key is chosen by; null for authorities. */
  readonly leaf: Leaf | null
}

export interface Leaf {
  /** DNS names, `a.example` or `*.example`, lower case. */
  readonly names: readonly string[]
  readonly keyType: KeyType
}

export type KeyType = 'P-256' | 'P-384' | 'P-521' | 'ed25519' | 'ed448' | 'rsa' | 'rsa-pss'

/** Parts of a snapshot that one role contributes. */
export type SnapshotParts = Omit<Snapshot, 'version'>

/** Which object put a thing here; shown by `explain`, in logs and in conditions. */
export interface Origin {
  /** `HTTPRoute/default/items`. */
  readonly resource: string
  /** Of that object's kind; "" for core kinds. */
  readonly group: string
  readonly role: RoleName
  /** `spec.rules[0].filters[1]` */
  readonly path: string
  readonly file: string
  readonly line: number
  readonly column: number
}

/** One address and port that is listened on. */
export interface Port {
  /** `0.0.0.0:8080`, `[::]:8080`; what survives a reload is found by it. */
  readonly key: string
  /** "" for every address of the machine. */
  readonly address: string
  readonly port: number
  /** On a port of `tls`, every listener says by its `tls` what becomes of a connection that asks for its hostname. */
  readonly protocol: 'http' | 'tls'
  readonly client: ClientSettings
  /** In no particular order; the hostname decides which one a request meets. */
  readonly listeners: readonly Listener[]
}

/**
 * A Gateway listener. A request meets the listener with the most specific
 * hostname that takes its host, and no other (listener isolation).
 */
export interface Listener {
  /** `default/gateway/section`. */
  readonly name: string
  readonly origin: Origin
  /** "" any, `a.example`, or `*.example`; lower case. */
  readonly hostname: string
  /** Every request of the listener meets them, also those that no route takes. Absent where there is none. */
  readonly filters?: readonly FilterConfig[]
  /** Every hostname of its routes, with the rules that apply, most specific hostname first. */
  readonly hosts: readonly VirtualHost[]
  readonly tls?: ListenerTls
  /** Where workers ask (shared/questions.ts) for the certificate of a handshake that validates a name (RFC 8737). */
  readonly challenges?: string
  /** Set where it takes byte streams in place of requests: by the server name of the handshake, as in `hosts`. */
  readonly streams?: readonly StreamRoute[]
}

export interface StreamRoute {
  readonly hostname: string
  readonly rule: StreamRule
}

/** Where a connection is spliced to; each decides for itself by the weights. */
export interface StreamRule {
  /** `tlsroute/default/items/0`, as in Rule. */
  readonly id: string
  readonly origin: Origin
  /** `cluster` is null where the reference is invalid: then its share of connections is refused. */
  readonly backends: readonly Pick<WeightedBackend, 'weight' | 'cluster' | 'closed'>[]
}

/**
 * `passthrough`: bytes go on as they are. `refuse`: it is declared and cannot be served, and no other listener may
 * answer in its place.
 */
export type ListenerTls = Termination | { readonly mode: 'passthrough' | 'refuse' }

export interface Termination {
  readonly mode: 'terminate'
  /** What is spoken inside. */
  readonly inner: 'http' | 'stream'
  /**
   * Names in Snapshot.certificates. Of several, clients are shown one by its names and its type of key. None where all
   * are still to be obtained: then nobody is served.
   */
  readonly certificates: readonly string[]
  /** Those that are still to be obtained, by the names that they will have; absent where there are none. */
  readonly wanted?: readonly string[]
  /** So many of `certificates`, from the first, may be shown to clients who ask for another name. Absent: all. */
  readonly lenient?: number
  /** Client certificates, or null where none is asked for. */
  readonly clients: ClientValidation | null
  /** Differs where anything does that a handshake or a resumption depends on, contents of certificates included. */
  readonly key: string
}

export interface ClientValidation {
  /** Names in Snapshot.certificates. */
  readonly authorities: readonly string[]
  /** Whether a connection without a valid certificate is refused; otherwise it is served like one without any. */
  readonly required: boolean
  /** Differs where the authorities or `required` do. */
  readonly key: string
}

export interface VirtualHost {
  /** As in Listener, after intersection with the listener's. */
  readonly hostname: string
  /** In the standard's order of precedence: the first that matches wins. */
  readonly entries: readonly RouteEntry[]
}

export interface RouteEntry {
  readonly match: Match
  /** Shared by the entries of all matches and hostnames of one rule (identity survives structured clone). */
  readonly rule: Rule
}

export interface Match {
  readonly path: PathMatch
  /** Upper case as sent, or "" for any. */
  readonly method: string
  readonly headers: readonly ValueMatch[]
  readonly query: readonly ValueMatch[]
}

export interface PathMatch {
  /** A prefix matches whole segments: /foo takes /foo and /foo/bar, never /foobar. Written without a trailing slash, "/" being "". */
  readonly type: 'exact' | 'prefix' | 'regex'
  readonly value: string
}

export interface ValueMatch {
  /** Header names in lower case; query names as written. */
  readonly name: string
  readonly type: 'exact' | 'regex'
  readonly value: string
}

export interface Rule {
  /** `httproute/default/items/0`, `grpcroute/…`, or with the rule's name in place of its index (rule-id.ts): the route label of metrics and logs. */
  readonly id: string
  /** Differs where what the rule says does: which requests it takes, and what becomes of them. Absent for what no route says. */
  readonly digest?: string
  readonly origin: Origin
  readonly filters: readonly FilterConfig[]
  readonly action: Action
}

export type Action = Forward | Redirect | Respond | Handle

export interface Forward {
  readonly type: 'forward'
  readonly backends: readonly WeightedBackend[]
  readonly mirrors: readonly Mirror[]
  /** The whole of the exchange, from the request's head to the response's end. 0: nothing is said, and the cluster's counts; Infinity: none. */
  readonly requestTimeoutMs: number
  /** The same of one attempt, from connecting to the response's end. */
  readonly backendTimeoutMs: number
  readonly retry: Retry | null
  /** Set where a filter of the rule keeps sessions: then `backends` also has those without weight, whose sessions go on. */
  readonly sessions?: true
  /** Set where it is a GRPCRoute's: its deadlines (`grpc-timeout`) are kept, and gRPC-Web is translated. */
  readonly grpc?: true
}

export interface WeightedBackend {
  /** At least 1; 0 of a backend that has sessions to end, and no others. */
  readonly weight: number
  /** Cluster name, or null where the reference is invalid: then its share of requests is answered 500. */
  readonly cluster: string | null
  /** Set where it is null because a policy or a filter that may protect the backend is not in force. */
  readonly closed?: true
  readonly filters: readonly FilterConfig[]
}

export interface Mirror {
  readonly cluster: string
  /** Share of requests: numerator of denominator. */
  readonly numerator: number
  readonly denominator: number
}

export interface Retry {
  /** Attempts beyond the first, whatever that failed with; 0 is none. */
  readonly attempts: number
  readonly codes: readonly number[]
  readonly backoffMs: number
}

/** Gateway API HTTPRequestRedirectFilter; a null leaves that part as in the request. */
export interface Redirect {
  readonly type: 'redirect'
  readonly scheme: string | null
  readonly hostname: string | null
  readonly path: PathRewrite | null
  readonly port: number | null
  readonly status: 301 | 302 | 303 | 307 | 308
}

export interface Respond {
  readonly type: 'respond'
  /** A failure name of http/failures.ts: `destination_not_found` for a rule without a valid backend, `protection_missing`. */
  readonly failure: string
}

/** An action of a role's own: its other fields are those of its type, in the action's own file. */
export interface Handle {
  readonly type: 'handle'
  /** ActionType.handler */
  readonly handler: string
}

export type PathRewrite =
  | { readonly type: 'full'; readonly value: string }
  /** Replaces the `prefix` that the rule matched. Both without trailing slash. */
  | { readonly type: 'prefix'; readonly prefix: string; readonly value: string }

/** One filter. Its other fields are those of its type, in the filter's own file; they pass structured clone, and are frozen. */
export interface FilterConfig {
  /** FilterType.type */
  readonly type: string
  readonly origin: Origin
  /** A cluster that it may have requests sent to in place of their own backend: never one that is closed, or that has filters of its own. */
  readonly forwardsTo?: string
}

/** How one port treats its clients (ClientPolicy); every field has its default from `model`. */
export interface ClientSettings {
  /** Proxies in front of us whose X-Forwarded-* and Forwarded are believed, counted from the right; 0 believes none. */
  readonly trustedHops: number
  /** Addresses and CIDRs of peers that have no share of their own, commas between; "" for none. */
  readonly trustedPeers: string
  /** Whether the address of a client is its share of what is full; `off`: all are one. */
  readonly sharing: 'client' | 'off'
  /** Versions of the PROXY protocol by which balancers tell of their clients, commas between: `V1,V2`; "" for none. */
  readonly proxyProtocol: string
  /** Whether every connection is one of a balancer that does. */
  readonly proxyProtocolRequired: boolean
  readonly requestLineBytes: number
  readonly fieldBytes: number
  readonly headBytes: number
  readonly fieldCount: number
  /** Largest request body; 0 is no limit. */
  readonly bodyBytes: number
  readonly headTimeoutMs: number
  readonly idleTimeoutMs: number
  /** No byte of a body moved in either direction for this long. */
  readonly bodyIdleTimeoutMs: number
  /** A stream of HTTP/2 of which nothing that waits could be sent for this long is reset. */
  readonly stallTimeoutMs: number
  /** What it means when a client that waits for an answer ends its direction: that it left, or that it asks for no more. */
  readonly halfClose: 'cancel' | 'serve'
  /** Requests on one connection before it is closed; 0 is no limit. */
  readonly requestsPerConnection: number
  /** Connections on this port in this worker beyond which a new one has the place of another; 0 is no limit. */
  readonly connections: number
  /** Those of them that may be silent: before a ClientHello, a PROXY header or the first byte of a request; 0 is no limit. */
  readonly openings: number
  /** Those of them that may be in a TLS handshake that has cost a signature; 0 is no limit. */
  readonly handshakes: number
  /** Streams that a connection of HTTP/2 may have open at once. */
  readonly streams: number
  /** Those that are taken, commas between; "" is every one but TRACE. CONNECT is none of them in any case. */
  readonly methods: string
  /** Of "%2F" and "%5C" in paths; "unescape" leaves the latter as it is. */
  readonly encodedSlash: 'keep' | 'reject' | 'unescape'
  readonly emptySegments: 'keep' | 'merge'
  /** What becomes of characters that browsers leave bare in targets; `keep` is about queries, in paths it is `encode`. */
  readonly illegalCharacters: 'encode' | 'keep' | 'reject'
  readonly underscores: 'allow' | 'drop' | 'reject'
  /** What X-Forwarded-Port says: the port that the client named, or the one of the listener. */
  readonly forwardedPort: 'client' | 'listener'
  readonly tlsMinVersion: TlsVersion
  readonly tlsMaxVersion: TlsVersion
  /** OpenSSL names, colons between, the preferred first. */
  readonly tlsCiphers: string
  /** Groups for the exchange of keys, OpenSSL names, colons between, the preferred first. */
  readonly tlsGroups: string
  /** Protocols that are offered (RFC 7301), commas between, the preferred first. */
  readonly tlsAlpn: string
  /** The field that tells upstreams of a verified client certificate; whatever clients send under these names is removed. */
  readonly clientCertificateHeader: 'none' | 'client-cert' | 'x-forwarded-client-cert'
}

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3'

export interface Cluster {
  /** `Service/default/items:80`, `Backend/default/items`; in parentheses what tells several of one target apart. */
  readonly name: string
  readonly origin: Origin
  readonly protocol: 'http' | 'h2'
  readonly balancer: Balancing
  /** How long an endpoint that comes into service is eased in; absent: not at all. */
  readonly slowStartMs?: number
  /** Absent: zones of endpoints are not looked at. */
  readonly zoneAware?: ZonePreference
  /** About so many of its endpoints a worker connects to; absent: all. */
  readonly subsetSize?: number
  /** Connections from this process; each worker takes its share, at least 1. 0 is no limit. */
  readonly maxConnections: number
  /** Requests that may wait for a connection when maxConnections is reached; 0 is none. */
  readonly maxPending: number
  readonly maxRequestsPerConnection: number
  readonly connectTimeoutMs: number
  /** Connections tried for one request, or stream, where none can be made and no route says how often. */
  readonly connectAttempts: number
  readonly idleTimeoutMs: number
  /** An exchange of which nothing has moved for this long is given up; Infinity is never. Tunnels have a limit of their own. */
  readonly silenceMs: number
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

/** When a request that is not answered is sent to another endpoint too. */
export interface HedgingSettings {
  /** Of the latencies of the last minute. */
  readonly percentile: number
  readonly minDelayMs: number
  /** Of the requests of the retry budget's interval. */
  readonly maxPercent: number
  readonly methods: readonly string[]
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

/** Endpoints of the own zone are preferred, as far as they can bear it. */
export interface ZonePreference {
  /** With fewer endpoints that serve it is left. */
  readonly minEndpoints: number
  /** Of so much of the requests. */
  readonly percent: number
  /** With so many endpoints of the own zone that serve, all requests stay, whatever those can bear; absent: never. */
  readonly forceFrom?: number
}

/** How an endpoint is chosen: spec.loadBalancing of BackendPolicy, whose types are in upstream/balancers.ts. */
export interface Balancing {
  readonly type: string
  /** Of the type's own, by its name. */
  readonly [settings: string]: unknown
}

/** Whom connections to a cluster must meet, and who they say that they are. There is no way to leave verification out. */
export interface ClusterTls {
  /** Sent as SNI, and wanted of the certificate where `names` is empty; canonical (http/hostname.ts); "" for endpoints that have no name but their address. */
  readonly serverName: string
  /** Of these the certificate must have one. */
  readonly names: readonly { readonly type: 'dns' | 'uri'; readonly value: string }[]
  /** Names in Snapshot.certificates, or what the system trusts. */
  readonly authorities: readonly string[] | 'system'
  /** Our own, by its name in Snapshot.certificates, for a backend that asks. */
  readonly certificate: string | null
  readonly minVersion: TlsVersion
  readonly maxVersion: TlsVersion
  /** OpenSSL names, colons between, the preferred first; "" for what the library offers. */
  readonly ciphers: string
  /** Differs where anything of this does, contents of certificates included: connections are then made anew. */
  readonly key: string
}

/** Passive ejection on connection failures. */
export interface Ejection {
  readonly consecutiveFailures: number
  readonly baseEjectionMs: number
  readonly maxEjectionMs: number
  /** Never more than this share of the endpoints, but always at least one may be ejected when there are two or more. */
  readonly maxEjectedPercent: number
  /** What is made of answers; absent where connections that fail are all that counts. */
  readonly passive?: PassiveChecks
}

/** How the process, and not each worker, asks endpoints whether they are well. */
export interface HealthChecks {
  /** HTTP by what the cluster speaks; HTTP2, and GRPC (grpc.health.v1), by HTTP/2; TCP and TLS by a connection alone. */
  readonly type: 'HTTP' | 'HTTP2' | 'GRPC' | 'TCP' | 'TLS'
  readonly intervalMs: number
  readonly timeoutMs: number
  /** Answers in a row until it counts as healthy, or unhealthy, again; the first one decides about whom nothing is known. */
  readonly healthyThreshold: number
  readonly unhealthyThreshold: number
  /** Where all of its endpoints are asked; null: where they serve. */
  readonly port: number | null
  /** Whether who was not asked yet takes requests. */
  readonly startsHealthy: boolean
  readonly http: {
    readonly method: string
    /** With its query, "/healthz?deep". */
    readonly path: string
    /** null: the name of the endpoint in its cluster's TLS, or its address. */
    readonly host: string | null
    readonly statuses: readonly number[]
    /** What the body must have in it; "" is anything. */
    readonly body: string
  }
  /** "" is the server as a whole. */
  readonly grpcService: string
}

/** How an endpoint is judged by what it answers: by itself, and against the others of its cluster. */
export interface PassiveChecks {
  /** Answers of 500 or more, and none, in a row; 0 is not looked at. */
  readonly consecutive5xx: number
  /** The same of 502, 503, 504, and none. */
  readonly consecutiveGatewayErrors: number
  /** Over which the others are compared with. */
  readonly intervalMs: number
  readonly successRate: {
    /** Fewer endpoints with so many requests are not compared. */
    readonly minEndpoints: number
    /** In the interval, of this process. */
    readonly minRequests: number
    /** So many standard deviations below the mean are out. */
    readonly deviations: number
  } | null
  readonly latency: {
    readonly minEndpoints: number
    readonly minRequests: number
    /** So many times the median of the endpoints is out. */
    readonly factor: number
    /** Nobody is out for less than this. */
    readonly leastMs: number
  } | null
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
