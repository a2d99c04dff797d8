import { routeDefaults } from '../../../model/defaults.ts'
import type { GRPCMethodMatch } from '../../../model/kinds/grpc-route.ts'
import type { Match } from '../../../snapshot/rule.ts'
import type { RouteEntry } from '../../../snapshot/snapshot.ts'

/** Where an entry comes from, for ties. */
export interface TieBreak {
  /** Larger than those of older routes, and of one age than those in front by namespace/name. */
  readonly route: number
  /** Positions from 0. */
  readonly rule: number
  readonly match: number
}

export interface RankedEntry {
  readonly entry: RouteEntry
  /** By the criteria of its kind of route, the first one first; the larger number wins. */
  readonly weight: readonly number[]
  readonly tie: TieBreak
}

/**
 * The order in which matches are tried of routes whose own hostnames are the same: by their weight, then
 * the older route, the earlier rule, the earlier match. It never returns 0 for two
 * different places. Of one hostname all routes are of one kind, so that all
 * weights mean the same.
 */
export function byPrecedence({ weight: x, tie: a }: RankedEntry, { weight: y, tie: b }: RankedEntry): number {
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return y[i]! - x[i]!
  return a.route - b.route || a.rule - b.rule || a.match - b.match
}

/**
 * HTTPRouteRule.matches: exact paths, then the longer path, a method, more headers,
 * more query parameters.
 *
 * The standard leaves regular expressions to us. They come after exact paths and
 * before prefixes, the longer pattern first, as in gateways built on Envoy: a
 * regular expression takes the whole path, and behind the prefixes it would be
 * out of reach wherever there is a catch-all "/".
 */
export function httpWeight({ path, method, headers, query }: Match): readonly number[] {
  return [pathWeight[path.type], path.value.length, method === '' ? 0 : 1, headers.length, query.length]
}

/** What the weight of an exact path begins with; of none is it more. */
export const EXACT = 2
const pathWeight = { exact: EXACT, regex: 1, prefix: 0 } as const

/**
 * GRPCRouteRule.matches: more characters of the service, more of the method, more
 * headers. A regular expression, of which the standard says nothing, comes after
 * names that are written out, and before no name at all.
 */
export function grpcWeight(
  { type = routeDefaults.matchType, service = '', method = '' }: GRPCMethodMatch,
  headers: number,
): readonly number[] {
  const written = type === 'Exact' ? 2 : 1
  const of = (name: string): number[] => [name === '' ? 0 : written, name.length]
  return [...of(service), ...of(method), headers]
}
