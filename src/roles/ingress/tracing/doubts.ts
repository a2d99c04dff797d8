import { isSecretParameter } from '../../../telemetry/redact.ts'
import type { Report } from '../../../translation/report.ts'
import type { XTelemetryPolicy } from '../kinds/x-telemetry-policy.ts'

/** Where collectors take OTLP by gRPC, by custom. */
const GRPC_PORT = 4317

/** What is in order by its kind, and likely not meant. */
export function doubtTracing(policy: XTelemetryPolicy, report: Report): void {
  const { provider, attributes = [] } = policy.body.spec.tracing
  const path = ['spec', 'tracing']
  for (const [i, { headerName }] of attributes.entries())
    if (headerName !== undefined && isSecretParameter(headerName))
      report.doubt(policy, {
        severity: 'warning',
        reason: 'SecretAttribute',
        path: [...path, 'attributes', i, 'headerName'],
        message: `${headerName} carries a credential by its name: all that a span says of it is [redacted]`,
      })
  if (provider?.backendRef.port === GRPC_PORT)
    report.doubt(policy, {
      severity: 'warning',
      reason: 'GrpcCollector',
      path: [...path, 'provider', 'backendRef', 'port'],
      message: `collectors take OTLP by gRPC at ${GRPC_PORT}, and spans go by HTTP: expected 4318, where they take that`,
    })
}
