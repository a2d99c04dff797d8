import type { Match, RouteEntry } from '../../snapshot/snapshot.ts'

/** Where an entry comes from, for ties: all of them positions from 0. */
export interface Place {
  /** Of the route among all, the oldest first, then by namespace/name. */
  readonly route: number
  readonly rule: number
  readonly match: number
}

export interface Ranked {
  readonly entry: RouteEntry
  readonly place: Place
}

/**
 * The order in which matches are tried (HTTPRouteRule.matches): exact paths,
 * then the longer path, a method, more headers, more query parameters, the older
 * route, the earlier rule, the earlier match. It never returns 0 for two
 * different places.
 *
 * The standard leaves regular expressions to us. They come after exact paths and
 * before prefixes, the longer pattern first, as in gateways built on Envoy: a
 * regular expression takes the whole path, and behind the prefixes it would be
 * out of reach wherever there is a catch-all "/".
 */
export function byPrecedence(a: Ranked, b: Ranked): number {
  const x = a.entry.match
  const y = b.entry.match
  return (
    pathRank[x.path.type] - pathRank[y.path.type] ||
    y.path.value.length - x.path.value.length ||
    methodRank(x) - methodRank(y) ||
    y.headers.length - x.headers.length ||
    y.query.length - x.query.length ||
    a.place.route - b.place.route ||
    a.place.rule - b.place.rule ||
    a.place.match - b.place.match
  )
}

const pathRank = { exact: 0, regex: 1, prefix: 2 } as const

function methodRank(match: Match): number {
  return match.method === '' ? 1 : 0
}
