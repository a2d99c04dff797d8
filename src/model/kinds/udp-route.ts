import { GATEWAY_API, type ResourceKind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import { transportRouteRules, transportRouteSchema, type TransportRouteBody } from './transport-route.ts'

export type UDPRoute = Resource<TransportRouteBody>

/** gateway.networking.k8s.io UDPRoute, v1 of release v1.7.0; v1alpha2 is read by the same schema, and took several rules. */
export const UDPRoute: ResourceKind<UDPRoute> = {
  group: GATEWAY_API,
  versions: ['v1', 'v1alpha2'],
  kind: 'UDPRoute',
  plural: 'udproutes',
  scope: 'Namespaced',
  role: 'ingress',
  schema: transportRouteSchema(
    'Sends the datagrams of a listener with protocol UDP to backends, those of one client to one. Of several for one listener the oldest has them all.',
  ),
  rules: transportRouteRules,
}
