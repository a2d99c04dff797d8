import type { ParentReference, SessionPersistence } from './route.ts'
import { repeated, type Violation } from './shapes.ts'
import { isToken } from '../../http/chars.ts'
import { isOwn } from '../../http/owned-fields.ts'
import { durationMs } from '../quantity.ts'

type Path = Violation['path']

/** Of all rules together (the CRDs' CEL). */
const MAX_MATCHES = 128

interface RouteRule {
  readonly name?: string
  readonly matches?: readonly unknown[]
}

/** What an HTTPRoute and a GRPCRoute must keep to among their rules; `without` is how many matches no `matches` counts for. */
export function ruleListRules(rules: readonly RouteRule[], without: 0 | 1): Violation[] {
  const violations: Violation[] = []
  const matches = rules.reduce((sum, rule) => sum + (rule.matches?.length ?? without), 0)
  if (matches > MAX_MATCHES)
    violations.push({
      path: ['spec', 'rules'],
      message: `have ${matches} matches in all, expected at most ${MAX_MATCHES} in one route`,
    })
  for (const i of repeated(rules, rule => rule.name))
    violations.push({
      path: ['spec', 'rules', i, 'name'],
      message: 'is the name of another rule of this route',
    })
  return violations
}

/** The CEL rules of the CRDs (v1.7.0), and what cookies and headers are besides. */
export function sessionRules(session: SessionPersistence, path: Path): Violation[] {
  const { type = 'Cookie', cookie, header, absoluteTimeout } = session
  const [own, other] = type === 'Cookie' ? (['cookie', 'header'] as const) : (['header', 'cookie'] as const)
  const violations: Violation[] = []
  if (session[own] === undefined)
    violations.push({ path: [...path, own], message: `is required for type ${type}` })
  if (session[other] !== undefined)
    violations.push({ path: [...path, other], message: `must be absent for type ${type}` })
  if (cookie !== undefined) violations.push(...cookieViolations(cookie, absoluteTimeout, path))
  if (header !== undefined) violations.push(...nameViolations(header.name, [...path, 'header', 'name']))
  const { name = '' } = header ?? {}
  if (isOwn(name) || name.toLowerCase() === 'set-cookie')
    violations.push({
      path: [...path, 'header', 'name'],
      message: 'is a header that the gateway writes itself',
    })
  return violations
}

function cookieViolations(
  { name, path = '/', lifetimeType }: NonNullable<SessionPersistence['cookie']>,
  absoluteTimeout: string | undefined,
  at: Path,
): Violation[] {
  const violations = name === undefined ? [] : nameViolations(name, [...at, 'cookie', 'name'])
  // RFC 6265 §5.2.4: of another path than that browsers make one of their own. What ends an attribute, or the field.
  if (!/^\/[\x20-\x3a\x3c-\x7e]*$/.test(path))
    violations.push({
      path: [...at, 'cookie', 'path'],
      message: 'must begin with "/", and have no ";" and nothing beyond ASCII',
    })
  if (lifetimeType !== 'Permanent') return violations
  if (absoluteTimeout === undefined || durationMs(absoluteTimeout) === 0)
    violations.push({
      path: [...at, 'absoluteTimeout'],
      message:
        absoluteTimeout === undefined
          ? 'is required where cookie.lifetimeType is Permanent'
          : 'must be more than 0s where cookie.lifetimeType is Permanent',
    })
  return violations
}

/** RFC 6265 §4.1.1 and RFC 9110 §5.1: both are tokens. */
function nameViolations(name: string, path: Path): Violation[] {
  if (isToken(name)) return []
  const message = "must be a name of a cookie or a header: letters, digits and any of !#$%&'*+-.^_`|~"
  return [{ path, message }]
}

/** Two references to one parent must tell its sections apart, both by the same of sectionName and port. */
export function parentRules(parents: readonly ParentReference[]): Violation[] {
  const parentOf = (p: ParentReference) =>
    JSON.stringify([p.group ?? 'gateway.networking.k8s.io', p.kind ?? 'Gateway', p.namespace ?? '', p.name])
  const violations: Violation[] = []
  parents.forEach((one, i) => {
    const mixed = parents
      .slice(0, i)
      .some(other => parentOf(one) === parentOf(other) && !sameFields(one, other))
    if (mixed)
      violations.push({
        path: ['spec', 'parentRefs', i],
        message: 'refers to the same parent as another one, expected sectionName or port on both',
      })
  })
  for (const i of repeated(parents, p => JSON.stringify([parentOf(p), p.sectionName ?? '', p.port ?? 0])))
    violations.push({
      path: ['spec', 'parentRefs', i],
      message:
        'refers to the same parent and section as another one, expected a sectionName or port of its own',
    })
  return violations
}

function sameFields(a: ParentReference, b: ParentReference): boolean {
  return (
    (a.sectionName === undefined) === (b.sectionName === undefined) &&
    (a.port === undefined) === (b.port === undefined)
  )
}
