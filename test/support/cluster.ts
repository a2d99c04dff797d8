import type { Cluster } from '../../src/snapshot/cluster.ts'

/** A cluster of a snapshot, with what a test wants otherwise. */
export function clusterOf(name: string, more: Partial<Cluster> = {}): Cluster {
  return {
    name,
    origin: {
      resource: `Backend/default/${name}`,
      group: 'portcullis.dev',
      role: 'ingress',
      path: 'spec',
      file: 'a.yaml',
      line: 1,
      column: 1,
    },
    protocol: 'http',
    balancer: { type: 'RoundRobin' },
    maxConnections: 0,
    maxPending: 0,
    maxRequestsPerConnection: 0,
    connectTimeoutMs: 5_000,
    connectAttempts: 3,
    silenceMs: 300_000,
    fieldBytes: 16_384,
    headBytes: 65_536,
    fieldCount: 200,
    idleTimeoutMs: 60_000,
    bodyStartBytes: 8192,
    bodyBytesPerSecond: 240,
    patienceMs: 3_000,
    ejection: {
      consecutiveFailures: 2,
      baseEjectionMs: 1_000,
      maxEjectionMs: 10_000,
      maxEjectedPercent: 50,
    },
    dnsRefreshMs: 10_000,
    ...more,
  }
}
