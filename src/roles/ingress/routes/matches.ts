import { routeDefaults } from '../../../model/defaults.ts'
import { Rejection } from '../../../http/failures.ts'
import { ownedFields } from '../../../http/owned-fields.ts'
import { canonicalPath, writtenPaths } from '../../../http/target.ts'
import type { HTTPPathMatch, HTTPRouteMatch, HTTPRouteRule } from '../../../model/kinds/http-route.ts'
import type { FieldPath } from '../../../model/resource.ts'
import { checkRegex } from '../../../snapshot/regex.ts'
import type { Match, PathMatch, ValueMatch } from '../../../snapshot/rule.ts'
import type { Flaw } from '../../../translation/report.ts'

const everything: readonly HTTPRouteMatch[] = [{}]

/** The matches of a rule. A rule whose matches have flaws is not to be served, so they come together. */
export function matchesOf({ matches }: HTTPRouteRule, path: FieldPath): { matches: Match[]; flaws: Flaw[] } {
  const flaws: Flaw[] = []
  // An empty list is what the API server makes of an absent one: the default, a prefix of "/".
  const declared = matches === undefined || matches.length === 0 ? everything : matches
  return { matches: declared.map((match, i) => oneMatch(match, [...path, 'matches', i], flaws)), flaws }
}

function oneMatch(match: HTTPRouteMatch, path: FieldPath, flaws: Flaw[]): Match {
  return {
    path: pathMatch(match.path ?? {}, [...path, 'path'], flaws),
    method: match.method ?? '',
    headers: headerMatches(match.headers ?? [], [...path, 'headers'], flaws),
    query: queryMatches(match.queryParams ?? [], [...path, 'queryParams'], flaws),
  }
}

export function pathMatch(
  { type = routeDefaults.pathType, value = routeDefaults.path }: HTTPPathMatch,
  path: FieldPath,
  flaws: Flaw[],
): PathMatch {
  if (type === 'RegularExpression') {
    regexFlaw(value, [...path, 'value'], flaws, false)
    return { type: 'regex', value }
  }
  // The same spelling as that of requests, or "/caf%c3%a9" would never meet "/caf%C3%A9".
  const canonical = canonicalPath(value, writtenPaths)
  if (canonical instanceof Rejection) {
    flaws.push({
      reason: 'UnsupportedValue',
      path: [...path, 'value'],
      message: `no request can have this path: ${canonical.detail}`,
    })
    return { type: 'exact', value }
  }
  if (type === 'Exact') return { type: 'exact', value: canonical }
  if (type === 'PathPrefix') return { type: 'prefix', value: withoutSlash(canonical) }
  return unknownType(type, path, flaws)
}

/** Unknown values of an enumeration come from a newer release of the standard than ours. */
export function unknownType(type: never, path: FieldPath, flaws: Flaw[]): PathMatch {
  flaws.push({
    reason: 'UnsupportedValue',
    path: [...path, 'type'],
    message: `${JSON.stringify(type)} is not known here`,
  })
  return { type: 'exact', value: '' }
}

/** "A trailing / is ignored" in prefixes; "/" becomes "". */
export function withoutSlash(prefix: string): string {
  return prefix.endsWith('/') ? prefix.slice(0, -1) : prefix
}

type HeaderMatch = NonNullable<HTTPRouteMatch['headers']>[number]
type QueryMatch = NonNullable<HTTPRouteMatch['queryParams']>[number]

export function headerMatches(headers: readonly HeaderMatch[], path: FieldPath, flaws: Flaw[]): ValueMatch[] {
  const lower = headers.map(header => ({ ...header, name: header.name.toLowerCase() }))
  for (const [i, { name }] of lower.entries())
    if (ownedFields.has(name)) {
      const hint = name === 'host' ? 'use spec.hostnames' : 'it belongs to the connection, not to the request'
      flaws.push({
        reason: 'UnsupportedValue',
        path: [...path, i, 'name'],
        message: `${name} cannot be matched: ${hint}`,
      })
    }
  return valueMatches(lower, path, flaws, false)
}

function queryMatches(params: readonly QueryMatch[], path: FieldPath, flaws: Flaw[]): ValueMatch[] {
  return valueMatches(params, path, flaws, true)
}

/** Only the first of several with one name counts (HTTPHeaderMatch.name, HTTPQueryParamMatch.name). */
function valueMatches(
  list: readonly (HeaderMatch | QueryMatch)[],
  path: FieldPath,
  flaws: Flaw[],
  lineBreaks: boolean,
): ValueMatch[] {
  const matches: ValueMatch[] = []
  for (const [i, { name, type, value }] of list.entries()) {
    if (matches.some(match => match.name === name)) continue
    if (type === 'RegularExpression') regexFlaw(value, [...path, i, 'value'], flaws, lineBreaks)
    matches.push({ name, type: type === 'RegularExpression' ? 'regex' : 'exact', value })
  }
  return matches
}

export function regexFlaw(pattern: string, path: FieldPath, flaws: Flaw[], lineBreaks: boolean): void {
  const problem = checkRegex(pattern, lineBreaks)
  if (problem !== null)
    flaws.push({
      reason: 'UnsupportedValue',
      path,
      message: `regular expression ${JSON.stringify(pattern)} is refused: ${problem}`,
    })
}
