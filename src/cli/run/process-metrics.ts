import type { Counter } from '../../telemetry/instrument.ts'
import { MetricsReader } from '../../telemetry/metrics-reader.ts'
import { MetricsWriter } from '../../telemetry/metrics.ts'
import { ProcessSampler, RuntimeSampler } from '../../telemetry/runtime-sampler.ts'
import { CertificateMetrics } from '../../control/certificate-metrics.ts'
import { version } from '../version.ts'

/** Metrics of the main thread, and the reader that adds those of the workers. */
export class ProcessMetrics {
  readonly reader = new MetricsReader()
  readonly restarts: Counter
  readonly reloads: { readonly ok: Counter; readonly partial: Counter }
  readonly certificates: CertificateMetrics
  readonly writer: MetricsWriter
  private readonly process: ProcessSampler
  private readonly runtime: RuntimeSampler

  constructor() {
    this.reader.attach('main')
    this.writer = new MetricsWriter(undefined, series => this.reader.announce('main', series))
    this.process = new ProcessSampler(this.writer, version())
    this.runtime = new RuntimeSampler(this.writer, 'main')
    this.certificates = new CertificateMetrics(this.writer)
    this.restarts = this.writer.counter('portcullis_worker_restarts_total', {})
    this.reloads = {
      ok: this.writer.counter('portcullis_reloads_total', { result: 'ok' }),
      partial: this.writer.counter('portcullis_reloads_total', { result: 'partial' }),
    }
  }

  /** Everything, as Prometheus or OpenMetrics text. */
  async render(workers: number, openMetrics: boolean): Promise<string> {
    await this.process.sample()
    this.writer.gauge('portcullis_workers', {}).set(workers)
    this.writer.flush()
    return openMetrics ? this.reader.renderOpenMetrics() : this.reader.render()
  }

  stop(): void {
    this.runtime.stop()
  }
}
