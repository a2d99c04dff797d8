import type { Kit } from '../../../filters/kit.ts'
import type { Counter, Histogram } from '../../../telemetry/instrument.ts'
import { statuses, statusIndex } from './cell.ts'

/** What Prometheus is told of one API: by plan and class of the status, and never by who asked. */
export class ApiMetrics {
  private readonly metrics: Kit['metrics']
  private readonly api: string
  private duration: Histogram | null = null
  /** By plan, then in the order of `statuses`. Plans are those of the API's products. */
  private readonly requests = new Map<string, (Counter | null)[]>()

  constructor(metrics: Kit['metrics'], api: string) {
    this.metrics = metrics
    this.api = api
  }

  finished(plan: string, status: number, seconds: number): void {
    const at = statusIndex(status)
    const counter = this.requests.get(plan)?.[at] ?? this.take(plan, at)
    counter.add(1)
    // How long a tunnel lasts says nothing.
    if (status === 101) return
    this.duration ??= this.metrics.histogram('portcullis_api_request_duration_seconds', { api: this.api })
    this.duration.observe(seconds)
  }

  private take(plan: string, at: number): Counter {
    let counters = this.requests.get(plan)
    if (counters === undefined) this.requests.set(plan, (counters = statuses.map(() => null)))
    const labels = { api: this.api, plan, status_class: statuses[at]! }
    return (counters[at] = this.metrics.counter('portcullis_api_requests_total', labels))
  }
}
