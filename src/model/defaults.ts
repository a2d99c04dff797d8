import { http2Limits } from '../http/h2/limits.ts'

/** What a ClientPolicy leaves out (HTTP1.md §12). Bytes and milliseconds; 0 is no limit. */
export const clientDefaults = {
  trustedHops: 0,
  sharing: 'client',
  proxyProtocolVersions: 'V1,V2',
  proxyProtocolRequired: true,
  requestLineBytes: 16 * 1024,
  /** Cookies of single sign-on come to 12 KB. */
  fieldBytes: 16 * 1024,
  headBytes: 64 * 1024,
  fields: 100,
  bodyBytes: 0,
  connections: 0,
  openings: 10_000,
  /** A core makes some thousand signatures a second: more than that are waited for by nobody. */
  handshakes: 1000,
  requestsPerConnection: 0,
  streams: http2Limits.streams,
  headTimeoutMs: http2Limits.headTimeoutMs,
  idleTimeoutMs: 75_000,
  bodyIdleTimeoutMs: 60_000,
  stallTimeoutMs: http2Limits.stallMs,
  halfClose: 'cancel',
  /** Every one but TRACE and CONNECT. */
  methods: '',
  encodedSlash: 'keep',
  emptySegments: 'keep',
  illegalCharacters: 'encode',
  underscores: 'reject',
  forwardedPort: 'client',
  tlsMinVersion: 'TLS1.2',
  tlsMaxVersion: 'TLS1.3',
  /** Of those that this OpenSSL has. A handshake with P-521 costs eight times one with X25519, ffdhe3072 four times. */
  tlsGroups: ['X25519MLKEM768', 'X25519', 'P-256', 'P-384'],
  clientCertificateHeader: 'none',
  /** Of a ClientPolicy with `compression`. The preferred first: what costs least for what it saves (docs/adr/0030). */
  compressionAlgorithms: ['zstd', 'br', 'gzip'],
  /** Below, what is saved is less than a packet. */
  compressionMinBytes: 1024,
} as const

/**
 * What is compressed where a ClientPolicy does not say: text, and what is as good as text. RSS and other kinds of XML
 * and JSON are taken by their suffix (RFC 6839). Images, sound, video, archives, WOFF and PDF are compressed already, and
 * so may be what nobody knows.
 */
export const compressionTypes: readonly string[] = [
  'text/*',
  'application/*+json',
  'application/*+xml',
  'application/graphql',
  'application/javascript',
  'application/json',
  'application/json-seq',
  'application/jsonl',
  'application/ndjson',
  'application/rtf',
  'application/sql',
  'application/toml',
  'application/vnd.ms-fontobject',
  'application/wasm',
  'application/x-javascript',
  'application/x-ndjson',
  'application/x-www-form-urlencoded',
  'application/x-yaml',
  'application/xml',
  'application/xml-dtd',
  'application/yaml',
  'font/otf',
  'font/ttf',
  'image/bmp',
  'image/svg+xml',
  'image/vnd.microsoft.icon',
  'image/x-icon',
]

/**
 * What a ClientPolicy may choose from, by OpenSSL and by IANA name, in our order of preference: forward secrecy
 * (ECDHE) and authenticated encryption only. Everything else of TLS 1.2 has met attacks on its padding or its key
 * exchange, or gives old recordings away with the key (RFC 9325 §4.2).
 */
export const cipherSuites: Readonly<Record<string, string>> = {
  TLS_AES_128_GCM_SHA256: 'TLS_AES_128_GCM_SHA256',
  TLS_AES_256_GCM_SHA384: 'TLS_AES_256_GCM_SHA384',
  TLS_CHACHA20_POLY1305_SHA256: 'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256': 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256': 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384': 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384': 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305': 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
  'ECDHE-RSA-CHACHA20-POLY1305': 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
}

