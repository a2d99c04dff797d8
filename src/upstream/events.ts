import type { ClusterMetrics } from '../telemetry/instruments.ts'
import type { Logger } from '../telemetry/log.ts'
import type { ClusterEvents } from './cluster.ts'
import { dnsReason, type DnsEvents } from './dns.ts'
import type { PoolEvents } from './pool.ts'

const PANIC = 'so few of its endpoints are well that all are used, also those that are not'

export interface UpstreamEvents extends ClusterEvents, DnsEvents, PoolEvents {}

/** What happens to upstreams, as log and metrics have it. `metrics` are those of the snapshot that is in force when it happens. */
export function upstreamEvents(log: Logger, metrics: (cluster: string) => ClusterMetrics): UpstreamEvents {
  return {
    onConnect: cluster => metrics(cluster).counter('portcullis_upstream_connections_total').add(1),
    onConnectFailed: (cluster, endpoint, failure, reason) => {
      metrics(cluster).counter('portcullis_upstream_connect_failures_total', { failure }).add(1)
      log.warn('endpoint.connect_failed', { cluster, endpoint, failure, reason })
    },
    onFault: (cluster, endpoint, rule) => {
      metrics(cluster).counter('portcullis_upstream_faults_total', { rule }).add(1)
      log.warn('endpoint.fault', { cluster, endpoint, rule })
    },
    onEjected: (cluster, endpoint, { reason, failures, detail }, forMs) => {
      metrics(cluster).counter('portcullis_upstream_ejections_total', { reason }).add(1)
      log.warn('endpoint.ejected', { cluster, endpoint, reason, detail, failures, forMs })
    },
    onRetryDecided: (cluster, paid) => {
      if (paid) return metrics(cluster).counter('portcullis_upstream_retries_paid_total').add(1)
      metrics(cluster).counter('portcullis_upstream_retries_refused_total').add(1)
      log.warn('retry.budget_spent', { cluster })
    },
    onBreaker: (cluster, state, detail, reason) => {
      if (reason !== null)
        metrics(cluster).counter('portcullis_upstream_breaker_opened_total', { reason }).add(1)
      log[state === 'open' ? 'warn' : 'info'](`breaker.${state}`, { cluster, detail })
    },
    onReturned: (cluster, endpoint) => log.info('endpoint.returned', { cluster, endpoint }),
    onPanic: (cluster, panics, well, of) => {
      metrics(cluster)
        .gauge('portcullis_upstream_panic')
        .set(panics ? 1 : 0)
      if (panics) log.error('cluster.panics', { cluster, well, of, message: PANIC })
      else log.info('cluster.calm', { cluster, well, of })
    },
    onResolved: (name, addresses) => log.info('dns.resolved', { name, addresses }),
    onResolveFailed: (name, code, kept, retryInMs) =>
      log.warn('dns.failed', { name, reason: dnsReason(code), code, kept, retryInMs: Math.round(retryInMs) }),
  }
}
