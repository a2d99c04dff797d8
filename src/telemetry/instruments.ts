import { failures } from '../http/failures.ts'
import type { FailureName } from '../http/failures.ts'
import type { Counter, Gauge, Histogram } from './instrument.ts'
import type { MetricsScope, MetricsWriter } from './metrics.ts'
import { OwnSeries } from './own-series.ts'
import { Slowness } from './recent/slowness.ts'

/**
 * The metrics as the data plane uses them: one object per route, cluster and
 * port, held by what is compiled, so that a request meets fields and small
 * arrays, never a Map of strings.
 *
 * Series begin with their first use: of ten thousand routes most never see a
 * 502, and many no request at all.
 */
export class Instruments {
  readonly requestsActive: Gauge
  readonly bufferedBytes: Gauge
  readonly shedding: Gauge
  readonly sentAway: Counter
  readonly bytesIn: Counter
  readonly bytesOut: Counter
  readonly accessLogDropped: Counter
  private readonly writer: MetricsWriter
  private readonly codes = new CodeIndex()
  private readonly failureCounters = new Map<string, Counter>()
  private readonly shedCounters = new Map<string, Map<string, Counter>>()
  private readonly ruleCounters = new Map<string, Counter>()
  /** By the number that `codes` gives. */
  private readonly unroutedCounters: (Counter | undefined)[] = []
  /** By `id` of a snapshot Rule. */
  readonly routes: Instrumented<RouteMetrics>
  /** By `name` of a snapshot Cluster. */
  readonly clusters: Instrumented<ClusterMetrics>
  /** By `key` of a snapshot Port, or the number where there is but one address. */
  readonly ports: Instrumented<PortMetrics>

  constructor(writer: MetricsWriter) {
    this.writer = writer
    const { codes } = this
    this.routes = new Instrumented(id => new RouteMetrics(writer.scope(), codes, id))
    this.clusters = new Instrumented(name => new ClusterMetrics(writer.scope(), name))
    this.ports = new Instrumented(port => new PortMetrics(writer.scope(), port))
    this.requestsActive = writer.gauge('portcullis_requests_active', {})
    this.bufferedBytes = writer.gauge('portcullis_buffered_bytes', {})
    this.shedding = writer.gauge('portcullis_shedding_workers', {})
    this.sentAway = writer.counter('portcullis_connections_sent_away_total', {})
    this.bytesIn = writer.counter('portcullis_bytes_total', { direction: 'in' })
    this.bytesOut = writer.counter('portcullis_bytes_total', { direction: 'out' })
    this.accessLogDropped = writer.counter('portcullis_access_log_dropped_total', {})
    // At zero from the start, so that an alert on a rate sees the first one.
    for (const failure of Object.keys(failures)) this.failure(failure)
  }

  /** Counts an exchange that no route took. */
  unrouted(status: number): void {
    const number = this.codes.number(status)
    const counter = (this.unroutedCounters[number] ??= this.writer.counter(
      'portcullis_requests_unrouted_total',
      {
        code: this.codes.name(number),
      },
    ))
    counter.add(1)
  }

  /** Counts a failed exchange. */
  failed(failure: FailureName): void {
    this.failure(failure).add(1)
  }

  /** Counts a message that the codec refused; `rule` of its Rejection. */
  rejected(rule: string): void {
    let counter = this.ruleCounters.get(rule)
    if (counter === undefined)
      this.ruleCounters.set(rule, (counter = this.writer.counter('portcullis_rejections_total', { rule })))
    counter.add(1)
  }

  /** Counts a request that is refused because there is too much to do. */
  shed(priority: string, reason: string): void {
    let byReason = this.shedCounters.get(priority)
    if (byReason === undefined) this.shedCounters.set(priority, (byReason = new Map<string, Counter>()))
    let counter = byReason.get(reason)
    if (counter === undefined)
      byReason.set(
        reason,
        (counter = this.writer.counter('portcullis_requests_shed_total', { priority, reason })),
      )
    counter.add(1)
  }

  /** For what is counted beside these, by filters. */
  newScope(): MetricsScope {
    return this.writer.scope()
  }

  private failure(failure: string): Counter {
    let counter = this.failureCounters.get(failure)
    if (counter === undefined)
      this.failureCounters.set(
        failure,
        (counter = this.writer.counter('portcullis_failures_total', { failure })),
      )
    return counter
  }
}

/** Instruments of things that come and go, by key: there from the first question on, until they are closed. */
export class Instrumented<T extends Closable> {
  private readonly all = new Map<string, T>()
  private readonly make: (key: string) => T

  constructor(make: (key: string) => T) {
    this.make = make
  }

  get(key: string): T {
    let one = this.all.get(key)
    if (one === undefined) this.all.set(key, (one = this.make(key)))
    return one
  }

