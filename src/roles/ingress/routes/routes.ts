import { isKind, type ResourceKind } from '../../../model/kind.ts'
import { GRPCRoute } from '../../../model/kinds/grpc-route.ts'
import { HTTPRoute } from '../../../model/kinds/http-route.ts'
import { TLSRoute } from '../../../model/kinds/tls-route.ts'
import type { Resource } from '../../../model/resource.ts'
import type { Resources } from '../../../model/resources.ts'
import type { BackendRefs } from '../backends/backend-refs.ts'
import { grpcRouteOf } from './grpc-route.ts'
import { httpRouteOf } from './http-route.ts'
import { isValid, type RouteState } from './route.ts'
import { tlsRouteOf } from './tls-route.ts'

const routeKinds: readonly ResourceKind[] = [HTTPRoute, GRPCRoute]

/**
 * All routes in the order in which they are attached. HTTPRoutes and GRPCRoutes have
 * one order of age, for the older one has a hostname that both want; those that are not
 * accepted come last, so that they take no hostname from those that are.
 */
export function routesOf(resources: Resources, backends: BackendRefs): RouteState[] {
  const requests = resources.list.filter(one => routeKinds.some(kind => isKind(one, kind)))
  const ages = new Map(requests.map((route, age) => [route, age]))
  const ageOf = (route: Resource): number => ages.get(route) ?? 0
  const routes = [
    ...resources.all(HTTPRoute).map(route => httpRouteOf(route, ageOf(route), backends)),
    ...resources.all(GRPCRoute).map(route => grpcRouteOf(route, ageOf(route), backends)),
  ]
  routes.sort((a, b) => Number(isValid(b)) - Number(isValid(a)) || ageOf(a.route) - ageOf(b.route))
  return [...routes, ...resources.all(TLSRoute).map(route => tlsRouteOf(route, backends))]
}
