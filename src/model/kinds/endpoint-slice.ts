import { portDefaults } from '../defaults.ts'
import { isIP } from 'node:net'
import { Type } from 'typebox'
import type { ResourceKind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import { integer, list, object, optional, record, required, type Violation, type Shape } from './shapes.ts'

const objectReference = object({
  kind: optional(Type.String(), 'Its kind, such as Pod.'),
  namespace: optional(Type.String(), 'Its namespace.'),
  name: optional(Type.String(), 'Its name.'),
  uid: optional(Type.String(), 'Its unique identity in the cluster.'),
  apiVersion: optional(Type.String(), 'Its API group and version.'),
  resourceVersion: optional(Type.String(), 'The version of the object that was seen.'),
  fieldPath: optional(Type.String(), 'A part of the object.'),
})

const conditions = object({
  ready: optional(
    Type.Boolean(),
    'Whether it takes requests: where this is false, none is sent to it.',
    true,
  ),
  serving: optional(Type.Boolean(), 'As `ready`, also while it ends: it is used where none is ready.', true),
  terminating: optional(
    Type.Boolean(),
    'Whether it is ending: no request is sent to it then while others are ready.',
    false,
  ),
})

const names = (description: string) => Type.Array(object({ name: required(Type.String(), description) }))

const endpoint = object({
  addresses: required(list(Type.String(), 1, 100), 'Where it is. The first address is used.'),
  conditions: optional(conditions, 'What state it is in.'),
  hostname: optional(Type.String(), 'Its host name. Not looked at here.'),
  targetRef: optional(objectReference, 'The object that it is, such as a Pod. Not looked at here.'),
  deprecatedTopology: optional(
    record(Type.String()),
    'Where it runs, by labels, as v1beta1 had it. Not looked at here.',
  ),
  nodeName: optional(Type.String(), 'The node that it runs on. Not looked at here.'),
  zone: optional(
    Type.String(),
    'The zone that it runs in: gateways of this zone prefer it where they are to (spec.loadBalancing.zoneAware of a BackendPolicy, trafficDistribution of the Service).',
  ),
  hints: optional(
    object({
      forZones: optional(names('The name of a zone.'), 'Clients of these zones are to use it.'),
      forNodes: optional(names('The name of a node.'), 'Clients on these nodes are to use it.'),
    }),
    'Who should use it, so that traffic stays near. Not looked at here.',
  ),
})

const endpointPort = object({
  name: optional(Type.String(), 'The name of the port of the Service that this is.', ''),
  protocol: optional(
    Type.Enum(['TCP', 'UDP', 'SCTP']),
    'The protocol of the port of the Service that this is.',
    portDefaults.protocol,
  ),
  port: optional(integer(1, 65535), 'The port at these addresses. Left out, nothing is sent there.'),
  appProtocol: optional(Type.String(), 'What is spoken. Not looked at here: that of the Service counts.'),
})

/** discovery.k8s.io/v1 EndpointSlice. `endpoints` is absent where it was null, as empty slices come from an API server. */
const endpointSliceSchema = object(
  {
    addressType: required(Type.Enum(['IPv4', 'IPv6', 'FQDN']), 'What the addresses are; FQDN is DNS names.'),
    endpoints: optional(Type.Array(endpoint, { maxItems: 1000 }), 'What answers for the Service.'),
    ports: optional(Type.Array(endpointPort, { maxItems: 20_000 }), 'The ports that each endpoint has.'),
  },
  {
    description:
      'Addresses of a Service, which the label kubernetes.io/service-name names. Kubernetes writes them; where there is no Kubernetes a Backend is simpler.',
  },
)

export type EndpointSliceBody = Shape<typeof endpointSliceSchema>
export type EndpointSlice = Resource<EndpointSliceBody>

export const EndpointSlice: ResourceKind<EndpointSlice> = {
  group: 'discovery.k8s.io',
  versions: ['v1'],
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  scope: 'Namespaced',
  role: 'ingress',
  schema: endpointSliceSchema,
  rules: endpointSliceRules,
}

const families = { IPv4: 4, IPv6: 6, FQDN: 0 } as const

function endpointSliceRules({ addressType, endpoints = [] }: EndpointSliceBody): Violation[] {
  return endpoints.flatMap((e, i) =>
    e.addresses.flatMap((address, j) =>
      address !== '' && isIP(address) === families[addressType]
        ? []
        : [{ path: ['endpoints', i, 'addresses', j], message: `is not of addressType ${addressType}` }],
    ),
  )
}
