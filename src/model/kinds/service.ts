import { Type } from 'typebox'
import { portDefaults } from '../defaults.ts'
import type { ResourceKind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import {
  integer,
  object,
  optional,
  port,
  record,
  repeated,
  required,
  type Violation,
  type Shape,
} from './shapes.ts'

const servicePort = object({
  name: optional(
    Type.String({ maxLength: 63 }),
    'The name of the port; needed where there are several. Policies refer to it by `sectionName`.',
  ),
  protocol: optional(
    Type.Enum(['TCP', 'UDP', 'SCTP']),
    'What it is on; routes are sent to TCP.',
    portDefaults.protocol,
  ),
  appProtocol: optional(
    Type.String(),
    'What is spoken: http, https (with a BackendTLSPolicy), kubernetes.io/h2c, kubernetes.io/ws. Left out, HTTP/1.1, or gRPC for a GRPCRoute.',
  ),
  port: required(port, 'The port to which backendRefs refer.'),
  targetPort: optional(
    Type.Unsafe<number | string>({ type: ['integer', 'string'] }),
    'The port of the Pods, by number or name. Not looked at here: EndpointSlices have the ports.',
  ),
  nodePort: optional(integer(0, 65535), 'The port on every node of the cluster. Not looked at here.'),
})

const strings = Type.Array(Type.String())

/** Core v1 Service, every field of ServiceSpec; those of no use to a gateway are read and not looked at. */
const serviceSchema = object(
  {
    spec: optional(
      object({
        ports: optional(Type.Array(servicePort), 'Its ports.'),
        selector: optional(
          record(Type.String()),
          'Labels of its Pods. Kubernetes makes EndpointSlices by them, and those are what is looked at.',
        ),
        clusterIP: optional(
          Type.String(),
          'Its address in the cluster. Where it has one (not None) and no EndpointSlice, it is looked up as NAME.NAMESPACE.svc.',
        ),
        clusterIPs: optional(strings, 'Its addresses of both families. Not looked at here.'),
        type: optional(
          Type.Enum(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName']),
          'How it is reached. ExternalName: under the name that `externalName` says.',
          'ClusterIP',
        ),
        externalIPs: optional(strings, 'More addresses that nodes take for it. Not looked at here.'),
        sessionAffinity: optional(
          Type.Enum(['ClientIP', 'None']),
          'Whether a client stays with a Pod. Not looked at here: a BackendPolicy says how requests are balanced.',
        ),
        loadBalancerIP: optional(
          Type.String(),
          'The address that a balancer is to have. Not looked at here.',
        ),
        loadBalancerSourceRanges: optional(strings, 'Whom a balancer lets in. Not looked at here.'),
        externalName: optional(Type.String(), 'The DNS name that it stands for, with type ExternalName.'),
        externalTrafficPolicy: optional(
          Type.Enum(['Cluster', 'Local']),
          'Which Pods get traffic from outside. Not looked at here.',
        ),
        healthCheckNodePort: optional(
          integer(0, 65535),
          'The port by which balancers check nodes. Not looked at here.',
        ),
        publishNotReadyAddresses: optional(
          Type.Boolean(),
          'Whether Pods count as ready before they are. Not looked at here: EndpointSlices have it.',
        ),
        sessionAffinityConfig: optional(
          object({
            clientIP: optional(
              object({
                timeoutSeconds: optional(integer(1, 86400), 'Seconds for which a client stays with a Pod.'),
              }),
              'For affinity ClientIP.',
            ),
          }),
          'More about `sessionAffinity`. Not looked at here.',
        ),
        ipFamilies: optional(
          Type.Array(Type.Enum(['IPv4', 'IPv6']), { maxItems: 2 }),
          'Its address families. Where there are EndpointSlices of both, those of the first that has endpoints are used.',
        ),
        ipFamilyPolicy: optional(
          Type.Enum(['SingleStack', 'PreferDualStack', 'RequireDualStack']),
          'Whether it has addresses of both families. Not looked at here.',
        ),
        allocateLoadBalancerNodePorts: optional(
          Type.Boolean(),
          'Whether a balancer gets ports on nodes. Not looked at here.',
        ),
        loadBalancerClass: optional(Type.String(), 'Which balancer serves it. Not looked at here.'),
        internalTrafficPolicy: optional(
          Type.Enum(['Cluster', 'Local']),
          'Which Pods get traffic from inside. Not looked at here.',
        ),
        trafficDistribution: optional(
          Type.String(),
          'PreferSameZone, PreferClose or PreferSameNode: a gateway prefers endpoints of its zone (--zone), as far as they can bear it, unless a BackendPolicy says otherwise.',
        ),
      }),
      'Its ports, and where they are.',
    ),
  },
  { description: "Kubernetes' name for a group of Pods. What answers for it is in its EndpointSlices." },
)

export type ServiceBody = Shape<typeof serviceSchema>
export type ServicePort = Shape<typeof servicePort>
export type Service = Resource<ServiceBody>

export const Service: ResourceKind<Service> = {
  group: '',
  versions: ['v1'],
  kind: 'Service',
  plural: 'services',
  scope: 'Namespaced',
  role: 'ingress',
  schema: serviceSchema,
  rules: serviceRules,
}

/** What the API server checks beyond types and matters to us (pkg/apis/core/validation, ValidateService). */
function serviceRules({ spec }: ServiceBody): Violation[] {
  if (spec === undefined) return []
  const ports = spec.ports ?? []
  const violations: Violation[] = []
  if (spec.type === 'ExternalName' && !spec.externalName)
    violations.push({ path: ['spec', 'externalName'], message: 'is required for type ExternalName' })
  if (ports.length === 0 && spec.type !== 'ExternalName' && spec.clusterIP !== 'None')
    violations.push({ path: ['spec', 'ports'], message: 'is required, expected at least one port' })
  ports.forEach((p, i) => {
    if (ports.length > 1 && !p.name)
      violations.push({
        path: ['spec', 'ports', i, 'name'],
        message: 'is required where a Service has more than one port',
      })
  })
  for (const i of repeated(ports, p => p.name || undefined))
    violations.push({
      path: ['spec', 'ports', i, 'name'],
      message: 'is the name of another port of this Service',
    })
  for (const i of repeated(ports, p => `${p.protocol ?? portDefaults.protocol} ${p.port}`))
    violations.push({ path: ['spec', 'ports', i, 'port'], message: 'is given twice for the same protocol' })
  return violations
}
