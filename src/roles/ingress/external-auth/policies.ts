import type { ExternalAuthConfig } from '../../../filters/external-auth/config.ts'
import { ExternalAuthPolicy } from '../../../model/kinds/external-auth-policy.ts'
import { PORTCULLIS } from '../../../model/kind.ts'
import { ListenerSet } from '../../../model/kinds/listener-set.ts'
import type { Resource } from '../../../model/resource.ts'
import { keyOf, refKey } from '../../../model/resources.ts'
import type { Attachment as Attached, Closed, AttachPoint } from '../../../snapshot/contribution.ts'
import type { FilterConfig, Rule } from '../../../snapshot/rule.ts'
import {
  accept,
  attachmentsOf,
  parentOf,
  policyName,
  type PolicyAttachment,
} from '../../../translation/policies.ts'
import { originOf } from '../origin.ts'
import type { Flaw } from '../../../translation/report.ts'
import type { BackendRefs } from '../backends/backend-refs.ts'
import type { UpstreamTls } from '../backends/upstream-tls.ts'
import type { GatewayState } from '../gateway/gateway-state.ts'
import { gatewayOf } from '../../../translation/listener-name.ts'
import { protectedScope, type PolicyWorld } from '../../../translation/policy-target.ts'
import type { RouteState } from '../routes/route.ts'
import type { Scope } from '../../../translation/targetable.ts'
import { policySettings } from './settings.ts'

/** What attaching needs of the world. */
interface AuthWorld extends PolicyWorld {
  readonly gateways: ReadonlyMap<string, GatewayState>
  readonly backends: BackendRefs
}

/**
 * ExternalAuthPolicies, all of which are enforced. One whose service cannot be found closes what it is for: without
 * it nobody would be asked.
 */
export class ExternalAuthPolicies {
  /** What stands on routes, and on rules of them by name. */
  private readonly onRoutes = new Map<string, ExternalAuthConfig[]>()
  private readonly onGateways: {
    readonly state: GatewayState
    readonly at: AttachPoint
    readonly filter: ExternalAuthConfig
  }[] = []
  private readonly rules = new Map<Rule, Rule>()

  constructor(world: AuthWorld) {
    for (const attachment of attachmentsOf(world.resources.all(ExternalAuthPolicy)))
      this.attach(attachment, world)
  }

  /** The route with what its policies ask. */
  route(state: RouteState): RouteState {
    if (this.onRoutes.size === 0) return state
    const { route } = state
    const key = keyOf(route)
    const names = (route.body.spec.rules ?? []).map(({ name }) => name)
    if (![undefined, ...names].some(name => this.onRoutes.has(scopeOf(key, name)))) return state
    const entries = state.entries.map(ranked => {
      const { entry, tie } = ranked
      const filters = [...this.at(key, undefined), ...this.at(key, names[tie.rule] ?? '')]
      return { ...ranked, entry: { ...entry, rule: this.rule(entry.rule, filters) } }
    })
    return { ...state, entries }
  }

  /** What stands on Gateways, ListenerSets and listeners, asking the clusters that these have; what must not be served where one cannot be had. */
  attachments(upstreams: UpstreamTls): { attach: Attached[]; close: Closed[] } {
    const attach: Attached[] = []
    const close: Closed[] = []
    for (const { state, at, filter } of this.onGateways) {
      const cluster = upstreams.clustersOf(state.gateway)(filter.cluster)
      if (cluster === null) close.push({ at, origin: filter.origin })
      else attach.push({ at, filter: asking(filter, cluster), protects: true })
    }
    return { attach, close }
  }

  /** Names of the clusters that are asked for a Gateway and its listeners, as references name them. */
  askedOf(gateway: Resource): string[] {
    return this.onGateways.flatMap(({ state, filter }) => (state.gateway === gateway ? [filter.cluster] : []))
  }

  private at(key: string, section: string | undefined): readonly FilterConfig[] {
    return this.onRoutes.get(scopeOf(key, section)) ?? []
  }

  /** One object wherever it is used, as the rule was. */
  private rule(rule: Rule, filters: readonly FilterConfig[]): Rule {
    if (filters.length === 0) return rule
    let made = this.rules.get(rule)
    if (made === undefined) this.rules.set(rule, (made = { ...rule, filters: [...rule.filters, ...filters] }))
    return made
  }

  private attach(attachment: PolicyAttachment<ExternalAuthPolicy>, world: AuthWorld): void {
    const { report } = world
    const target = protectedScope(attachment, world, () =>
      attachmentsOf(world.resources.all(ExternalAuthPolicy)),
    )
    if (target === null) return
    accept(attachment, report, `is asked for every request of ${target.what}`)
    const cluster = clusterOf(attachment.policy, world.backends)
    if (typeof cluster !== 'string') return closeTarget(attachment, target, cluster, world)
    report.good(attachment.policy, 'ResolvedRefs', 'ResolvedRefs', 'every reference is resolved', {
      parent: parentOf(attachment),
    })
    this.add(target, policySettings(attachment.policy, cluster), world)
  }

  private add({ object, section, at }: Scope, filter: ExternalAuthConfig, { gateways }: AuthWorld): void {
    const state = gateways.get(
      object.kind === ListenerSet.kind ? refKey(gatewayOf(object as ListenerSet)) : keyOf(object),
    )
    if (state !== undefined) return void this.onGateways.push({ state, at, filter })
    const scope = scopeOf(keyOf(object), section)
    this.onRoutes.set(scope, [...(this.onRoutes.get(scope) ?? []), filter])
  }
}

function asking(filter: ExternalAuthConfig, cluster: string): ExternalAuthConfig {
  return cluster === filter.cluster ? filter : { ...filter, cluster }
}

function scopeOf(key: string, section: string | undefined): string {
  return section === undefined ? key : `${key} ${section}`
}

function clusterOf(policy: ExternalAuthPolicy, backends: BackendRefs): string | Flaw {
  const { backendRef, protocol } = policy.body.spec
  const from = { group: PORTCULLIS, kind: policy.kind, namespace: policy.metadata.namespace }
  return backends.resolve(backendRef, from, ['spec', 'backendRef'], protocol === 'GRPC' ? 'grpc' : 'http')
}

/** Never open in its place: who would be asked is not there. */
function closeTarget(
  attachment: PolicyAttachment<ExternalAuthPolicy>,
  target: Scope,
  flaw: Flaw,
  { closing, report }: AuthWorld,
): void {
  const { policy } = attachment
  const { what } = target
  const message = `${flaw.message}; ${what} is closed, which would be served without being asked about: answered 500 (protection_missing)`
  report.bad(policy, 'ResolvedRefs', [{ ...flaw, message }], { parent: parentOf(attachment) })
  const by = `ExternalAuthPolicy ${policyName(policy)} protects it and cannot ask its service; answered 500 (protection_missing)`
  closing.close(target, originOf(policy, flaw.path), { message: by, follows: true })
}
