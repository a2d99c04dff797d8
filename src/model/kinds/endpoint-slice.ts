import { isIP } from 'node:net'
import { Type } from 'typebox'
import type { Resource } from '../resource.ts'
import { integer, list, object, record, type Finding, type Shape } from './shapes.ts'

const objectReference = object({
  kind: Type.Optional(Type.String()),
  namespace: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  uid: Type.Optional(Type.String()),
  apiVersion: Type.Optional(Type.String()),
  resourceVersion: Type.Optional(Type.String()),
  fieldPath: Type.Optional(Type.String()),
})

const names = Type.Array(object({ name: Type.String() }))

/** `ready` and `serving` are to be read as true where absent, `terminating` as false. */
const endpoint = object({
  addresses: list(Type.String(), 1, 100),
  conditions: Type.Optional(
    object({
      ready: Type.Optional(Type.Boolean()),
      serving: Type.Optional(Type.Boolean()),
      terminating: Type.Optional(Type.Boolean()),
    }),
  ),
  hostname: Type.Optional(Type.String()),
  targetRef: Type.Optional(objectReference),
  deprecatedTopology: Type.Optional(record(Type.String())),
  nodeName: Type.Optional(Type.String()),
  zone: Type.Optional(Type.String()),
  hints: Type.Optional(object({ forZones: Type.Optional(names), forNodes: Type.Optional(names) })),
})

const endpointPort = object({
  name: Type.Optional(Type.String()),
  protocol: Type.Optional(Type.Enum(['TCP', 'UDP', 'SCTP'])),
  /** Every port where absent. */
  port: Type.Optional(integer(1, 65535)),
  appProtocol: Type.Optional(Type.String()),
})

/**
 * discovery.k8s.io/v1 EndpointSlice. Belongs to the Service that its label kubernetes.io/service-name
 * names. `endpoints` is absent where it was null, as empty slices come from an API server.
 */
export const endpointSliceSchema = object({
  addressType: Type.Enum(['IPv4', 'IPv6', 'FQDN']),
  endpoints: Type.Optional(Type.Array(endpoint, { maxItems: 1000 })),
  ports: Type.Optional(Type.Array(endpointPort, { maxItems: 20_000 })),
})

export type EndpointSliceBody = Shape<typeof endpointSliceSchema>
export type EndpointSlice = Resource<EndpointSliceBody>

const families = { IPv4: 4, IPv6: 6, FQDN: 0 } as const

export function endpointSliceRules({ addressType, endpoints = [] }: EndpointSliceBody): Finding[] {
  return endpoints.flatMap((e, i) =>
    e.addresses.flatMap((address, j) =>
      address !== '' && isIP(address) === families[addressType]
        ? []
        : [{ path: ['endpoints', i, 'addresses', j], message: `is not of addressType ${addressType}` }],
    ),
  )
}
