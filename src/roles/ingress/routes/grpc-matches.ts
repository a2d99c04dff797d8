import { routeDefaults } from '../../../model/defaults.ts'
import type { GRPCMethodMatch, GRPCRouteMatch, GRPCRouteRule } from '../../../model/kinds/grpc-route.ts'
import type { FieldPath } from '../../../model/resource.ts'
import type { PathMatch } from '../../../snapshot/rule.ts'
import type { Flaw } from '../../../translation/report.ts'
import { headerMatches, regexFlaw, unknownType } from './matches.ts'
import { grpcWeight } from './precedence.ts'
import type { WeightedMatch } from './rules.ts'

const everything: readonly GRPCRouteMatch[] = [{}]

/** The matches of a rule: a call of gRPC is a request for `/service/method` (doc/PROTOCOL-HTTP2.md, "Path"). */
export function callMatches(
  { matches }: GRPCRouteRule,
  path: FieldPath,
): { matches: WeightedMatch[]; flaws: Flaw[] } {
  const flaws: Flaw[] = []
  const declared = matches === undefined || matches.length === 0 ? everything : matches
  return { matches: declared.map((match, i) => callMatch(match, [...path, 'matches', i], flaws)), flaws }
}

function callMatch(
  { method = {}, headers = [] }: GRPCRouteMatch,
  path: FieldPath,
  flaws: Flaw[],
): WeightedMatch {
  const match = {
    path: callPath(method, [...path, 'method'], flaws),
    method: '',
    headers: headerMatches(headers, [...path, 'headers'], flaws),
    query: [],
  }
  return { match, weight: grpcWeight(method, match.headers.length) }
}

/** Any name: none of gRPC has a slash in it. */
const ANY = '[^/]+'

function callPath(
  { type = routeDefaults.matchType, service = '', method = '' }: GRPCMethodMatch,
  path: FieldPath,
  flaws: Flaw[],
): PathMatch {
  if (type === 'RegularExpression') {
    const parts = [
      expression(service, [...path, 'service'], flaws),
      expression(method, [...path, 'method'], flaws),
    ]
    const value = `/${parts.join('/')}`
    // Each by itself may be harmless, and the two together not.
    if (flaws.length === 0) regexFlaw(value, path, flaws, false)
    return { type: 'regex', value }
  }
  if (type !== 'Exact') return unknownType(type, path, flaws)
  if (service === '')
    return method === '' ? { type: 'prefix', value: '' } : { type: 'regex', value: `/${ANY}/${method}` }
  return method === ''
    ? { type: 'prefix', value: `/${service}` }
    : { type: 'exact', value: `/${service}/${method}` }
}

/** One of the two names as a part of the path's expression; each is matched as a whole. */
function expression(pattern: string, path: FieldPath, flaws: Flaw[]): string {
  if (pattern === '') return ANY
  regexFlaw(pattern, path, flaws, false)
  const inner = withoutAnchors(pattern)
  if (hasAnchor(inner))
    flaws.push({
      reason: 'UnsupportedValue',
      path,
      message: `regular expression ${JSON.stringify(pattern)} is refused: the whole name is matched, so leave "^" and "$" out`,
    })
  return `(?:${inner})`
}

/** At the ends of what is matched as a whole they say nothing new, and in the middle of a path they would never hold. */
function withoutAnchors(pattern: string): string {
  const end = /(?:^|[^\\])(?:\\\\)*\$$/.test(pattern) ? -1 : undefined
  return pattern.slice(pattern.startsWith('^') ? 1 : 0, end)
}

function hasAnchor(pattern: string): boolean {
  return /[\^$]/.test(pattern.replaceAll(/\\./gs, '').replaceAll(/\[[^\]]*\]/g, ''))
}
