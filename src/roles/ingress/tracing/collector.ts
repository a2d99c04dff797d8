import { CallFailure, type IncomingResponse } from '../../../filters/kit.ts'
import { SharedStreams } from '../../../http/h2/shared-streams.ts'
import { WholeCall } from '../../../proxy/whole-call.ts'
import type { Snapshot } from '../../../snapshot/snapshot.ts'
import { ClusterMetrics } from '../../../telemetry/instruments.ts'
import type { Logger } from '../../../telemetry/log.ts'
import type { MetricsWriter } from '../../../telemetry/metrics.ts'
import {
  judged,
  MOST_ANSWER_BYTES,
  TIMEOUT_MS,
  unposted,
  type Posted,
} from '../../../telemetry/spans/post.ts'
import { Upstreams } from '../../../upstream/upstreams.ts'
import type { WantedExport } from './wanted.ts'

const SWEEP_MS = 500
const MOST_STREAMS = 4
/** Of requests, of which there is one at a time. */
const MOST_WAITING_BYTES = 16 * 1024 * 1024

/**
 * A collector that is a cluster of the snapshot: reached as workers reach theirs (balancer, names, TLS, ejection, own
 * listeners that nobody may reach), by connections of its own.
 */
export class Collector {
  private readonly wanted: WantedExport
  private readonly upstreams: Upstreams
  private readonly metrics: ClusterMetrics
  private readonly timer: NodeJS.Timeout
  private readonly log: Logger

  constructor(wanted: WantedExport, log: Logger, metrics: MetricsWriter) {
    this.wanted = wanted
    this.log = log
    this.metrics = new ClusterMetrics(metrics.scope(), wanted.cluster)
    this.upstreams = new Upstreams({
      log,
      metrics: () => this.metrics,
      shared: new SharedStreams({ streams: MOST_STREAMS, waitingBytes: MOST_WAITING_BYTES }),
    })
    this.timer = setInterval(() => this.upstreams.sweep(performance.now(), () => undefined), SWEEP_MS)
    this.timer.unref()
  }

  /** Where it is now. */
  apply({
    clusters,
    endpoints,
    certificates,
  }: Pick<Snapshot, 'clusters' | 'endpoints' | 'certificates'>): void {
    const own = clusters.filter(({ name }) => name === this.wanted.cluster)
    const parts = { clusters: own, endpoints, ...(certificates && { certificates }) }
    // Whoever asks meanwhile waits for the names, as in a worker.
    this.upstreams.apply(parts).then(
      () => this.upstreams.sweepUnnamed(),
      (error: unknown) => this.log.error('otlp.unreachable', { collector: this.wanted.cluster, error }),
    )
  }

  /** Never rejects. */
  async post(body: string): Promise<Posted> {
    try {
      const { status, fields, body: answer } = await this.answered(Buffer.from(body))
      return judged(status, fields.get('retry-after'), answer.toString())
    } catch (error) {
      return unposted(error instanceof CallFailure ? error.message : String(error))
    }
  }

  private async answered(body: Buffer): Promise<IncomingResponse> {
    const { cluster: name, authority, headers } = this.wanted
    const cluster = this.upstreams.get(name)
    if (cluster === undefined) throw new CallFailure('destination_not_found', name)
    const fields = [...headers, 'content-type', 'application/json']
    const request = { method: 'POST', target: '/v1/traces', authority, fields, body }
    const deadlineMs = performance.now() + TIMEOUT_MS
    const options = { signal: null, deadlineMs, limitBytes: MOST_ANSWER_BYTES }
    return new WholeCall(cluster, this.metrics, request, options).begin()
  }

  close(): void {
    clearInterval(this.timer)
    this.upstreams.drain()
    this.metrics.close()
  }
}
