import type { CallRecord } from '../../../composition/calls/call-record.ts'
import type { Observer, RequestRecord } from '../../../composition/engine/messages.ts'
import type { Counter, Histogram } from '../../../telemetry/instrument.ts'
import { CodeIndex } from '../../../telemetry/instruments.ts'
import type { MetricsScope } from '../../../telemetry/metrics.ts'

/** What no route takes, and calls of streams that many share: neither is a name that a route can have. */
const NONE = 'none'
const SHARED = 'shared'

/**
 * Counts requests of a composition and the calls that are made for them. Routes, backends and outcomes are those that the
 * composition and the table of failures have; statuses are bounded as those of routes are.
 */
export class CallMetrics {
  private readonly scope: MetricsScope
  private readonly composition: string
  private readonly codes = new CodeIndex()
  private readonly routes = new Map<string, RouteSeries>()
  private readonly durations = new Map<string, Histogram>()

  constructor(composition: string, scope: MetricsScope) {
    this.composition = composition
    this.scope = scope
  }

  readonly observer: Observer = {
    left: record => this.seriesOf(record.route ?? NONE).left(record),
    ended: call => this.ended(call, this.seriesOf(call.route ?? SHARED)),
  }

  private ended({ call, outcome, startedMs, endedMs }: CallRecord, route: RouteSeries): void {
    const backend = call.slice(0, call.indexOf(' '))
    route.called(backend, outcome ?? 'error')
    let duration = this.durations.get(backend)
    if (duration === undefined) {
      const { composition } = this
      duration = this.scope.histogram('portcullis_composition_call_duration_seconds', {
        composition,
        backend,
      })
      this.durations.set(backend, duration)
    }
    duration.observe(((endedMs ?? startedMs) - startedMs) / 1000)
  }

  private seriesOf(route: string): RouteSeries {
    let series = this.routes.get(route)
    if (series === undefined) {
      series = new RouteSeries(this.scope, this.codes, { composition: this.composition, route })
      this.routes.set(route, series)
    }
    return series
  }
}

/** The series of one route, each from its first use on. */
class RouteSeries {
  private readonly scope: MetricsScope
  private readonly index: CodeIndex
  private readonly labels: { readonly composition: string; readonly route: string }
  private readonly codes: Counter[] = []
  private readonly calls = new Map<string, Map<string, Counter>>()
  private duration: Histogram | null = null
  private partials: Counter | null = null

  constructor(scope: MetricsScope, index: CodeIndex, labels: RouteSeries['labels']) {
    this.scope = scope
    this.index = index
    this.labels = labels
  }

  left({ status, startedMs, endedMs, partials }: RequestRecord): void {
    const { scope, labels, index } = this
    const number = index.number(status ?? 0)
    this.codes[number] ??= scope.counter('portcullis_composition_requests_total', {
      ...labels,
      code: index.name(number),
    })
    this.codes[number].add(1)
    this.duration ??= scope.histogram('portcullis_composition_request_duration_seconds', labels)
    this.duration.observe(((endedMs ?? startedMs) - startedMs) / 1000)
    // One that is refused for that is no answer with parts.
    if (partials.length === 0 || (status ?? 0) >= 400) return
    this.partials ??= scope.counter('portcullis_composition_partial_answers_total', labels)
    this.partials.add(1)
  }

  called(backend: string, outcome: string): void {
    let outcomes = this.calls.get(backend)
    if (outcomes === undefined) this.calls.set(backend, (outcomes = new Map<string, Counter>()))
    let counter = outcomes.get(outcome)
    if (counter === undefined) {
      const { scope, labels } = this
      counter = scope.counter('portcullis_composition_calls_total', { ...labels, backend, outcome })
      outcomes.set(outcome, counter)
    }
    counter.add(1)
  }
}
