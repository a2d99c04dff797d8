import type { ComposedRoute, Route } from './route.ts'
import { isBefore, PathTemplate, type Template } from './template.ts'

export interface Found {
  readonly route: Route
  readonly params: Record<string, string>
}

interface Entry {
  readonly template: Template
  readonly byMethod: Map<string, Route>
}

/** Which route takes a request. A segment as it stands comes before a name, from the left; HEAD is GET without a body. */
export class Router {
  private readonly entries: readonly Entry[]

  constructor(routes: readonly Route[]) {
    const entries = new Map<string, Entry>()
    for (const route of routes) {
      const method = keyOf(route)
      const template = route.template ?? new PathTemplate(route.path)
      checkParams(route, template)
      if (route.kind === 'composed') checkPartial(route)
      const entry = entries.get(template.shape) ?? { template, byMethod: new Map<string, Route>() }
      // Also for OpenAPI, which takes them for the same path.
      if (entry.template.text !== template.text)
        throw new TypeError(`two paths differ in names alone: ${entry.template.text} and ${template.text}`)
      if (entry.byMethod.has(method)) throw new TypeError(`two routes take ${route.method} ${route.path}`)
      entry.byMethod.set(method, route)
      entries.set(template.shape, entry)
    }
    this.entries = [...entries.values()].sort(
      (a, b) => Number(isBefore(b.template, a.template)) - Number(isBefore(a.template, b.template)),
    )
  }

  /** The methods that the path has, where it has not this one; null where nobody takes the path. Throws a URIError for a path with a broken escape. */
  find(method: string, path: string, upgrade = false): Found | readonly string[] | null {
    const allowed: string[] = []
    for (const { template, byMethod } of this.entries) {
      const params = template.match(path)
      if (params === null) continue
      const usual = method === 'HEAD' ? 'GET' : method
      const route =
        (upgrade ? byMethod.get(UPGRADE) : undefined) ??
        byMethod.get(usual) ??
        byMethod.get('*') ??
        (usual === 'GET' ? byMethod.get(UPGRADE) : undefined)
      if (route !== undefined) return { route, params }
      allowed.push(...Array.from(byMethod.keys(), key => (key === UPGRADE ? 'GET' : key)))
    }
    if (allowed.includes('GET')) allowed.push('HEAD')
    return allowed.length === 0 ? null : [...new Set(allowed)]
  }
}

/** A WebSocket stands beside a GET of the same path. */
const keyOf = ({ kind, method }: Route): string => (kind === 'websocket' ? UPGRADE : method)

const UPGRADE = 'upgrade'

function checkParams({ method, path, options }: Route, template: Template): void {
  for (const name of Object.keys(options.in?.params?.properties ?? {}))
    if (!template.names.includes(name))
      throw new TypeError(`${method} ${path}: in.params has "${name}", which is not in the path`)
}

function checkPartial({ method, path, options }: ComposedRoute): void {
  const { partial, out } = options
  if (typeof partial !== 'object') return
  const { type, properties = {} } = out as { readonly type?: string; readonly properties?: object }
  if (type !== 'object' || partial.member in properties)
    throw new TypeError(
      `${method} ${path}: the member "${partial.member}" for what is missing is to be added to an answer that is an object and has none of that name`,
    )
}
