import type { ResourceKind } from '../../../model/kind.ts'
import { GRPCRoute } from '../../../model/kinds/grpc-route.ts'
import { HTTPRoute } from '../../../model/kinds/http-route.ts'
import { TCPRoute } from '../../../model/kinds/tcp-route.ts'
import { UDPRoute } from '../../../model/kinds/udp-route.ts'
import { TLSRoute } from '../../../model/kinds/tls-route.ts'
import type { Resource } from '../../../model/resource.ts'
import type { Resources } from '../../../model/resources.ts'
import type { StreamRule } from '../../../snapshot/rule.ts'
import type { Doubt, Flaw } from '../../../translation/report.ts'
import type { RankedEntry } from './precedence.ts'

/** Those of connections and datagrams, which have a StreamRule. */
export type StreamRoute = TLSRoute | TCPRoute | UDPRoute

export type Route = HTTPRoute | GRPCRoute | StreamRoute

/** What a route comes to, whatever it is attached to. */
export interface RouteState<R extends Resource = Route> {
  readonly route: R
  readonly entries: readonly RankedEntry[]
  /** Of a route of connections, in place of entries. */
  readonly stream: StreamRule | null
  /** References that cannot be followed: ResolvedRefs. */
  readonly unresolved: readonly Flaw[]
  /** The rules that are not served as they are written, by their position: PartiallyInvalid, or Accepted where it is all of them. */
  readonly invalid: ReadonlyMap<number, readonly Flaw[]>
  readonly ruleCount: number
  readonly doubts: readonly Doubt[]
}

/** Whether it has a rule that is served as it is written, or none at all, which is nothing wrong. */
export function isValid({ invalid, ruleCount }: Pick<RouteState, 'invalid' | 'ruleCount'>): boolean {
  return invalid.size < ruleCount || ruleCount === 0
}

export const routeKinds: readonly ResourceKind<Route>[] = [HTTPRoute, GRPCRoute, TLSRoute, TCPRoute, UDPRoute]

/** Of every kind, whether or not any Gateway of ours serves them. */
export function allRoutes(resources: Resources): Route[] {
  return routeKinds.flatMap(kind => [...resources.all(kind)])
}

/** Those that it names; none where it takes whatever its listener does. */
export function hostnamesOf({ body: { spec } }: Route): readonly string[] {
  return 'hostnames' in spec ? (spec.hostnames ?? []) : []
}
