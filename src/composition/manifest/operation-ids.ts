import type { Route } from '../routes/route.ts'
import type { HttpRule } from '../transcode/rule/http-rule.ts'

/** What operations are called in a manifest and in its document, each by a name of its own. */
export class OperationIds {
  private readonly ids = new Map<Route | HttpRule, string>()
  private readonly taken = new Set<string>()

  /** Throws a TypeError where two routes say the same name. */
  constructor(routes: readonly Route[]) {
    // What is said comes before what is made, wherever it stands.
    for (const route of routes) {
      const { operationId } = route.options
      if (operationId === undefined || route.kind === 'transcoded') continue
      if (this.taken.has(operationId))
        throw new TypeError(
          `${route.method} ${route.path}: operationId is ${JSON.stringify(operationId)}, as of another route`,
        )
      this.keep(route, operationId)
    }
    for (const route of routes) {
      if (route.kind === 'transcoded')
        for (const rule of route.transcoder.rules) this.keep(rule, this.unique(ruleId(rule)))
      else if (!this.ids.has(route)) this.keep(route, this.unique(routeId(route)))
    }
  }

  of(operation: Route | HttpRule): string {
    return this.ids.get(operation) ?? ''
  }

  private keep(operation: Route | HttpRule, id: string): void {
    this.ids.set(operation, id)
    this.taken.add(id)
  }

  /** `Library_GetBook2`, where there is one before it. */
  private unique(id: string): string {
    for (let i = 1; ; i++) {
      const numbered = i === 1 ? id : `${id}${i}`
      if (!this.taken.has(numbered)) return numbered
    }
  }
}

/** `get_me_id_home` of GET /me/{id}/home: the same as long as method and path are. */
const routeId = ({ method, path }: Route): string =>
  [method.toLowerCase(), ...path.split('/').map(segment => segment.replaceAll(/[^\w]+/g, ''))]
    .filter(part => part !== '')
    .join('_')

/** `Library_GetBook` */
const ruleId = ({ method }: HttpRule): string => `${method.parent.name}_${method.name}`
