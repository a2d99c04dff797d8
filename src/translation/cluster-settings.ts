import { backendDefaults } from '../model/defaults.ts'
import type { Cluster } from '../snapshot/cluster.ts'

/** What BackendPolicy decides about a cluster. */
export type ClusterSettings = Omit<
  Cluster,
  'name' | 'origin' | 'protocol' | 'ejection' | 'panicPercent' | 'healthChecks' | 'tls'
>

/** What a cluster has without a BackendPolicy. */
export const clusterSettings: ClusterSettings = {
  balancer: { type: backendDefaults.loadBalancing },
  maxConnections: backendDefaults.maxConnections,
  maxPending: backendDefaults.maxPending,
  maxRequestsPerConnection: backendDefaults.maxRequestsPerConnection,
  connectTimeoutMs: backendDefaults.connectTimeoutMs,
  connectAttempts: backendDefaults.connectAttempts,
  silenceMs: backendDefaults.silenceMs,
  fieldBytes: backendDefaults.fieldBytes,
  headBytes: backendDefaults.headBytes,
  fieldCount: backendDefaults.fieldCount,
  idleTimeoutMs: backendDefaults.idleTimeoutMs,
  bodyStartBytes: backendDefaults.bodyStartBytes,
  bodyBytesPerSecond: backendDefaults.bodyBytesPerSecond,
  patienceMs: backendDefaults.patienceMs,
  dnsRefreshMs: backendDefaults.dnsRefreshMs,
}
