import { Type } from 'typebox'
import type { Resource } from '../resource.ts'
import { backendDefaults } from '../defaults.ts'
import { durationMs, formatDuration, quantityBytes } from '../quantity.ts'
import {
  byteQuantity,
  duration,
  INT32,
  integer,
  object,
  policyTargets,
  preciseHostname,
  set,
  text,
  type Finding,
  type Shape,
} from './shapes.ts'
import { tlsChoices, tlsFindings } from './tls-settings.ts'

/** `type` is RoundRobin where absent; `consistentHash` belongs to type ConsistentHash. */
const loadBalancing = object({
  type: Type.Optional(Type.Enum(['RoundRobin', 'LeastRequest', 'Random', 'ConsistentHash', 'PeakEWMA'])),
  consistentHash: Type.Optional(
    object({
      source: Type.Enum(['ClientAddress', 'Header', 'Cookie', 'QueryParam']),
      /** Of the header, cookie or query parameter. */
      name: Type.Optional(text(256, 1)),
    }),
  ),
})

/** Per process; 0 is no limit, and for `maxPending` nobody waits. */
const connections = object({
  max: Type.Optional(integer(0, INT32)),
  maxPending: Type.Optional(integer(0, INT32)),
  maxRequestsPerConnection: Type.Optional(integer(0, INT32)),
  connectTimeout: Type.Optional(duration),
  attempts: Type.Optional(integer(1, 100)),
  idleTimeout: Type.Optional(duration),
})

/** What is asked of clients while a cluster is short of connections; 0 is nothing. */
const pressure = object({
  bodyStart: Type.Optional(byteQuantity),
  /** Bytes a second. */
  bodyRate: Type.Optional(byteQuantity),
  patience: Type.Optional(duration),
})

const outlierDetection = object({
  consecutiveFailures: Type.Optional(integer(1, 1000)),
  baseEjection: Type.Optional(duration),
  maxEjection: Type.Optional(duration),
  maxEjectedPercent: Type.Optional(integer(0, 100)),
})

const healthChecks = object({
  /** HTTP where absent. */
  type: Type.Optional(Type.Enum(['HTTP', 'TCP', 'GRPC'])),
  interval: Type.Optional(duration),
  timeout: Type.Optional(duration),
  healthyThreshold: Type.Optional(integer(1, 100)),
  unhealthyThreshold: Type.Optional(integer(1, 100)),
  http: Type.Optional(
    object({
      path: Type.Optional(text(1024, 1)),
      hostname: Type.Optional(preciseHostname),
      statuses: Type.Optional(set(integer(100, 599), 100)),
    }),
  ),
  grpc: Type.Optional(object({ service: Type.Optional(text(256)) })),
})

/** As retryConstraint of the standard's XBackendTrafficPolicy (GEP-3388). */
const retryBudget = object({
  percent: Type.Optional(integer(0, 100)),
  interval: Type.Optional(duration),
  minRetries: Type.Optional(object({ count: integer(1, 1_000_000), interval: duration })),
})

/** Limits of the head of a response. */
const responses = object({
  fieldBytes: Type.Optional(byteQuantity),
  headBytes: Type.Optional(byteQuantity),
  fields: Type.Optional(integer(1, 10_000)),
})

/**
 * portcullis.dev/v1alpha1 BackendPolicy: how a Service or a Backend is treated. Every field left out
 * has its default from defaults.ts.
 */
