import { isKind } from '../../../model/kind.ts'
import { GRPCRoute } from '../../../model/kinds/grpc-route.ts'
import { HTTPRoute } from '../../../model/kinds/http-route.ts'
import { TCPRoute } from '../../../model/kinds/tcp-route.ts'
import { UDPRoute } from '../../../model/kinds/udp-route.ts'
import { TLSRoute } from '../../../model/kinds/tls-route.ts'
import type { Resources } from '../../../model/resources.ts'
import { grpcRouteOf } from './grpc-route.ts'
import { httpRouteOf } from './http-route.ts'
import { isValid, type RouteState } from './route.ts'
import type { Leads } from './rules.ts'
import { streamRouteOf } from './stream-route.ts'

/**
 * All routes in the order in which they are attached. HTTPRoutes and GRPCRoutes have
 * one order of age, for the older one has a hostname that both want; those that are not
 * accepted come last, so that they take no hostname from those that are.
 */
export function routesOf(resources: Resources, leads: Leads): RouteState[] {
  const requests = requestRoutes(resources).map((route, age) =>
    isKind(route, HTTPRoute) ? httpRouteOf(route, age, leads) : grpcRouteOf(route, age, leads),
  )
  return [
    ...requests.filter(isValid),
    ...requests.filter(state => !isValid(state)),
    ...[TLSRoute, TCPRoute, UDPRoute].flatMap(kind =>
      resources.all(kind).map(route => streamRouteOf(route, leads.backends)),
    ),
  ]
}

function requestRoutes(resources: Resources): readonly (HTTPRoute | GRPCRoute)[] {
  const calls = resources.all(GRPCRoute)
  if (calls.length === 0) return resources.all(HTTPRoute)
  return resources.list.filter(one => isKind(one, HTTPRoute) || isKind(one, GRPCRoute))
}
