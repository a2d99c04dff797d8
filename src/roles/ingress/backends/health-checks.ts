import { backendDefaults } from '../../../model/defaults.ts'
import { durationMs } from '../../../model/quantity.ts'
import type { Cluster } from '../../../snapshot/cluster.ts'
import type { HealthChecks } from '../../../snapshot/health.ts'
import type { BackendPolicy } from '../kinds/backend-policy.ts'

const { healthChecks: standard } = backendDefaults

/** What the nearest policy that has checks says of them, whole: the fields of one check belong together. */
export function healthChecksOf(policies: readonly BackendPolicy[]): Pick<Cluster, 'healthChecks'> {
  const said = policies.findLast(({ body }) => body.spec.healthChecks !== undefined)?.body.spec.healthChecks
  if (said === undefined) return {}
  const { http = {}, grpc = {} } = said
  const checks: HealthChecks = {
    type: said.type ?? standard.type,
    intervalMs: ms(said.interval) ?? standard.intervalMs,
    timeoutMs: ms(said.timeout) ?? standard.timeoutMs,
    healthyThreshold: said.healthyThreshold ?? standard.healthyThreshold,
    unhealthyThreshold: said.unhealthyThreshold ?? standard.unhealthyThreshold,
    port: said.port ?? null,
    startsHealthy: (said.initialState ?? standard.initialState) === 'Healthy',
    http: {
      method: http.method ?? standard.method,
      path: http.path ?? standard.path,
      host: http.hostname ?? null,
      statuses: http.statuses ?? [200],
      body: http.body ?? '',
    },
    grpcService: grpc.service ?? '',
  }
  return { healthChecks: checks }
}

function ms(text: string | undefined): number | undefined {
  return text === undefined ? undefined : durationMs(text)
}