  /** What it has counted is shown no more; the next question begins at zero. */
  close(key: string): void {
    this.all.get(key)?.close()
    this.all.delete(key)
  }
}

interface Closable {
  close(): void
}

export class RouteMetrics extends OwnSeries<'route'> {
  readonly codes: CodeCounters
  private durations: Histogram | undefined
  /** By status; absent for routes that carry no gRPC. */
  private grpc: (Counter | undefined)[] | undefined
  private slowness: Slowness | undefined

  constructor(scope: MetricsScope, index: CodeIndex, route: string) {
    super(scope, { route })
    this.codes = new CodeCounters(scope, index, route)
  }

  /** An exchange of this route is over. */
  finished(status: number, seconds: number): void {
    this.codes.add(status)
    this.durations ??= this.histogram('portcullis_request_duration_seconds')
    this.durations.observe(seconds)
  }

  /** Whether this is among what takes longest on this route. Each duration is asked about once. */
  isSlow(durationMs: number, nowMs: number): boolean {
    return (this.slowness ??= new Slowness()).isSlow(durationMs, nowMs)
  }

  /** A gRPC call of this route is over; `status` is 0 to 16. */
  finishedGrpc(status: number): void {
    this.grpc ??= Array.from({ length: 17 })
    const counter = (this.grpc[status] ??= this.counter('portcullis_grpc_responses_total', {
      status: String(status),
    }))
    counter.add(1)
  }
}

/**
 * Status codes seen by this thread, numbered in the order of their first
 * appearance. An array per route indexed by the code itself would be 600
 * pointers for each of ten thousand routes; indexed by this number it is four
 * or five. Also the bound on the `code` label: an upstream that answers with
 * every code from 100 to 999 makes no more than LIMIT series per route.
 */
export class CodeIndex {
  static readonly LIMIT = 64
  readonly of: Uint8Array = new Uint8Array(1000)
  private readonly names: string[] = ['other']

  /** The number of this code; 0, `other`, for what is no code or found no room. */
  number(status: number): number {
    const known = this.of[status]
    if (known === undefined || known > 0 || status < 100 || this.names.length > CodeIndex.LIMIT)
      return known ?? 0
    return (this.of[status] = this.names.push(String(status)) - 1)
  }

  name(number: number): string {
    return this.names[number] ?? 'other'
  }
}

/** portcullis_requests_total of one route: an array access per request. */
export class CodeCounters {
  private readonly counters: (Counter | undefined)[] = []
  private readonly scope: MetricsScope
  private readonly index: CodeIndex
  private readonly route: string

  constructor(scope: MetricsScope, index: CodeIndex, route: string) {
    this.scope = scope
    this.index = index
    this.route = route
  }

  add(status: number): void {
    const counter = this.counters[this.index.of[status] ?? 0]
    // Number 0 may stand for a code that is not numbered yet.
    if (counter === undefined || counter === this.counters[0]) this.first(status)
    else counter.add(1)
  }

  private first(status: number): void {
    const number = this.index.number(status)
    const labels = { route: this.route, code: this.index.name(number) }
    while (this.counters.length <= number) this.counters.push(undefined)
    const counter = (this.counters[number] ??= this.scope.counter('portcullis_requests_total', labels))
    counter.add(1)
  }
}

const CLASSES = ['other', '1xx', '2xx', '3xx', '4xx', '5xx', 'none'] as const
const NONE = CLASSES.indexOf('none')

/** What one thread knows of a cluster. All durations in seconds. */
export class ClusterMetrics extends OwnSeries<'cluster'> {
  private readonly classes: (Counter | undefined)[] = CLASSES.map(() => undefined)
  private durations: Histogram | undefined

  constructor(scope: MetricsScope, cluster: string) {
    super(scope, { cluster })
  }

  /** An attempt was answered, to the last byte. */
  answered(status: number, seconds: number): void {
    this.count(status >= 100 && status < 600 ? Math.floor(status / 100) : 0, seconds)
  }

  /** An attempt that the upstream has not answered: refused, broken off, or late. */
  unanswered(seconds: number): void {
    this.count(NONE, seconds)
  }

  private count(number: number, seconds: number): void {
    const counter = (this.classes[number] ??= this.counter('portcullis_upstream_requests_total', {
      code_class: CLASSES[number] ?? 'other',
    }))
    counter.add(1)
    this.durations ??= this.histogram('portcullis_upstream_duration_seconds')
    this.durations.observe(seconds)
  }
}

export class PortMetrics extends OwnSeries<'port'> {
  readonly connectionsActive: Gauge
  readonly connections: Counter

  constructor(scope: MetricsScope, port: string) {
    super(scope, { port })
    this.connectionsActive = this.gauge('portcullis_downstream_connections_active')
    this.connections = this.counter('portcullis_downstream_connections_total')
  }
}
