import type { MetricsScope, MetricsWriter } from '../telemetry/metrics.ts'

/** Shows until when certificates can be used, so that an alert comes before the condition does. */
export class CertificateMetrics {
  private readonly writer: MetricsWriter
  private scope: MetricsScope

  constructor(writer: MetricsWriter) {
    this.writer = writer
    this.scope = writer.scope()
  }

  /** Of the resources in force, by what holds them; those of before are forgotten. */
  show(expiresMs: ReadonlyMap<string, number>): void {
    const scope = this.writer.scope()
    for (const [resource, ms] of expiresMs)
      scope.gauge('portcullis_certificate_expiry_timestamp_seconds', { resource }).set(ms / 1000)
    // After the next is open: what both name is kept.
    this.scope.close()
    this.scope = scope
  }
}
