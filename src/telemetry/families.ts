/**
 * Every metric family of the process, in one table and in the order in which
 * they are shown. Names follow Prometheus' conventions: base units, `_total` on
 * counters, the unit before it. Labels stay low in cardinality: a route, a
 * cluster, a port; never a path, a client or an endpoint.
 */
export interface Family {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  /** Base unit, which is then also the end of the name (before `_total`); OpenMetrics shows it. */
  readonly unit?: 'seconds' | 'bytes'
  readonly labels: readonly string[]
  /** How the gauges of several workers become one; the default is `sum`. Counters and histograms always add up. */
  readonly merge?: 'sum' | 'min' | 'max'
  /** Upper bounds of a histogram's buckets, rising, in `unit`, without +Inf. */
  readonly buckets?: readonly number[]
}

// From half a millisecond, because a gateway's own share is far below that and a
// near service answers in one or two; to ten seconds, where timeouts take over.
const LATENCY = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

const table = {
  portcullis_requests_total: {
    type: 'counter',
    help: 'Requests answered, by route and status code.',
    labels: ['route', 'code'],
  },
  portcullis_requests_unrouted_total: {
    type: 'counter',
    help: 'Requests answered that no route took, by status code.',
    labels: ['code'],
  },
  portcullis_request_duration_seconds: {
    type: 'histogram',
    help: 'Time from the first byte of a request to the last byte of its response.',
    unit: 'seconds',
    labels: ['route'],
    buckets: LATENCY,
  },
  portcullis_grpc_responses_total: {
    type: 'counter',
    help: 'gRPC calls that have ended, by route and status (the number of its code).',
    labels: ['route', 'status'],
  },
  portcullis_requests_active: { type: 'gauge', help: 'Requests in flight.', labels: [] },
  portcullis_downstream_connections_active: {
    type: 'gauge',
    help: 'Open connections from clients.',
    labels: ['port'],
  },
  portcullis_downstream_connections_total: {
    type: 'counter',
    help: 'Connections accepted from clients.',
    labels: ['port'],
  },
  portcullis_upstream_requests_total: {
    type: 'counter',
    help: 'Attempts at upstreams, by cluster and class of the status code; none: the upstream did not answer.',
    labels: ['cluster', 'code_class'],
  },
  portcullis_upstream_duration_seconds: {
    type: 'histogram',
    help: 'Time of one attempt, from choosing an endpoint to the head of its response, or until it failed.',
    unit: 'seconds',
    labels: ['cluster'],
    buckets: LATENCY,
  },
  portcullis_upstream_endpoints: {
    type: 'gauge',
    help: 'Endpoints of clusters that were asked for, addresses of DNS names one by one; of the worker that knows fewest.',
    labels: ['cluster'],
    merge: 'min',
  },
  portcullis_upstream_endpoints_serving: {
    type: 'gauge',
    help: 'Those of them that are ready, healthy and not ejected; of the worker that has fewest.',
    labels: ['cluster'],
    merge: 'min',
  },
  portcullis_upstream_endpoints_out: {
    type: 'gauge',
    help: 'Those that are not, by state: unready (its EndpointSlice says so), unhealthy (checks do), ejected; of the worker that has most. In panic they are asked all the same.',
    labels: ['cluster', 'state'],
    merge: 'max',
  },
  portcullis_upstream_connections_active: {
    type: 'gauge',
    help: 'Connections to upstreams that carry a request.',
    labels: ['cluster'],
  },
  portcullis_upstream_connections_idle: {
    type: 'gauge',
    help: 'Connections to upstreams that wait for a request.',
    labels: ['cluster'],
  },
  portcullis_upstream_connections_total: {
    type: 'counter',
    help: 'Connections opened to upstreams.',
    labels: ['cluster'],
  },
  portcullis_upstream_requests_pending: {
    type: 'gauge',
    help: 'Requests that wait for a connection.',
    labels: ['cluster'],
  },
  portcullis_upstream_connect_failures_total: {
    type: 'counter',
    help: 'Connections to upstreams that failed, by failure.',
    labels: ['cluster', 'failure'],
  },
  portcullis_upstream_faults_total: {
    type: 'counter',
    help: 'Responses and connections of upstreams that were given up because they broke a rule, by rule.',
    labels: ['cluster', 'rule'],
  },
  portcullis_upstream_retries_total: {
    type: 'counter',
    help: 'Attempts that followed one that failed.',
    labels: ['cluster'],
  },
  portcullis_upstream_hedges_total: {
    type: 'counter',
    help: 'Second attempts that were made while the first was under way.',
    labels: ['cluster'],
  },
  portcullis_upstream_hedges_won_total: {
    type: 'counter',
    help: 'Those among them that were answered first.',
    labels: ['cluster'],
  },
  portcullis_upstream_retries_paid_total: {
    type: 'counter',
    help: 'Retries and second attempts that the retry budget of the cluster has paid for: of requests that the backend may have had before.',
    labels: ['cluster'],
  },
  portcullis_upstream_retries_refused_total: {
    type: 'counter',
    help: 'Failures that were answered as they were, because the retry budget of the cluster was spent, or too many repeated at once.',
    labels: ['cluster'],
  },
  portcullis_upstream_breaker_opened_total: {
    type: 'counter',
    help: 'How often the breaker of a cluster has opened, by reason: errors, slow, or probe (one of those that tried failed).',
    labels: ['cluster', 'reason'],
  },
  portcullis_upstream_breaker_open: {
    type: 'gauge',
    help: 'Workers whose breaker of the cluster is not closed: all of them, or none.',
    labels: ['cluster'],
  },
  portcullis_upstream_breaker_half_open: {
    type: 'gauge',
    help: 'Those of them in which some requests may try, since its time is over.',
    labels: ['cluster'],
  },
  portcullis_upstream_concurrency_limit: {
    type: 'gauge',
    help: 'Requests at once that a cluster is found to bear, of all workers; 0 where that is not looked at any more.',
    labels: ['cluster'],
  },
  portcullis_upstream_ejections_total: {
    type: 'counter',
    help: 'Endpoints taken out of balancing because they failed, by reason: connection_failures, consecutive_5xx, consecutive_gateway_errors, success_rate, latency.',
    labels: ['cluster', 'reason'],
  },
  portcullis_health_checks_total: {
    type: 'counter',
    help: 'Health checks of endpoints, by cluster and result: good, or bad.',
    labels: ['cluster', 'result'],
  },
  portcullis_upstream_panic: {
    type: 'gauge',
    help: 'Workers in which so few endpoints are well that all of them are used.',
    labels: ['cluster'],
  },
  portcullis_external_auth_total: {
    type: 'counter',
    help: 'Requests that a service was asked about, by policy and what came of it (allowed, denied, unavailable; _cached where a kept decision was used).',
    labels: ['policy', 'result'],
  },
  portcullis_authorization_total: {
    type: 'counter',
    help: 'Requests that a rule of an AuthorizationPolicy has decided about, by policy, rule and outcome: allowed, denied, or what a policy in dry run would have done (dry_run_allowed, dry_run_denied). Rule "": none of the policy allows it.',
    labels: ['policy', 'rule', 'outcome'],
  },
  portcullis_issuer_fetches_total: {
    type: 'counter',
    help: 'Attempts to have the public keys of an issuer of tokens, by issuer and outcome: ok or failed.',
    labels: ['issuer', 'outcome'],
  },
  portcullis_issuer_keys_timestamp_seconds: {
    type: 'gauge',
    help: 'When the public keys of an issuer of tokens were last had, in seconds since 1970; 0 as long as they never were.',
    labels: ['issuer'],
  },
  portcullis_rate_limit_total: {
    type: 'counter',
    help: 'Requests that a local limit has seen, by policy, limit and outcome: allowed, denied, allowed by the number of a whole network (crowded), or refused since there was no place to count them (uncounted).',
    labels: ['policy', 'limit', 'outcome'],
  },
  portcullis_bulkhead_refused_total: {
    type: 'counter',
    help: 'Requests that found no place of their route (TrafficPolicy bulkhead), by policy.',
    labels: ['policy'],
  },
  portcullis_api_requests_total: {
    type: 'counter',
    help: 'Requests of a published API, by plan ("" without one) and class of the status (none: the client had gone before there was one).',
    labels: ['api', 'plan', 'status_class'],
  },
  portcullis_api_request_duration_seconds: {
    type: 'histogram',
    help: 'Time from the first byte of a request to the last byte of its response, by API; without tunnels.',
    unit: 'seconds',
    labels: ['api'],
    buckets: LATENCY,
  },
  portcullis_usage_entries_total: {
    type: 'counter',
    help: 'Entries of the usage ledger: written to the store; failed, and tried again; refused by the store for good, and set aside as a file.',
    labels: ['result'],
  },
  portcullis_usage_waiting_requests: {
    type: 'gauge',
    help: 'Requests that are counted and not yet in the store.',
    labels: [],
  },
  portcullis_usage_other_requests_total: {
    type: 'counter',
    help: 'Requests that usage has counted as "(other)", since there were more consumers and operations than it tells apart.',
    labels: [],
  },
  portcullis_limit_total: {
    type: 'counter',
    help: 'Requests that a limit of a plan or of a RateLimitPolicy has seen, by what that is of, limit and outcome: allowed, allowed although it is exceeded (over), denied, refused since there was no place to count them (uncounted), or since the store that several gateways count in did not answer (unavailable).',
    labels: ['of', 'limit', 'outcome'],
  },
  portcullis_mirror_lost_total: {
    type: 'counter',
    help: 'Copies of requests that did not reach a mirror, by reason: a failure, too much that waited (mirror_slow, mirror_full), or a request that was never complete.',
    labels: ['cluster', 'reason'],
  },
  portcullis_compression_responses_total: {
    type: 'counter',
    help: 'Responses compressed, by encoding.',
    labels: ['encoding'],
  },
  portcullis_compression_input_bytes_total: {
    type: 'counter',
    help: 'Bytes of bodies before they were compressed, by encoding.',
    unit: 'bytes',
    labels: ['encoding'],
  },
  portcullis_compression_output_bytes_total: {
    type: 'counter',
    help: 'Bytes of bodies after they were compressed, by encoding.',
    unit: 'bytes',
    labels: ['encoding'],
  },
  portcullis_compression_refused_total: {
    type: 'counter',
    help: 'Responses that went uncompressed because their client, or all together, had their share of the memory for encoders.',
    labels: [],
  },
  portcullis_cache_requests_total: {
    type: 'counter',
    help: 'Requests that met a cache, by policy and what it did: hit, stale, miss, expired, revalidated, stale-if-error, bypass.',
    labels: ['policy', 'outcome'],
  },
  portcullis_rejections_total: {
    type: 'counter',
    help: 'Messages refused by the codec, by rule.',
    labels: ['rule'],
  },
  portcullis_failures_total: {
    type: 'counter',
    help: 'Exchanges that failed, by failure (names of RFC 9209 where it has one).',
    labels: ['failure'],
  },
  portcullis_stream_connections_active: {
    type: 'gauge',
    help: 'Connections that are spliced to a backend, by route (TLSRoute, TCPRoute), or sessions (UDPRoute).',
    labels: ['route'],
  },
  portcullis_stream_connections_total: {
    type: 'counter',
    help: 'Connections for a backend that are over, by route (TLSRoute, TCPRoute), or sessions (UDPRoute).',
    labels: ['route'],
  },
  portcullis_stream_bytes_total: {
    type: 'counter',
    help: 'Bytes that such connections received from clients (in) and sent to them (out), by route.',
    unit: 'bytes',
    labels: ['route', 'direction'],
  },
  portcullis_bytes_total: {
    type: 'counter',
    help: 'Body bytes received from clients (in) and sent to them (out).',
    unit: 'bytes',
    labels: ['direction'],
  },
  portcullis_buffered_bytes: {
    type: 'gauge',
    help: 'Bytes that wait because a client or an upstream is slow.',
    unit: 'bytes',
    labels: [],
  },
  portcullis_requests_shed_total: {
    type: 'counter',
    help: 'Requests refused because a worker had too much to do, by priority, and by what there was too much of.',
    labels: ['priority', 'reason'],
  },
  portcullis_connections_sent_away_total: {
    type: 'counter',
    help: 'Connections of HTTP/2 whose clients were told to go elsewhere (GOAWAY) because a worker had too much to do.',
    labels: [],
  },
  portcullis_shedding_workers: {
    type: 'gauge',
    help: 'Workers that refuse requests because they have too much to do.',
    labels: [],
  },
  portcullis_reloads_total: {
    type: 'counter',
    help: 'Changes of the configuration, by result.',
    labels: ['result'],
  },
  portcullis_snapshot_version: {
    type: 'gauge',
    help: 'Version of the snapshot that every worker has applied.',
    labels: [],
    merge: 'min',
  },
  portcullis_certificate_expiry_timestamp_seconds: {
    type: 'gauge',
    help: 'When the certificate, or the last of the authorities, in a Secret or ConfigMap that is referred to, or one that was obtained by a CertificatePolicy, expires or has expired (Unix time).',
    unit: 'seconds',
    labels: ['resource'],
  },
  portcullis_certificate_orders_total: {
    type: 'counter',
    help: 'Attempts to obtain a certificate by ACME, first ones and renewals: issued or refused.',
    labels: ['result'],
  },
  portcullis_workers: { type: 'gauge', help: 'Workers that serve.', labels: [] },
  portcullis_composition_requests_total: {
    type: 'counter',
    help: 'Requests that a composition has answered, by its own route (none: no route takes them) and status.',
    labels: ['composition', 'route', 'code'],
  },
  portcullis_composition_request_duration_seconds: {
    type: 'histogram',
    help: 'Time of a request in its composition, from there to the end of its answer.',
    unit: 'seconds',
    labels: ['composition', 'route'],
    buckets: LATENCY,
  },
  portcullis_composition_partial_answers_total: {
    type: 'counter',
    help: 'Answers of a composition with fallbacks in place of parts that could not be had.',
    labels: ['composition', 'route'],
  },
  portcullis_composition_calls_total: {
    type: 'counter',
    help: 'Calls that a composition has made for requests of a route (shared: for streams that many share), by backend and outcome: ok, error for a mistake of the composition, or the name of a failure.',
    labels: ['composition', 'route', 'backend', 'outcome'],
  },
  portcullis_composition_call_duration_seconds: {
    type: 'histogram',
    help: 'Time of a call that a composition has made, with its repetitions, to the end of its answer.',
    unit: 'seconds',
    labels: ['composition', 'backend'],
    buckets: LATENCY,
  },
  portcullis_composition_displaced_total: {
    type: 'counter',
    help: 'Requests that a composition gave up since its thread held as much as it may, and much of it for their clients.',
    labels: ['composition'],
  },
  portcullis_composition_restarts_total: {
    type: 'counter',
    help: 'Threads of compositions replaced because they ended, by composition and reason: heap, external, stalled, threw, exited, or unloadable.',
    labels: ['composition', 'reason'],
  },
  portcullis_spans_total: {
    type: 'counter',
    help: 'Spans by what became of them: exported, or dropped because the collector did not take them, or not fast enough.',
    labels: ['result'],
  },
  portcullis_worker_restarts_total: {
    type: 'counter',
    help: 'Workers replaced because they died.',
    labels: [],
  },
  portcullis_event_loop_delay_seconds: {
    type: 'gauge',
    help: 'How late timers fired during the last sampling period, by thread.',
    unit: 'seconds',
    labels: ['worker', 'stat'],
  },
  portcullis_event_loop_utilization_ratio: {
    type: 'gauge',
    help: 'Share of the last sampling period that the event loop was busy, by thread.',
    labels: ['worker'],
  },
  portcullis_access_log_dropped_total: {
    type: 'counter',
    help: 'Access log lines lost because the sink was slow or failed.',
    labels: [],
  },
  portcullis_metrics_overflow_total: {
    type: 'counter',
    help: 'Times a series was refused for want of room and counted under the label value "overflow".',
    labels: [],
  },
  portcullis_build_info: {
    type: 'gauge',
    help: 'Always 1; the labels tell what runs.',
    labels: ['version', 'node'],
  },
  nodejs_heap_size_total_bytes: {
    type: 'gauge',
    help: 'Size of the JavaScript heap, by thread.',
    unit: 'bytes',
    labels: ['worker'],
  },
  nodejs_heap_size_used_bytes: {
    type: 'gauge',
    help: 'Used part of the JavaScript heap, by thread.',
    unit: 'bytes',
    labels: ['worker'],
  },
  nodejs_external_memory_bytes: {
    type: 'gauge',
    help: 'Memory of buffers and other objects outside of the JavaScript heap, by thread.',
    unit: 'bytes',
    labels: ['worker'],
  },
  process_cpu_seconds_total: {
    type: 'counter',
    help: 'User and system CPU time of the process.',
    unit: 'seconds',
    labels: [],
  },
  process_resident_memory_bytes: {
    type: 'gauge',
    help: 'Resident memory of the process.',
    unit: 'bytes',
    labels: [],
  },
  process_start_time_seconds: {
    type: 'gauge',
    help: 'Start of the process since the Unix epoch.',
    unit: 'seconds',
    labels: [],
  },
  process_open_fds: { type: 'gauge', help: 'Open file descriptors.', labels: [] },
} as const satisfies Record<string, Family>

type Table = typeof table
export type FamilyName = keyof Table
type NamesOf<T extends Family['type']> = {
  [N in FamilyName]: Table[N]['type'] extends T ? N : never
}[FamilyName]
export type CounterName = NamesOf<'counter'>
export type GaugeName = NamesOf<'gauge'>
export type HistogramName = NamesOf<'histogram'>

/** The labels of a family, all of them required. */
export type Labels<N extends FamilyName> = { readonly [L in Table[N]['labels'][number]]: string }

export const families: Readonly<Record<FamilyName, Family>> = table

export function isFamilyName(name: string): name is FamilyName {
  return Object.hasOwn(table, name)
}

/** Float64 cells that one series of this family takes: a histogram has one per bucket, one for +Inf and one for the sum. */
export function cellsOf(family: Family): number {
  return family.type === 'histogram' ? (family.buckets?.length ?? 0) + 2 : 1
}

/** Tells a series among all of its family's; label values in the family's order. */
export function seriesKey(family: FamilyName, labels: readonly string[]): string {
  return labels.length === 0 ? family : `${family} ${JSON.stringify(labels)}`
}
