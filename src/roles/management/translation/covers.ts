import { GATEWAY_API } from '../../../model/kind.ts'
import type { GRPCRoute } from '../../../model/kinds/grpc-route.ts'
import { HTTPRoute } from '../../../model/kinds/http-route.ts'
import type { AttachPoint } from '../../../snapshot/contribution.ts'
import { elder } from '../../../translation/elder.ts'
import { accept, parentOf, policyName, type PolicyAttachment } from '../../../translation/policies.ts'
import { protectedScope, type PolicyWorld } from '../../../translation/policy-target.ts'
import { ruleIdOf } from '../../../translation/rule-id.ts'
import type { Scope } from '../../../translation/targetable.ts'
import { API } from '../kinds/api.ts'
import { originOf } from './origin.ts'

/** What an API has of one route that it names. */
export interface Cover {
  readonly attachment: PolicyAttachment<API>
  readonly scope: Scope
  readonly route: HTTPRoute | GRPCRoute
  /** Its rules, of those that the scope has, by their places in the route. */
  readonly rules: readonly number[]
  /** Whether those are all that the scope has. */
  readonly isWhole: boolean
}

/**
 * Gives each rule of a route to one API: the oldest that names it. Of two, it could not be said whose plan counts. Where
 * a younger one is protected, the rules that it does not get are closed: what would protect them is not in force.
 */
export class Covers {
  private readonly world: PolicyWorld
  private readonly isProtected: (api: API) => boolean
  /** By AttachPoint.rule. */
  private readonly owners = new Map<string, API>()

  constructor(world: PolicyWorld, isProtected: (api: API) => boolean) {
    this.world = world
    this.isProtected = isProtected
  }

  /** What an API has, with a condition for each route that it names. To be asked of the oldest first. */
  of(api: API): readonly Cover[] {
    return attachmentsOf(api).flatMap(attachment => {
      const scope = protectedScope(attachment, this.world, () =>
        this.world.resources.all(API).flatMap(attachmentsOf),
      )
      if (scope === null) return []
      const route = scope.object as Cover['route']
      const all = rulesIn(scope, route)
      const rules = all.filter(rule => !this.owners.has(ruleId(route, rule)))
      this.report(attachment, scope, route, all)
      for (const rule of rules) this.owners.set(ruleId(route, rule), api)
      const isNothing = rules.length === 0 && all.length > 0
      return isNothing ? [] : [{ attachment, scope, route, rules, isWhole: rules.length === all.length }]
    })
  }

  private report(
    attachment: PolicyAttachment<API>,
    scope: Scope,
    route: Cover['route'],
    rules: readonly number[],
  ): void {
    const { policy: api, path } = attachment
    const { report } = this.world
    const lost = rules.flatMap(rule => {
      const owner = this.owners.get(ruleId(route, rule))
      return owner === undefined ? [] : [{ rule, owner }]
    })
    const [first] = lost
    if (first === undefined) return accept(attachment, report, `covers ${scope.what}`)
    const names = lost.map(({ rule }) => ruleName(route, rule)).join(', ')
    const verb = lost.length === 1 ? 'belongs' : 'belong'
    const isClosed = this.isProtected(api)
    const closed = isClosed
      ? `; without what protects this one ${lost.length === 1 ? 'it is' : 'they are'} closed: answered 500 (protection_missing)`
      : ''
    const message = `${lost.length === 1 ? 'rule' : 'rules'} ${names} of ${route.kind} ${policyName(route)} ${verb} to ${elder(first.owner, api)}, and a rule belongs to one API${closed}`
    report.bad(api, 'Accepted', [{ reason: 'Conflicted', path, message }], { parent: parentOf(attachment) })
    if (isClosed) for (const { rule } of lost) this.close(attachment, route, rule)
  }

  private close({ policy: api, path }: PolicyAttachment<API>, route: Cover['route'], rule: number): void {
    const message = `API ${policyName(api)} would protect it, and it belongs to another; answered 500 (protection_missing)`
    this.world.closing.close(
      {
        at: { rule: ruleId(route, rule) },
        object: route,
        section: undefined,
        path: ['spec', 'rules', rule],
      },
      originOf(api, path),
      { message, follows: true },
    )
  }
}

/** The fewest places that are these rules of a cover, and no others. */
export function placesOf({ scope, route, rules, isWhole }: Cover, only = rules): readonly AttachPoint[] {
  if (isWhole && only.length === rules.length) return [scope.at]
  return only.map(rule => ({ rule: ruleId(route, rule) }))
}

/** Rule.id of one of its rules. */
export function ruleId(route: Cover['route'], rule: number): string {
  return ruleIdOf(route, route.body.spec.rules?.[rule]?.name, rule)
}

function ruleName({ body }: Cover['route'], rule: number): string {
  return body.spec.rules?.[rule]?.name ?? String(rule)
}

/** An HTTPRoute that lists none has one, which takes all. */
function ruleCount({ kind, body }: Cover['route']): number {
  return body.spec.rules?.length ?? (kind === 'HTTPRoute' ? 1 : 0)
}

/** The routes of which these have all rules. */
export function wholeRoutes(covers: readonly Cover[]): Cover['route'][] {
  return [...Map.groupBy(covers, ({ route }) => route)].flatMap(([route, own]) =>
    own.reduce((sum, { rules }) => sum + rules.length, 0) >= ruleCount(route) ? [route] : [],
  )
}

function rulesIn(scope: Scope, route: Cover['route']): number[] {
  const all = Array.from({ length: ruleCount(route) }, (_, i) => i)
  return scope.section === undefined
    ? all
    : all.filter(i => route.body.spec.rules?.[i]?.name === scope.section)
}

/** A routeRef, as the targetRef that it is. */
function attachmentsOf(api: API): PolicyAttachment<API>[] {
  return api.body.spec.routeRefs.map(({ kind = HTTPRoute.kind, name, sectionName }, i) => ({
    policy: api,
    target: { group: GATEWAY_API, kind, name, ...(sectionName === undefined ? {} : { sectionName }) },
    path: ['spec', 'routeRefs', i],
  }))
}
