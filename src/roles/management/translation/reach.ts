import { canonicalPath, writtenPaths } from '../../../http/target.ts'
import { routeDefaults } from '../../../model/defaults.ts'
import type { HTTPRouteMatch } from '../../../model/kinds/http-route.ts'
import type { Operation } from '../openapi/document.ts'
import { fits } from '../openapi/matcher.ts'
import { templateOf, type Template } from '../openapi/template.ts'
import type { Cover } from './covers.ts'

/** Whether a match of the routes that an API covers takes requests of an operation; true where that cannot be said. */
export function reaching(covers: readonly Cover[], basePath: string): (operation: Operation) => boolean {
  const matches = covers.flatMap(matchesOf)
  return ({ method, template }) => {
    const asked = askedOf(basePath + template)
    return asked === null || matches.some(match => reaches(match, method, asked))
  }
}

/** A match as far as operations can be held against it; null: it may take any. */
type RouteMatch = HTTPRouteMatch | null

function matchesOf({ route, rules }: Cover): RouteMatch[] {
  return rules.flatMap((rule): RouteMatch[] => {
    // Documents of OpenAPI have no services and methods of gRPC.
    if (route.kind === 'GRPCRoute') return [null]
    const matches = route.body.spec.rules?.[rule]?.matches ?? []
    return matches.length === 0 ? [null] : (matches as readonly HTTPRouteMatch[]).map(match => match)
  })
}

interface Asked {
  readonly template: Template
  /** Whether its last segment stands for one or several, or none. */
  readonly isOpen: boolean
}

/** Templates of compositions have more than OpenAPI's: `{name=shelves/*\/books/*}`, `{rest=**}`. */
function askedOf(text: string): Asked | null {
  const plain = text.replaceAll(/\{[^{}=]*=([^{}]*)\}/g, '$1')
  let count = 0
  const template = templateOf(plain.replaceAll(/\*\*?/g, () => `{*${count++}}`))
  return typeof template === 'string' ? null : { template, isOpen: plain.includes('**') }
}

function reaches(match: RouteMatch, method: string, { template, isOpen }: Asked): boolean {
  if (match === null) return true
  if (match.method !== undefined && match.method !== method) return false
  const { type = routeDefaults.pathType, value = routeDefaults.path } = match.path ?? {}
  if (type === 'RegularExpression') return true
  const canonical = canonicalPath(value, writtenPaths)
  if (typeof canonical !== 'string') return true
  const segments = canonical.slice(1).split('/')
  const last = template.length - 1
  const begins = (own: readonly string[]): boolean =>
    own.every((segment, i) => (isOpen && i >= last) || (i <= last && fits(segment, template[i]!)))
  if (type === 'Exact')
    return (isOpen ? segments.length >= last : segments.length === template.length) && begins(segments)
  // A prefix takes whole segments, with or without a slash at its end.
  return begins(segments.at(-1) === '' ? segments.slice(0, -1) : segments)
}
