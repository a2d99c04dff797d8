import { durationMs } from '../quantity.ts'
import { backendRefRules, filterListRules } from './http-filter-rules.ts'
import type { HTTPBackendRef, HTTPFilter } from './http-filters.ts'
import type { HTTPPathMatch, HTTPRouteBody, HTTPRouteRule } from './http-route.ts'
import { parentRules, ruleListRules, sessionRules } from './route-rules.ts'
import type { Finding } from './shapes.ts'

type Path = Finding['path']

/** The CEL rules of the HTTPRoute CRD (v1.6.1, experimental channel), with its defaults taken into account. */
export function httpRouteRules({ spec }: HTTPRouteBody): Finding[] {
  const rules = spec.rules ?? []
  return [
    ...parentRules(spec.parentRefs ?? []),
    ...rules.flatMap((rule, i) => oneRule(rule, ['spec', 'rules', i])),
    ...ruleListRules(rules, 1),
  ]
}

function oneRule(rule: HTTPRouteRule, path: Path): Finding[] {
  const { filters = [], backendRefs = [], matches = [] } = rule
  return [
    ...matches.flatMap((match, i) =>
      match.path ? pathRules(match.path, [...path, 'matches', i, 'path']) : [],
    ),
    ...filterListRules(filters, [...path, 'filters']),
    ...prefixRules(rule, filters, [...path, 'filters']),
    ...redirectRules(filters, backendRefs, path),
    ...backendRefs.flatMap((ref, i) => backendRules(rule, ref, [...path, 'backendRefs', i])),
    ...timeoutRules(rule, path),
    ...(rule.sessionPersistence
      ? sessionRules(rule.sessionPersistence, [...path, 'sessionPersistence'])
      : []),
  ]
}

function redirectRules(
  filters: readonly HTTPFilter[],
  backendRefs: readonly HTTPBackendRef[],
  path: Path,
): Finding[] {
  if (backendRefs.length === 0) return []
  return filters.flatMap((filter, i) =>
    filter.requestRedirect
      ? [
          {
            path: [...path, 'filters', i, 'requestRedirect'],
            message: 'must not be used together with backendRefs of the same rule',
          },
        ]
      : [],
  )
}

function backendRules(rule: HTTPRouteRule, ref: HTTPBackendRef, path: Path): Finding[] {
  const filters = ref.filters ?? []
  return [
    ...backendRefRules(ref, path),
    ...filterListRules(filters, [...path, 'filters']),
    ...prefixRules(rule, filters, [...path, 'filters']),
  ]
}

/** ReplacePrefixMatch replaces what the rule's only match has matched: there must be one, of type PathPrefix. */
function prefixRules(rule: HTTPRouteRule, filters: readonly HTTPFilter[], path: Path): Finding[] {
  const { matches = [{}] } = rule
  const only = matches.length === 1 ? matches[0] : undefined
  if (only && (only.path?.type ?? 'PathPrefix') === 'PathPrefix') return []
  return filters.flatMap((filter, i) =>
    (['requestRedirect', 'urlRewrite'] as const)
      .filter(field => filter[field]?.path?.replacePrefixMatch !== undefined)
      .map(field => ({
        path: [...path, i, field, 'path', 'replacePrefixMatch'],
        message: `needs exactly one match in this rule, of type PathPrefix; this one has ${matches.length === 1 ? `one of type ${only?.path?.type ?? ''}` : matches.length}`,
      })),
  )
}

/** What Exact and PathPrefix values must not have: [what, where]. */
const forbidden: readonly (readonly [text: string, how: 'contain' | 'end with'])[] = [
  ['//', 'contain'],
  ['/./', 'contain'],
  ['/../', 'contain'],
  ['%2f', 'contain'],
  ['%2F', 'contain'],
  ['#', 'contain'],
  ['/..', 'end with'],
  ['/.', 'end with'],
]
const pathCharacters = /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+$/

function pathRules({ type = 'PathPrefix', value = '/' }: HTTPPathMatch, at: Path): Finding[] {
  if (type === 'RegularExpression') return []
  const path = [...at, 'value']
  if (!value.startsWith('/')) return [{ path, message: `must start with "/" for type ${type}` }]
  const findings = forbidden
    .filter(([text, how]) => (how === 'contain' ? value.includes(text) : value.endsWith(text)))
    .map(([text, how]) => ({ path, message: `must not ${how} "${text}" for type ${type}` }))
  if (findings.length === 0 && !pathCharacters.test(value))
    findings.push({
      path,
      message: `has a character that a URL path cannot have, expected it percent-encoded for type ${type}${/[[\](){}|^$\\]/.test(value) ? ', or type RegularExpression for a pattern' : ''}`,
    })
  return findings
}

function timeoutRules({ timeouts }: HTTPRouteRule, path: Path): Finding[] {
  const request = timeouts?.request === undefined ? 0 : (durationMs(timeouts.request) ?? 0)
  const backend = timeouts?.backendRequest === undefined ? 0 : (durationMs(timeouts.backendRequest) ?? 0)
  if (request === 0 || backend <= request) return []
  return [
    { path: [...path, 'timeouts', 'backendRequest'], message: 'must not be longer than timeouts.request' },
  ]
}
