import { Type } from 'typebox'
import { routeDefaults } from '../defaults.ts'
import { PORTCULLIS, type ResourceKind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import { integer, list, object, optional, port, required, text, type Shape } from './shapes.ts'

const address = Type.String({
  format: 'address',
  expected: 'an IP address or a DNS name',
  minLength: 1,
  maxLength: 253,
})

const endpoint = object({
  address: required(
    address,
    'An IP address, or a DNS name that is resolved again and again (spec.dns.refresh of a BackendPolicy).',
  ),
  port: required(port, 'The TCP port.'),
  weight: optional(
    integer(1, 1000),
    'Its share among the endpoints, beside the weights of the others. Every address of a name has the weight of the name.',
    routeDefaults.backendWeight,
  ),
  priority: optional(
    integer(0, 127),
    'Its level: the lowest is used as long as 5 of 7 of it serve, and what it cannot bear goes to the next.',
    0,
  ),
  zone: optional(
    text(253, 1),
    'Where it runs. Gateways of this zone (--zone) prefer it where a BackendPolicy says so (spec.loadBalancing.zoneAware).',
  ),
})

/** portcullis.dev/v1alpha1 Backend. */
const backendSchema = object(
  {
    spec: required(
      object({
        endpoints: required(list(endpoint, 1, 256), 'Where it is: requests are balanced among these.'),
        protocol: optional(
          Type.Enum(['http', 'h2c', 'https', 'h2', 'tcp', 'udp']),
          'http and https speak HTTP/1.1, h2c and h2 HTTP/2; https and h2 by TLS, and verify the backend. Calls of a GRPCRoute go by HTTP/2 to all four. tcp is for TLSRoutes and TCPRoutes, udp for UDPRoutes.',
          'http',
        ),
      }),
      'Where it is, and what it speaks.',
    ),
  },
  {
    description:
      'Something to send to that is no Kubernetes Service: by address, or by DNS name. A route refers to it by group portcullis.dev and kind Backend.',
  },
)

export type BackendBody = Shape<typeof backendSchema>
export type Backend = Resource<BackendBody>

export const Backend: ResourceKind<Backend> = {
  group: PORTCULLIS,
  versions: ['v1alpha1'],
  kind: 'Backend',
  plural: 'backends',
  scope: 'Namespaced',
  role: 'ingress',
  schema: backendSchema,
}
