import { noSteps } from '../filters/compile.ts'
import type { OtherBackend } from '../filters/kit.ts'
import type { ClusterMetrics } from '../telemetry/instruments.ts'
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

  /** Within what is left of the time of the request; what the policy of the backend says of it counts beside that. */
  begin(x: RunHost, deadlineMs: number, grpc: boolean): Run {
    const action = this.action(deadlineMs === Infinity ? 0 : Math.max(1, deadlineMs - x.startedMs))
    const run = grpc ? new GrpcForwarding(x, action) : new Forwarding(x, action)
    run.arm()
    run.armAgain()
    return run
  }

  /** Made when it is needed, which is when something has failed: clusters come and go. */
  private action(requestTimeoutMs: number): CompiledForward {
    const backend = {
      weight: 1,
      cluster: this.clusters.get(this.cluster) ?? null,
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
