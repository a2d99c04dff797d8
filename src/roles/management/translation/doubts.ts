import { canonicalPath, writtenPaths } from '../../../http/target.ts'
import { routeDefaults } from '../../../model/defaults.ts'
import type { HTTPRouteMatch } from '../../../model/kinds/http-route.ts'
import { apiDefaults } from '../kinds/defaults.ts'
import type { Operation } from '../openapi/document.ts'
import { fits } from '../openapi/matcher.ts'
import { templateOf, type Template } from '../openapi/template.ts'
import type { ApiState, ApiWorld } from './apis.ts'
import type { Cover } from './covers.ts'

/** An API that anybody may use without saying who it is; likely it was to be had by a plan. */
export function doubtOpen({ api, covers, isClosed }: ApiState, { report }: ApiWorld): void {
  const { lifecycle = apiDefaults.lifecycle } = api.body.spec
  if (lifecycle === 'Draft' || lifecycle === 'Retired' || covers.length === 0 || isClosed) return
  report.doubt(api, {
    severity: 'warning',
    reason: 'NoProduct',
    path: [],
    message:
      'no Product has it, and no AuthenticationPolicy is for it: whoever asks is served, without a plan',
  })
}

const SHOWN = 4

/** Operations that no match of its routes takes: requests for them are answered 404, or by something else. */
export function doubtUnreachable({ api, covers, document }: ApiState, { report }: ApiWorld): void {
  if (document === null || covers.length === 0) return
  const matches = covers.flatMap(matchesOf)
  const { basePath = apiDefaults.basePath } = api.body.spec
  const lost = document.operations.filter(one => !matches.some(match => reaches(match, one, basePath)))
  if (lost.length === 0) return
  const names = lost.slice(0, SHOWN).map(({ method, template }) => `${method} ${basePath}${template}`)
  const rest = lost.length > SHOWN ? ` and ${lost.length - SHOWN} more` : ''
  const hint =
    lost.length === document.operations.length
      ? '; basePath says what paths have before those of the document'
      : ''
  report.doubt(api, {
    severity: 'warning',
    reason: 'UnreachableOperation',
    path: document.path,
    message: `no match of the routes that it names takes ${names.join(', ')}${rest}${hint}`,
  })
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

function reaches(match: RouteMatch, { method, template }: Operation, basePath: string): boolean {
  if (match === null) return true
  if (match.method !== undefined && match.method !== method) return false
  const { type = routeDefaults.pathType, value = routeDefaults.path } = match.path ?? {}
  if (type === 'RegularExpression') return true
  const wanted = templateOf(basePath + template)
  const canonical = canonicalPath(value, writtenPaths)
  if (typeof wanted === 'string' || typeof canonical !== 'string') return true
  const segments = canonical.slice(1).split('/')
  if (type === 'Exact') return segments.length === wanted.length && begins(wanted, segments)
  // A prefix takes whole segments, with or without a slash at its end.
  return begins(wanted, segments.at(-1) === '' ? segments.slice(0, -1) : segments)
}

function begins(template: Template, segments: readonly string[]): boolean {
  return segments.every((segment, i) => template[i] !== undefined && fits(segment, template[i]))
}
