import type { GRPCRoute, GRPCRouteRule } from '../../../model/kinds/grpc-route.ts'
import type { BackendRefs } from '../backends/backend-refs.ts'
import { callMatches } from './grpc-matches.ts'
import type { RouteState } from './route.ts'
import { routeState, type Dialect } from './rules.ts'

/** Without rules it takes nothing: unlike an HTTPRoute it has no rule by default. */
export function grpcRouteOf(route: GRPCRoute, age: number, backends: BackendRefs): RouteState {
  return routeState(route, route.body.spec.rules ?? [], age, backends, grpc)
}

const grpc: Dialect<GRPCRouteRule> = {
  use: 'grpc',
  matches: callMatches,
  doubts: () => [],
  answerWithoutBackend: 'every call is answered UNAVAILABLE',
  // A call may be a conversation of hours; how long it may take is for its client to say (grpc-timeout).
  forwarding: () => ({ requestTimeoutMs: 0, backendTimeoutMs: 0, retry: null, grpc: true }),
}
