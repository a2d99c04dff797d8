import { GATEWAY_API, type ResourceKind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import { transportRouteRules, transportRouteSchema, type TransportRouteBody } from './transport-route.ts'

export type TCPRoute = Resource<TransportRouteBody>

/** gateway.networking.k8s.io TCPRoute, v1 of release v1.7.0; v1alpha2 is read by the same schema, and took several rules. */
export const TCPRoute: ResourceKind<TCPRoute> = {
  group: GATEWAY_API,
  versions: ['v1', 'v1alpha2'],
  kind: 'TCPRoute',
  plural: 'tcproutes',
  scope: 'Namespaced',
  role: 'ingress',
  schema: transportRouteSchema(
    'Sends the connections of a listener with protocol TCP to backends. Of several for one listener the oldest has them all.',
  ),
  rules: transportRouteRules,
}
