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

export function sessionRules(session: SessionPersistence, path: Path): Violation[] {
  const violations: Violation[] = nameViolations(session, path)
  if (session.cookieConfig?.lifetimeType === 'Permanent' && durationMs(session.absoluteTimeout ?? '1s') === 0)
    violations.push({
      path: [...path, 'absoluteTimeout'],
      message: 'must be more than 0s where cookieConfig.lifetimeType is Permanent',
    })
  if (session.cookieConfig?.lifetimeType === 'Permanent' && session.absoluteTimeout === undefined)
    violations.push({
      path: [...path, 'absoluteTimeout'],
      message: 'is required where cookieConfig.lifetimeType is Permanent',
    })
  if (session.cookieConfig && session.type === 'Header')
    violations.push({ path: [...path, 'cookieConfig'], message: 'must be absent for type Header' })
  return violations
}

/** RFC 6265 §4.1.1 and RFC 9110 §5.1: both are tokens. */
function nameViolations({ sessionName, type }: SessionPersistence, path: Path): Violation[] {
  if (sessionName === undefined) return []
  const at = [...path, 'sessionName']
  if (!isToken(sessionName))
    return [
      {
        path: at,
        message: "must be a name of a cookie or a header: letters, digits and any of !#$%&'*+-.^_`|~",
      },
    ]
  const taken = type === 'Header' && (isOwn(sessionName) || sessionName.toLowerCase() === 'set-cookie')
  return taken ? [{ path: at, message: `is a header that the gateway writes itself` }] : []
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
