import { durationMs, formatDuration } from '../../../model/quantity.ts'
import type { FieldPath } from '../../../model/resource.ts'
import type { SnapshotParts } from '../../../snapshot/snapshot.ts'
import type { Report } from '../../../translation/report.ts'
import type { ClusterTarget } from '../../../translation/targets.ts'
import type { ClusterPolicy } from '../backends/backend-policy.ts'
import type { BackendPolicy } from '../kinds/backend-policy.ts'
import { isWhole, type Doubtful, type Said } from './backend-doubt.ts'
import { breakerDoubts } from './breaker.ts'
import { otherEndpointDoubts } from './other-endpoints.ts'

type Spec = BackendPolicy['body']['spec']

/** What policies of backends say and can never come to pass: alone, of one beside the other, or with the backend as it is. */
export function doubtBackendSettings(
  { clusters, endpoints }: Pick<SnapshotParts, 'clusters' | 'endpoints'>,
  targetOf: (cluster: string) => ClusterTarget | undefined,
  policyOf: (target: ClusterTarget) => ClusterPolicy,
  report: Report,
): void {
  const told = new Set<string>()
  for (const cluster of clusters) {
    const target = targetOf(cluster.name)
    const policies = target === undefined ? [] : policyOf(target).policies
    if (policies.length === 0) continue
    const specs = policies.map(({ body }) => body.spec)
    for (const { path, message, severity = 'warning', reason = 'NeverApplies' } of doubtsOf({
      cluster,
      target,
      endpoints: endpoints[cluster.name] ?? [],
      specs,
    })) {
      const policy = policies.findLast(({ body }) => valueAt(body.spec, path) !== undefined)
      const key = `${policy?.metadata.namespace ?? ''}/${policy?.metadata.name ?? ''} ${path.join('.')}`
      if (policy === undefined || told.has(key)) continue
      told.add(key)
      // What follows from two policies together is told of one of them.
      const whose = policies.length === 1 ? '' : ` (${cluster.name})`
      report.doubt(policy, { severity, reason, path: ['spec', ...path], message: message + whose })
    }
  }
}

function doubtsOf(said: Said): readonly Doubtful[] {
  return [...doubts.flatMap(doubt => doubt(said) ?? []), ...breakerDoubts(said), ...otherEndpointDoubts(said)]
}

function valueAt(spec: Spec, path: FieldPath): unknown {
  return path.reduce<unknown>(
    (value, name) => (typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined),
    spec,
  )
}

/** In the order of the fields. */
const doubts: readonly ((said: Said) => Doubtful | null)[] = [
  untimedAttempt,
  untimedFirstByte,
  unsecuredCheck,
  statuslessCheck,
  nobodyOut,
  fewEndpoints('successRate'),
  fewEndpoints('latency'),
  farDeviation,
  unusedInterval,
  shadowedGatewayErrors,
  cutEjection,
  roundedRetries,
  nothingRepeated,
  postOfCalls,
  repeatedByMesh,
  untoldDatagrams,
]

/** Of a backend that is told whose a connection is, and of datagrams is not. */
function untoldDatagrams({ target, specs }: Said): Doubtful | null {
  if (target?.as !== 'udp' || specs.every(({ connections }) => connections?.proxyProtocol === undefined))
    return null
  return {
    path: ['connections', 'proxyProtocol'],
    message: 'datagrams have no header of PROXY: the backend sees the address of the gateway',
  }
}

function untimedAttempt({ cluster: { requestTimeoutMs, attemptTimeoutMs, retry } }: Said): Doubtful | null {
  if (requestTimeoutMs === undefined || attemptTimeoutMs === undefined) return null
  if (attemptTimeoutMs < requestTimeoutMs || retry?.timeouts !== true || (retry.attempts ?? 0) === 0)
    return null
  const ms = formatDuration(requestTimeoutMs)
  return {
    path: ['timeouts', 'attempt'],
    message: `timeouts.request ends the request first (${ms}), so that no attempt follows one that takes too long; expected less than that`,
  }
}

function untimedFirstByte({ cluster }: Said): Doubtful | null {
  const { firstByteTimeoutMs, attemptTimeoutMs = Infinity, requestTimeoutMs = Infinity } = cluster
  const shortestMs = Math.min(attemptTimeoutMs, requestTimeoutMs)
  if (firstByteTimeoutMs === undefined || firstByteTimeoutMs < shortestMs) return null
  const field = attemptTimeoutMs <= requestTimeoutMs ? 'attempt' : 'request'
  return {
    path: ['timeouts', 'firstByte'],
    message: `timeouts.${field} is over first (${formatDuration(shortestMs)}); expected less than that`,
  }
}

function unsecuredCheck({ cluster: { name, healthChecks, tls } }: Said): Doubtful | null {
  if (healthChecks?.type !== 'TLS' || tls !== undefined) return null
  return {
    severity: 'error',
    reason: 'CheckNotSecured',
    path: ['healthChecks', 'type'],
    message: `connections to ${name} are plain, so that each check by TLS fails; expected TCP, or a BackendTLSPolicy (of a Backend also protocol https or h2)`,
  }
}

function statuslessCheck({ cluster: { healthChecks } }: Said): Doubtful | null {
  if (healthChecks === undefined || healthChecks.http.statuses.length > 0) return null
  return {
    severity: 'error',
    reason: 'CheckNeverPasses',
    path: ['healthChecks', 'http', 'statuses'],
    message: 'names no status that is good, so that every check fails; expected one at least',
  }
}

