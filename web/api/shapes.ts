export interface Origin {
  readonly resource: string
  readonly group: string
  readonly role: string
  readonly path: string
  readonly file: string
  readonly line: number
  readonly column: number
}

export interface Source {
  readonly file: string
  readonly line: number
  readonly column: number
}

export interface ObjectRef {
  readonly group: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

export interface Page<T> {
  readonly items: readonly T[]
  readonly next: string | null
  readonly total?: number
}

export interface ProblemCounts {
  readonly errors: number
  readonly warnings: number
  readonly notes: number
}

export interface Status {
  readonly program: { readonly version: string; readonly node: string }
  readonly startedAt: string
  readonly uptimeS: number
  readonly ready: boolean
  readonly snapshot: { readonly version: number; readonly appliedAt: string } | null
  readonly workers: number
  readonly roles: readonly string[]
  readonly paths: readonly string[]
  readonly ports: readonly {
    readonly key: string
    readonly protocol: string
    readonly error: string | null
  }[]
  readonly problems: ProblemCounts
  readonly held: number
  readonly counts: {
    readonly gateways: number
    readonly listeners: number
    readonly rules: number
    readonly clusters: number
    readonly endpoints: number
  }
}

export interface Filter {
  readonly type: string
  readonly phase: string
  readonly role: string
  readonly origin: Origin
  readonly summary: string
  readonly excepted?: string | null
}

export interface Listener {
  readonly name: string
  readonly section: string
  readonly ports: readonly { readonly key: string; readonly error: string | null }[]
  readonly protocol: string
  readonly hostname: string
  readonly tls: {
    readonly mode: string
    readonly certificates: readonly string[]
    readonly wanted: readonly string[]
    readonly clients: 'none' | 'asked' | 'required'
  } | null
  readonly programmed: boolean
  readonly origin: Origin
  readonly filters: readonly Filter[]
  readonly rules: number
}

export interface Gateway {
  readonly name: string
  readonly origin: Origin
  readonly programmed: boolean
  readonly listeners: readonly Listener[]
}

export interface ValueMatch {
  readonly name: string
  readonly type: string
  readonly value: string
}

export interface Match {
  readonly path: { readonly type: string; readonly value: string }
  readonly method: string
  readonly headers: readonly ValueMatch[]
  readonly query: readonly ValueMatch[]
  readonly summary: string
}

export interface Backend {
  readonly cluster: string | null
  readonly weight: number
  readonly share: number
  readonly closed: boolean
  readonly filters: readonly Filter[]
}

export type Action =
  | {
      readonly type: 'forward'
      readonly summary: string
      readonly backends: readonly Backend[]
      readonly mirrors: readonly {
        readonly cluster: string
        readonly numerator: number
        readonly denominator: number
      }[]
      readonly retry: {
        readonly attempts: number
        readonly codes: readonly number[]
        readonly backoffMs: number
      } | null
      readonly requestTimeoutMs: number | null
      readonly backendTimeoutMs: number | null
      readonly grpc: boolean
    }
  | { readonly type: 'redirect'; readonly summary: string; readonly status: number }
  | { readonly type: 'respond'; readonly summary: string; readonly failure: string; readonly status: number }
  | { readonly type: 'handle'; readonly summary: string; readonly handler: string }

export interface Condition {
  readonly object: ObjectRef
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly listener: string | null
  readonly parent: (ObjectRef & { readonly sectionName: string | null }) | null
  readonly path: string
  readonly source: Source | null
  readonly good: boolean
}

export interface Rule {
  readonly id: string
  readonly origin: Origin
  readonly listeners: readonly string[]
  readonly hostnames: readonly string[]
  readonly matches: readonly Match[]
  readonly filters: readonly Filter[]
  readonly action: Action
  readonly stream: boolean
  readonly closed: boolean
  readonly closedOn: readonly string[]
  readonly closedBy: readonly string[]
  readonly conditions: readonly Condition[]
}

export interface Topology {
  readonly gateways: readonly Gateway[]
  readonly rules: Page<Rule>
}

export type EndpointState = 'serving' | 'failing' | 'ejected' | 'resolving' | 'unresolved' | 'unknown'

interface EndpointHealth {
  readonly state: EndpointState
  readonly reason: string | null
  readonly until: string | null
  readonly says: { readonly workers: number; readonly of: number }
}

export interface Endpoint extends EndpointHealth {
  readonly address: string
  readonly port: number
  readonly weight: number
  readonly resolved: readonly ({ readonly address: string } & EndpointHealth)[]
}

export interface Cluster {
  readonly name: string
  readonly origin: Origin
  readonly protocol: string
  readonly tls: {
    readonly serverName: string
    readonly authorities: readonly string[]
    readonly certificate: string | null
  } | null
  readonly balancer: Readonly<Record<string, unknown>>
  readonly limits: string
  readonly panics: boolean
  readonly ruleCount: number
  readonly settings: Readonly<Record<string, unknown>>
  readonly endpoints: readonly Endpoint[]
  readonly rules: readonly string[]
  readonly conditions: readonly Condition[]
}

export interface ObjectAnswer {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly role: string | null
  readonly source: Source | null
  readonly inForce: boolean
  readonly held: boolean
  readonly since: string | null
  readonly yaml: string | null
  readonly conditions: readonly Condition[]
  readonly problems: readonly Problem[]
  readonly usedBy: readonly {
    readonly what: 'listener' | 'rule' | 'cluster'
    readonly name: string
    readonly how: string
  }[]
}

export interface Problem {
  readonly severity: 'error' | 'warning' | 'note'
  readonly object: ObjectRef | null
  readonly file: string
  readonly line: number
  readonly column: number
  readonly path: string
  readonly reason: string
  readonly message: string
  readonly hint: string | null
  readonly running: boolean
  readonly held: boolean
  readonly since: string | null
}

export interface Certificate {
  readonly name: string
  readonly names: readonly string[]
  readonly issuer: string | null
  readonly keyType: string | null
  readonly notBefore: string | null
  readonly notAfter: string | null
  readonly expiresInS: number | null
  readonly state: 'valid' | 'expiring' | 'expired' | 'not-yet' | 'wanted'
  readonly usedBy: readonly { readonly what: 'listener' | 'cluster'; readonly name: string }[]
  readonly object: ObjectRef
  readonly inUse: boolean
  readonly source: Source | null
  readonly authority: boolean
}

export interface ExplainedRoute {
  readonly id: string
  readonly origin: Origin
  readonly hostname: string
  readonly match: Match
  readonly action: unknown
  readonly clusters: Readonly<
    Record<string, { readonly endpoints: readonly { readonly address: string; readonly port: number }[] }>
  >
}

export type Explanation =
  | { readonly outcome: 'no-port'; readonly reason: string; readonly text: string }
  | { readonly outcome: 'refused'; readonly port: string; readonly reason: string; readonly text: string }
  | {
      readonly outcome: 'rejected'
      readonly port: string
      readonly status: number
      readonly rule: string
      readonly reason: string
      readonly text: string
    }
  | {
      readonly outcome: 'no-route' | 'routed'
      readonly port: string
      readonly stream: 'passthrough' | 'terminate' | null
      readonly request: {
        readonly method: string
        readonly host: string
        readonly path: string
        readonly query: string
      }
      readonly listeners: readonly {
        readonly name: string
        readonly taken: boolean
        readonly reason: string
      }[]
      readonly filters: readonly (Filter & { readonly excepted: string | null })[]
      readonly route: ExplainedRoute | null
      readonly others: readonly {
        readonly route: string
        readonly hostname: string
        readonly match: Match
        readonly outcome: string
        readonly reason: string
      }[]
      readonly text: string
    }

export interface RequestLine {
  readonly id: string
  readonly at: string
  readonly method: string
  readonly scheme: string
  readonly host: string
  readonly path: string
  readonly query: string | null
  readonly status: number
  readonly version: string
  readonly client: string
  readonly port: string
  readonly listener: string | null
  readonly route: string | null
  readonly cluster: string | null
  readonly endpoint: string | null
  readonly attempts: number
  readonly durationMs: number
  readonly upstreamMs: number | null
  readonly requestBytes: number
  readonly responseBytes: number
  readonly failure: string | null
  readonly failureReason: string | null
  readonly grpcStatus: number | null
  readonly userAgent: string | null
}

export interface Attempt {
  readonly cluster: string
  readonly endpoint: string | null
  readonly startMs: number
  readonly durationMs: number
  readonly status: number | null
  readonly failure: string | null
}

/** A story is a line of which more is known. */
export interface Story extends Omit<RequestLine, 'attempts'> {
  readonly phases: readonly Phase[]
  readonly attempts: readonly Attempt[]
  readonly filters: readonly {
    readonly type: string
    readonly phase: string
    readonly role: string
    readonly summary: string
  }[]
  readonly timings: Readonly<Record<string, number | null>>
}

export interface Phase {
  readonly phase: string
  readonly decision: string
}

export interface Sums {
  readonly requestsPerS: number
  readonly errorsPerS: number
  readonly clientErrorsPerS: number
  readonly p50Ms: number | null
  readonly p90Ms: number | null
  readonly p99Ms: number | null
  readonly active?: number
  readonly bytesInPerS?: number
  readonly bytesOutPerS?: number
  readonly connections?: number
}

export interface ClusterSums {
  readonly requestsPerS: number
  readonly errorsPerS: number
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  readonly retriesPerS: number
  readonly connectFailuresPerS: number
  readonly ejectionsPerS: number
  readonly endpoints: number
  readonly serving: number
  readonly connectionsActive: number
  readonly connectionsIdle: number
  readonly pending: number
}

export interface Figures {
  readonly at: string
  readonly intervalS: number
  readonly totals: Sums
  readonly routes: readonly ({ readonly id: string } & Sums)[]
  readonly clusters: readonly ({ readonly name: string } & ClusterSums)[]
  readonly ports: readonly { readonly key: string; readonly connections: number }[]
  readonly process: { readonly cpu: number; readonly rssBytes: number }
  readonly snapshot?: number
  readonly problems?: ProblemCounts
  readonly held?: number
}

export interface Point {
  readonly at: string
  readonly requests: number
  readonly errors: number
  readonly clientErrors: number
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  readonly bytesIn: number
  readonly bytesOut: number
  readonly connections: number
}

export interface History {
  readonly stepS: number
  readonly series: readonly Point[]
}
