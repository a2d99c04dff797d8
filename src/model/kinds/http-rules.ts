import { durationMs } from '../quantity.ts'
import { backendRefRules, filterListRules } from './http-filter-rules.ts'
import type { HTTPBackendRef, HTTPFilter } from './http-filters.ts'
import type {
  HTTPPathMatch,
  HTTPRouteBody,
  HTTPRouteRule,
  ParentReference,
  SessionPersistence,
} from './http-route.ts'
import { repeated, type Finding } from './shapes.ts'

type Path = Finding['path']

/** Of all rules together (the CRD's CEL). */
const MAX_MATCHES = 128

/** The CEL rules of the HTTPRoute CRD (v1.6.1, experimental channel), with its defaults taken into account. */
export function httpRouteRules({ spec }: HTTPRouteBody): Finding[] {
  const rules = spec.rules ?? []
  const findings = [
    ...parentRules(spec.parentRefs ?? []),
    ...rules.flatMap((rule, i) => oneRule(rule, ['spec', 'rules', i])),
  ]
  const matches = rules.reduce((sum, rule) => sum + (rule.matches?.length ?? 1), 0)
  if (matches > MAX_MATCHES)
    findings.push({
      path: ['spec', 'rules'],
      message: `have ${matches} matches in all, expected at most ${MAX_MATCHES} in one route`,
    })
  for (const i of repeated(rules, rule => rule.name))
    findings.push({
      path: ['spec', 'rules', i, 'name'],
      message: 'is the name of another rule of this route',
    })
  return findings
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
      message: `has a character that a URL path cannot have, expected it percent-encoded for type ${type}`,
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

function sessionRules(session: SessionPersistence, path: Path): Finding[] {
  const findings: Finding[] = []
  if (session.cookieConfig?.lifetimeType === 'Permanent' && session.absoluteTimeout === undefined)
    findings.push({
      path: [...path, 'absoluteTimeout'],
      message: 'is required where cookieConfig.lifetimeType is Permanent',
    })
  if (session.cookieConfig && session.type === 'Header')
    findings.push({ path: [...path, 'cookieConfig'], message: 'must be absent for type Header' })
  return findings
}

/** Two references to one parent must tell its sections apart, both by the same of sectionName and port. */
export function parentRules(parents: readonly ParentReference[]): Finding[] {
  const parentOf = (p: ParentReference) =>
    JSON.stringify([p.group ?? 'gateway.networking.k8s.io', p.kind ?? 'Gateway', p.namespace ?? '', p.name])
  const findings: Finding[] = []
  parents.forEach((one, i) => {
    const mixed = parents
      .slice(0, i)
      .some(other => parentOf(one) === parentOf(other) && !sameFields(one, other))
    if (mixed)
      findings.push({
        path: ['spec', 'parentRefs', i],
        message: 'refers to the same parent as another one, expected sectionName or port on both',
      })
  })
  for (const i of repeated(parents, p => JSON.stringify([parentOf(p), p.sectionName ?? '', p.port ?? 0])))
    findings.push({
      path: ['spec', 'parentRefs', i],
      message:
        'refers to the same parent and section as another one, expected a sectionName or port of its own',
    })
  return findings
}

function sameFields(a: ParentReference, b: ParentReference): boolean {
  return (
    (a.sectionName === undefined) === (b.sectionName === undefined) &&
    (a.port === undefined) === (b.port === undefined)
  )
}