export const backendPolicySchema = object({
  spec: object({
    targetRefs: policyTargets,
    loadBalancing: Type.Optional(loadBalancing),
    connections: Type.Optional(connections),
    responses: Type.Optional(responses),
    pressure: Type.Optional(pressure),
    outlierDetection: Type.Optional(outlierDetection),
    dns: Type.Optional(object({ refresh: Type.Optional(duration) })),
    healthChecks: Type.Optional(healthChecks),
    retryBudget: Type.Optional(retryBudget),
    /** Whether requests whose method is not idempotent (POST, PATCH, extensions) may be repeated too. */
    retry: Type.Optional(object({ nonIdempotent: Type.Optional(Type.Boolean()) })),
    /** Of connections that a BackendTLSPolicy, or the Backend's protocol, secures. */
    tls: Type.Optional(object(tlsChoices)),
    timeouts: Type.Optional(
      object({
        request: Type.Optional(duration),
        attempt: Type.Optional(duration),
        /** 0 is none. */
        silence: Type.Optional(duration),
      }),
    ),
    meshMode: Type.Optional(Type.Enum(['Disabled', 'Permissive', 'Strict'])),
  }),
})

export type BackendPolicyBody = Shape<typeof backendPolicySchema>
export type BackendPolicy = Resource<BackendPolicyBody>

export function backendPolicyRules({ spec }: BackendPolicyBody): Finding[] {
  const findings: Finding[] = []
  spec.targetRefs.forEach((target, i) => {
    const service = target.group === '' && target.kind === 'Service'
    const backend = target.group === 'portcullis.dev' && target.kind === 'Backend'
    if (!service && !backend)
      findings.push({
        path: ['spec', 'targetRefs', i, 'kind'],
        message: `a BackendPolicy cannot attach to ${described(target)}, expected Service (group "") or Backend (group "portcullis.dev")`,
      })
    else if (backend && target.sectionName !== undefined)
      findings.push({
        path: ['spec', 'targetRefs', i, 'sectionName'],
        message: 'must be absent: a Backend has no sections',
      })
  })
  const { type = 'RoundRobin', consistentHash } = spec.loadBalancing ?? {}
  const path = ['spec', 'loadBalancing', 'consistentHash']
  if (type === 'ConsistentHash' && consistentHash === undefined)
    findings.push({ path, message: 'is required for type ConsistentHash' })
  if (type !== 'ConsistentHash' && consistentHash !== undefined)
    findings.push({ path, message: `must be absent for type ${type}, expected type ConsistentHash` })
  if (consistentHash && consistentHash.source !== 'ClientAddress' && consistentHash.name === undefined)
    findings.push({ path: [...path, 'name'], message: `is required for source ${consistentHash.source}` })
  return [...findings, ...responseFindings(spec), ...patienceFindings(spec), ...tlsFindings(spec.tls ?? {})]
}

/** Less than this no server's answer fits in, and more than that is a body. */
const LEAST_BYTES = 1024
const MOST_BYTES = 1024 * 1024

function responseFindings({ responses: given = {} }: BackendPolicyBody['spec']): Finding[] {
  return (['fieldBytes', 'headBytes'] as const).flatMap(name => {
    const size = given[name] === undefined ? LEAST_BYTES : (quantityBytes(given[name]) ?? LEAST_BYTES)
    if (size >= LEAST_BYTES && size <= MOST_BYTES) return []
    return [{ path: ['spec', 'responses', name], message: 'must be between 1Ki and 1Mi' }]
  })
}

/** Whoever waits for a connection must have one of somebody's who is too slow before the wait is over. */
function patienceFindings(spec: BackendPolicyBody['spec']): Finding[] {
  const { patience } = spec.pressure ?? {}
  const { connectTimeout } = spec.connections ?? {}
  // The policy of a port may have what it leaves out from that of its Service.
  const whole = spec.targetRefs.every(({ sectionName }) => sectionName === undefined)
  if (patience === undefined || (connectTimeout === undefined && !whole)) return []
  const wait = connectTimeout ?? formatDuration(backendDefaults.connectTimeoutMs)
  if (durationMs(patience)! < durationMs(wait)!) return []
  const path = ['spec', 'pressure', 'patience']
  const message = `must be below connections.connectTimeout (${wait}), how long a request may wait for a connection`
  return [{ path, message }]
}

/** `Gateway (group "gateway.networking.k8s.io")`. */
export function described(target: { readonly group: string; readonly kind: string }): string {
  return `${target.kind} (group ${JSON.stringify(target.group)})`
}
