import type { Origin } from './origin.ts'

export interface Rule {
  /** `httproute/default/items/0`, `grpcroute/…`, or with the rule's name in place of its index (rule-id.ts): the route label of metrics and logs. */
  readonly id: string
  /** Differs where what the rule says does: which requests it takes, and what becomes of them. Absent for what no route says. */
  readonly digest?: string
  readonly origin: Origin
  readonly filters: readonly FilterConfig[]
  readonly action: Action
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

/** One filter. Its other fields are those of its type, in the filter's own file; they pass structured clone, and are frozen. */
export interface FilterConfig {
  /** FilterType.type */
  readonly type: string
  readonly origin: Origin
  /** It stands before a filter of the phase `extension` in its list, and runs no further in. */
  readonly ahead?: true
  /** A cluster that it may have requests sent to in place of their own backend: never one that is closed, or that has filters of its own. */
  readonly forwardsTo?: string
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

export type PathRewrite =
  | { readonly type: 'full'; readonly value: string }
  /** Replaces the `prefix` that the rule matched. Both without trailing slash. */
  | { readonly type: 'prefix'; readonly prefix: string; readonly value: string }

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

/** Where a connection is spliced to; each decides for itself by the weights. */
export interface StreamRule {
  /** `tlsroute/default/items/0`, as in Rule. */
  readonly id: string
  readonly origin: Origin
  /** `cluster` is null where the reference is invalid: then its share of connections is refused. */
  readonly backends: readonly Pick<WeightedBackend, 'weight' | 'cluster' | 'closed'>[]
}
