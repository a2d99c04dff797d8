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
