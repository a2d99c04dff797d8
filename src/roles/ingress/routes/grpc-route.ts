import type { GRPCRoute, GRPCRouteRule } from '../../../model/kinds/grpc-route.ts'
import { callMatches } from './grpc-matches.ts'
import type { RouteState } from './route.ts'
import { routeState, type Dialect, type Leads } from './rules.ts'

/** Without rules it takes nothing: unlike an HTTPRoute it has no rule by default. */
export function grpcRouteOf(route: GRPCRoute, age: number, leads: Leads): RouteState {
  return routeState(route, route.body.spec.rules ?? [], age, leads, grpc)
}

const grpc: Dialect<GRPCRouteRule> = {
  use: 'grpc',
  matches: callMatches,
  doubts: () => [],
  answerWithoutBackend: 'every call is answered UNAVAILABLE',
  // A call may be a conversation of hours; how long it may take is for its client to say (grpc-timeout).
  forwarding: () => ({ requestTimeoutMs: 0, backendTimeoutMs: 0, retry: null, grpc: true }),
}
