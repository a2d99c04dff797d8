import { noSteps } from '../filters/compile.ts'
import type { OtherBackend } from '../filters/kit.ts'
import type { ClusterMetrics } from '../telemetry/instruments.ts'
import type { Cluster } from '../upstream/cluster.ts'
import type { UpstreamPool } from '../upstream/pool.ts'
import type { Upstreams } from '../upstream/upstreams.ts'
import { weighed } from './backend.ts'
import { Forwarding } from './forward.ts'
import { GrpcForwarding } from './grpc/forwarding.ts'
import type { CompiledForward } from './rule.ts'
import type { Run, RunHost } from './run.ts'

/** A cluster that requests are sent to in place of the backend of their rule. */
export class ForwardElsewhere implements OtherBackend {
  readonly cluster: string
  private readonly clusters: Pick<Upstreams, 'get'>
  private readonly metrics: () => ClusterMetrics

  constructor(cluster: string, clusters: Pick<Upstreams, 'get'>, metrics: () => ClusterMetrics) {
    this.cluster = cluster
    this.clusters = clusters
    this.metrics = metrics
  }

  /** Within what is left of the time of the request (`deadlineMs`, by performance.now), and within that of the backend's own policy, which begins now. */
  begin(x: RunHost, deadlineMs: number, grpc: boolean): Run {
    const cluster = this.clusters.get(this.cluster) ?? null
    const ownMs = cluster?.config.requestTimeoutMs || Infinity
    const untilMs = Math.min(deadlineMs, performance.now() + ownMs)
    // Times of an action count from the request's head, and Infinity is none at all.
    const action = this.action(cluster, Math.max(1, untilMs - x.startedMs))
    const run = grpc ? new GrpcForwarding(x, action) : new Forwarding(x, action)
    run.arm()
    run.armAgain()
    return run
  }

  /** Made when it is needed, which is when something has failed: clusters come and go. */
  private action(cluster: Cluster<UpstreamPool> | null, requestTimeoutMs: number): CompiledForward {
    const backend = {
      weight: 1,
      cluster,
      failure: 'destination_not_found' as const,
      metrics: this.metrics(),
      steps: noSteps,
    }
    return {
      ...weighed([backend]),
      mirrors: null,
      requestTimeoutMs,
      backendTimeoutMs: 0,
      sessions: null,
      retry: null,
    }
  }
}