function nobodyOut({ cluster: { ejection }, specs }: Said): Doubtful | null {
  if (ejection !== null) return null
  const others = specs
    .flatMap(({ outlierDetection }) => Object.keys(outlierDetection ?? {}))
    .filter(name => name !== 'maxEjectedPercent' && name !== 'panicThreshold')
  if (others.length === 0) return null
  return {
    path: ['outlierDetection', 'maxEjectedPercent'],
    message: `0: no endpoint is ever left out, whatever ${[...new Set(others)].join(' and ')} say`,
  }
}

function fewEndpoints(field: 'successRate' | 'latency'): (said: Said) => Doubtful | null {
  return said => {
    const { cluster, endpoints } = said
    const { minEndpoints } = cluster.ejection?.passive?.[field] ?? {}
    if (minEndpoints === undefined || !isWhole(said) || endpoints.length >= minEndpoints) return null
    return {
      path: ['outlierDetection', field],
      message: `${endpoints.length} of ${minEndpoints} endpoints are there (${field}.minEndpoints), so that none is ever compared`,
    }
  }
}

/** Of n numbers one is at most the root of n - 1 standard deviations below their mean: where it is 0 and all others are 1. */
function farDeviation(said: Said): Doubtful | null {
  const { cluster, endpoints } = said
  const { deviations, minEndpoints = 0 } = cluster.ejection?.passive?.successRate ?? {}
  if (deviations === undefined || !isWhole(said) || endpoints.length < minEndpoints) return null
  const most = Math.sqrt(endpoints.length - 1)
  if (deviations <= most) return null
  return {
    path: ['outlierDetection', 'successRate'],
    message: `of ${endpoints.length} endpoints none can be ${deviations} deviations below the others; expected deviations of at most ${Math.floor(most * 10) / 10}`,
  }
}

function unusedInterval({ cluster: { ejection }, specs }: Said): Doubtful | null {
  if (ejection === null || specs.every(({ outlierDetection }) => outlierDetection?.interval === undefined))
    return null
  const { successRate = null, latency = null } = ejection.passive ?? {}
  if (successRate !== null || latency !== null) return null
  return {
    path: ['outlierDetection', 'interval'],
    message:
      'nothing is compared in it; expected successRate or latency beside it (rows of failures have no interval)',
  }
}

function shadowedGatewayErrors({ cluster: { ejection } }: Said): Doubtful | null {
  const { consecutive5xx = 0, consecutiveGatewayErrors = 0 } = ejection?.passive ?? {}
  if (consecutive5xx === 0 || consecutiveGatewayErrors <= consecutive5xx) return null
  return {
    path: ['outlierDetection', 'consecutiveGatewayErrors'],
    message: `gateway errors count for consecutive5xx, too, which is reached first (${consecutive5xx}); expected less than that`,
  }
}

function cutEjection({ cluster: { ejection } }: Said): Doubtful | null {
  if (ejection === null || ejection.baseEjectionMs <= ejection.maxEjectionMs) return null
  return {
    path: ['outlierDetection', 'baseEjection'],
    message: `nobody is left out for longer than maxEjection, which is ${formatDuration(ejection.maxEjectionMs)}`,
  }
}

/** Counted by the interval, and never less than one. */
function roundedRetries({ cluster: { retryBudget }, specs }: Said): Doubtful | null {
  const least = specs.findLast(spec => spec.retryBudget?.minRetries !== undefined)?.retryBudget?.minRetries
  if (retryBudget === undefined || least === undefined) return null
  const { intervalMs } = retryBudget
  if (least.count * intervalMs >= durationMs(least.interval)!) return null
  return {
    reason: 'RoundedUp',
    path: ['retryBudget', 'minRetries'],
    message: `one retry is allowed in each ${formatDuration(intervalMs)} (retryBudget.interval), which is more than ${least.count} in ${least.interval}; expected an interval in which one is allowed`,
  }
}

function nothingRepeated({ cluster: { retry, meshed } }: Said): Doubtful | null {
  if (retry === undefined || meshed === true || retry.attempts === 0) return null
  const { connectFailures, resets, timeouts, codes, grpcCodes } = retry
  if (connectFailures || resets || timeouts || codes.length + grpcCodes.length > 0) return null
  return {
    path: ['retry', 'retryOn'],
    message: 'names nothing that another attempt would follow; expected triggers or httpStatusCodes',
  }
}

function postOfCalls({ cluster: { retry, repeatNonIdempotent, meshed } }: Said): Doubtful | null {
  if (retry === undefined || meshed === true || retry.grpcCodes.length === 0 || repeatNonIdempotent === true)
    return null
  return {
    reason: 'NotRepeated',
    path: ['retry', 'retryOn', 'triggers'],
    message:
      'calls of gRPC are POST, which is repeated after a status only where it has an Idempotency-Key; expected retry.nonIdempotent: true beside statuses of gRPC',
  }
}

function repeatedByMesh({ cluster: { retry, meshed } }: Said): Doubtful | null {
  if (meshed !== true || retry === undefined || retry.attempts === 0) return null
  return {
    reason: 'NotRepeated',
    path: ['retry'],
    message:
      'the mesh repeats what fails (meshMode), so that of this only connections are tried again that could not be made',
  }
}