/** What a BackendPolicy leaves out. Milliseconds; 0 is no limit. */
export const backendDefaults = {
  loadBalancing: 'RoundRobin',
  // Envoy's min_cluster_size.
  zoneMinEndpoints: 6,
  zonePercent: 100,
  zoneForceEndpoints: 1,
  maxConnections: 1024,
  maxPending: 1024,
  maxRequestsPerConnection: 0,
  connectTimeoutMs: 5000,
  connectAttempts: 3,
  silenceMs: 300_000,
  /** What is in a tunnel may have a heartbeat or not. */
  tunnelSilenceMs: 3_600_000,
  /** As conntrack has it (nf_conntrack_udp_timeout_stream). */
  sessionSilenceMs: 120_000,
  fieldBytes: 16 * 1024,
  headBytes: 64 * 1024,
  fieldCount: 200,
  bodyStartBytes: 8 * 1024,
  /** As Apache's and Envoy's examples have it: a modem of 1990 brings ten times as much. */
  bodyBytesPerSecond: 240,
  patienceMs: 3000,
  /** Below the 60 s after which common application servers close, so that we close first and lose no race. */
  idleTimeoutMs: 50_000,
  consecutiveFailures: 5,
  baseEjectionMs: 10_000,
  maxEjectionMs: 300_000,
  maxEjectedPercent: 50,
  /** As Envoy has it (healthy_panic_threshold), and what follows (outlier_detection). */
  panicPercent: 50,
  outlierIntervalMs: 10_000,
  healthChecks: {
    type: 'HTTP',
    intervalMs: 5_000,
    timeoutMs: 1_000,
    healthyThreshold: 2,
    unhealthyThreshold: 3,
    initialState: 'Healthy',
    method: 'GET',
    path: '/',
  },
  successRate: { minEndpoints: 5, minRequests: 100, deviations: 1.9 },
  latency: { minEndpoints: 3, minRequests: 100, factor: 3, leastMs: 100 },
  /** Limits are none unless somebody sets them; the others as in resilience4j and Spring Cloud Gateway, but for the time. */
  breaker: {
    maxParallelRequests: 0,
    maxParallelRetries: 0,
    intervalMs: 10_000,
    minRequests: 20,
    errorPercent: 50,
    slowPercent: 0,
    slowAfterMs: 5_000,
    openMs: 5_000,
    probes: 3,
  },
  /** A twentieth, as Dean and Barroso have it ("The Tail at Scale"). */
  hedging: { percentile: 95, minDelayMs: 10, maxPercent: 5, methods: ['GET', 'HEAD', 'OPTIONS'] },
  /** As Envoy's controller has them in its examples. */
  adaptiveConcurrency: {
    minLimit: 3,
    maxLimit: 1000,
    sampleMs: 100,
    percentile: 50,
    minRttIntervalMs: 60_000,
    minRttRequests: 50,
    bufferPercent: 25,
    jitterPercent: 15,
  },
  /** As Linkerd, Finagle and the standard's GEP-3388 have it. */
  retryPercent: 20,
  retryIntervalMs: 10_000,
  /** Ten a second. */
  minRetries: 100,
  dnsRefreshMs: 10_000,
  tlsMinVersion: 'TLS1.2',
  tlsMaxVersion: 'TLS1.3',
} as const

/** What a TrafficPolicy leaves out. A burst is as many as `requests`. */
export const trafficDefaults = {
  by: 'ClientAddress',
  realm: 'Restricted',
  forwardCredentials: true,
  priority: 'Normal',
  bulkhead: { maxPending: 0, maxWaitMs: 1_000 },
} as const
/** What a TrafficPolicy's `fallback` leaves out. */
export const fallbackDefaults = {
  lastGoodMs: 3_600_000,
  status: 503,
  contentType: 'text/plain; charset=utf-8',
} as const
/** What a TrafficPolicy's `cache` leaves out. */
export const cacheDefaults = {
  maxBodyBytes: 1024 * 1024,
  heuristicPercent: 0,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  collapseMs: 5000,
  clientDirectives: true,
  statusHeader: true,
} as const
/** What an ExternalAuthPolicy leaves out, and the standard's filter of that purpose, which has no such fields. */
export const externalAuthDefaults = {
  protocol: 'HTTP',
  timeoutMs: 5000,
  answerBytes: 64 * 1024,
  whenUnavailable: 'deny',
  cacheEntries: 10_000,
} as const

/** What an HTTPRouteRetry leaves to the implementation. */
export const retryDefaults = { attempts: 1, backoffMs: 25 } as const

/** What Gateway API leaves to its CRD's defaults, where translation needs the number. */
/** What an XTelemetryPolicy leaves out. */
export const tracingDefaults = { mode: 'ImplementationDefault' } as const

export const routeDefaults = {
  /** Of a match of paths. */
  pathType: 'PathPrefix',
  path: '/',
  /** Of a match of headers, queries and methods of gRPC. */
  matchType: 'Exact',
  redirectStatus: 302,
  mirrorDenominator: 100,
  corsMaxAgeSeconds: 5,
  backendWeight: 1,
} as const

/** Where Ingresses are served. */
export const ingressDefaults = { http: 80, https: 443 } as const

/** What ports of Services and EndpointSlices leave out. */
export const portDefaults = { protocol: 'TCP' } as const

/** What a Filter leaves out beside that. */
export const filterDefaults = { timeoutMs: 1_000 } as const

/** What a Composition or a Filter leaves out of its bundle's threads. */
export const compositionDefaults = {
  threads: 1,
  heapBytes: 256 * 1024 * 1024,
  externalBytes: 256 * 1024 * 1024,
  stallMs: 5_000,
  requests: 1_024,
  streams: 16_384,
} as const
