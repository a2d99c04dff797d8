import { Type } from 'typebox'
import type { Resource } from '../resource.ts'
import { integer, object, port, record, repeated, type Finding, type Shape } from './shapes.ts'

/** `protocol` is TCP, `targetPort` equal to `port` where absent. */
const servicePort = object({
  name: Type.Optional(Type.String({ maxLength: 63 })),
  protocol: Type.Optional(Type.Enum(['TCP', 'UDP', 'SCTP'])),
  appProtocol: Type.Optional(Type.String()),
  port,
  targetPort: Type.Optional(Type.Unsafe<number | string>({ type: ['integer', 'string'] })),
  nodePort: Type.Optional(integer(0, 65535)),
})

const strings = Type.Array(Type.String())

/** Core v1 Service, every field of ServiceSpec; those of no use to a gateway are read and not looked at. */
export const serviceSchema = object({
  spec: Type.Optional(
    object({
      ports: Type.Optional(Type.Array(servicePort)),
      selector: Type.Optional(record(Type.String())),
      clusterIP: Type.Optional(Type.String()),
      clusterIPs: Type.Optional(strings),
      type: Type.Optional(Type.Enum(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'])),
      externalIPs: Type.Optional(strings),
      sessionAffinity: Type.Optional(Type.Enum(['ClientIP', 'None'])),
      loadBalancerIP: Type.Optional(Type.String()),
      loadBalancerSourceRanges: Type.Optional(strings),
      externalName: Type.Optional(Type.String()),
      externalTrafficPolicy: Type.Optional(Type.Enum(['Cluster', 'Local'])),
      healthCheckNodePort: Type.Optional(integer(0, 65535)),
      publishNotReadyAddresses: Type.Optional(Type.Boolean()),
      sessionAffinityConfig: Type.Optional(
        object({
          clientIP: Type.Optional(object({ timeoutSeconds: Type.Optional(integer(1, 86400)) })),
        }),
      ),
      ipFamilies: Type.Optional(Type.Array(Type.Enum(['IPv4', 'IPv6']), { maxItems: 2 })),
      ipFamilyPolicy: Type.Optional(Type.Enum(['SingleStack', 'PreferDualStack', 'RequireDualStack'])),
      allocateLoadBalancerNodePorts: Type.Optional(Type.Boolean()),
      loadBalancerClass: Type.Optional(Type.String()),
      internalTrafficPolicy: Type.Optional(Type.Enum(['Cluster', 'Local'])),
      trafficDistribution: Type.Optional(Type.String()),
    }),
  ),
})

export type ServiceBody = Shape<typeof serviceSchema>
export type ServicePort = Shape<typeof servicePort>
export type Service = Resource<ServiceBody>

/** What the API server checks beyond types and matters to us (pkg/apis/core/validation, ValidateService). */
export function serviceRules({ spec }: ServiceBody): Finding[] {
  if (spec === undefined) return []
  const ports = spec.ports ?? []
  const findings: Finding[] = []
  if (spec.type === 'ExternalName' && !spec.externalName)
    findings.push({ path: ['spec', 'externalName'], message: 'is required for type ExternalName' })
  if (ports.length === 0 && spec.type !== 'ExternalName' && spec.clusterIP !== 'None')
    findings.push({ path: ['spec', 'ports'], message: 'is required, expected at least one port' })
  ports.forEach((p, i) => {
    if (ports.length > 1 && !p.name)
      findings.push({
        path: ['spec', 'ports', i, 'name'],
        message: 'is required where a Service has more than one port',
      })
  })
  for (const i of repeated(ports, p => p.name || undefined))
    findings.push({
      path: ['spec', 'ports', i, 'name'],
      message: 'is the name of another port of this Service',
    })
  for (const i of repeated(ports, p => `${p.protocol ?? 'TCP'} ${p.port}`))
    findings.push({ path: ['spec', 'ports', i, 'port'], message: 'is given twice for the same protocol' })
  return findings
}
