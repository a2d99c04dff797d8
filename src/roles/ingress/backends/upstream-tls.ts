import { GATEWAY_API } from '../../../model/kind.ts'
import { isIP } from 'node:net'
import { canonicalHostname } from '../../../http/hostname.ts'
import type { Backend } from '../../../model/kinds/backend.ts'
import type { Gateway } from '../../../model/kinds/gateway.ts'
import { closedAction } from '../../../snapshot/placed.ts'
import type { Action, FilterConfig, Rule, StreamRule, WeightedBackend } from '../../../snapshot/rule.ts'
import type { ClusterTls } from '../../../snapshot/tls.ts'
import { isAsking } from '../external-auth/asking.ts'
import { clusterTls, type BackendTls, type BackendTlsPolicies } from './backend-tls-policy.ts'
import type { Certificates, Resolved } from '../../../translation/certificates.ts'
import { isFull, type Flaw, type Report } from '../../../translation/report.ts'
import type { ListenerState } from '../gateway/listeners.ts'
import { digest } from '../../../translation/pem.ts'
import type { ClusterTarget } from '../../../translation/targets.ts'

/** Where nothing is secured, rules are those of the routes. */
export const asItIs = (rule: Rule): Rule => rule

/** A cluster as the rules of one Gateway use it. */
export interface UsedCluster {
  readonly target: ClusterTarget
  readonly tls: ClusterTls | null
}

const reasons = { invalid: 'InvalidClientCertificateRef', kind: 'InvalidClientCertificateRef' }

/**
 * How connections to targets are secured. What a Gateway presents as its client certificate
 * (spec.tls.backend.clientCertificateRef) is its own, so a target that is reached over TLS from such a Gateway is a
 * cluster of that Gateway alone.
 */
export class UpstreamTls {
  /** By cluster name. */
  readonly clusters = new Map<string, UsedCluster>()
  private readonly targets: ReadonlyMap<string, ClusterTarget>
  private readonly policies: BackendTlsPolicies
  private readonly certificates: Certificates
  private secured: boolean | null = null

  constructor(
    targets: ReadonlyMap<string, ClusterTarget>,
    policies: BackendTlsPolicies,
    certificates: Certificates,
  ) {
    this.targets = targets
    this.policies = policies
    this.certificates = certificates
  }

  /** Turns rules into those of one Gateway, or of none; a rule stays one object, and as it is where nothing is secured. */
  rulesOf(gateway: Gateway | null): (rule: Rule) => Rule {
    if (this.isPlain()) return asItIs
    const clusterOf = this.clustersOf(gateway)
    const known = new Map<Rule, Rule>()
    return rule => {
      let mapped = known.get(rule)
      if (mapped === undefined) known.set(rule, (mapped = ruleOf(rule, clusterOf)))
      return mapped
    }
  }

  /** The clusters that requests of one Gateway go to, by those that are named; null where they must fail. */
  clustersOf(gateway: Gateway | null): ClusterOf {
    const own = gateway === null ? null : clientCertificate(gateway, this.certificates)
    const known = new Map<string, string | null>()
    return name => {
      let cluster = known.get(name)
      if (cluster === undefined) known.set(name, (cluster = this.clusterOf(name, gateway, own)))
      return cluster
    }
  }

  /** Turns the rules of streams into those of one Gateway; bytes that pass through are secured already. */
  streamsOf(gateway: Gateway): (rule: StreamRule, passthrough: boolean) => StreamRule {
    const own = clientCertificate(gateway, this.certificates)
    return (rule, passthrough) => ({
      ...rule,
      backends: rule.backends.map(backend => {
        const { cluster } = backend
        if (cluster === null) return backend
        const to = passthrough ? this.plain(cluster) : this.clusterOf(cluster, gateway, own)
        return { ...backend, cluster: to }
      }),
    })
  }

  /** Whether nothing is secured: then rules stay as they are, and each target is the cluster that is named after it. */
  private isPlain(): boolean {
    this.secured ??= this.targets.values().some(target => this.tlsOf(target) !== null)
    if (!this.secured) for (const [name, target] of this.targets) this.use(name, target, null)
    return !this.secured
  }

  private plain(name: string): string {
    const target = this.targets.get(name)
    if (target === undefined) return name
    return this.use(this.tlsOf(target) === null ? name : `${name} (passthrough)`, target, null)
  }

  /** The cluster that requests of this Gateway go to; null where they must fail. */
  private clusterOf(name: string, gateway: Gateway | null, own: Resolved | Flaw | null): string | null {
    const target = this.targets.get(name)
    if (target === undefined) return name
    const tls = this.tlsOf(target)
    if (tls === null) return this.use(name, target, null)
    // Never without the certificate that the Gateway wants to be shown, nor without knowing whom to trust.
    if (tls === 'invalid' || (own !== null && !('parsed' in own))) return null
    if (own === null || gateway === null) return this.use(name, target, tls)
    const { namespace, name: gatewayName } = gateway.metadata
    const key = digest(`${tls.key} ${own.name} ${own.parsed.certificate.fingerprint}`)
    return this.use(`${name} (${namespace}/${gatewayName})`, target, { ...tls, certificate: own.name, key })
  }

  private use(name: string, target: ClusterTarget, tls: ClusterTls | null): string {
    this.clusters.set(name, { target, tls })
    return name
  }

  /** How requests that come from no Gateway reach a cluster: by it, with this TLS or none. */
  ofNoGateway(name: string): BackendTls | null {
    const target = this.targets.get(name)
    const tls = target === undefined ? null : this.tlsOf(target)
    if (target !== undefined && tls !== 'invalid') this.use(name, target, tls)
    return tls
  }

  private tlsOf(target: ClusterTarget): BackendTls | null {
    const policy = this.policies.of(target)
    if (policy !== null || target.kind === 'Service') return policy
    const { protocol } = target.object.body.spec
    return protocol === 'https' || protocol === 'h2' ? backendTls(target.object) : null
  }
}

type ClusterOf = (name: string) => string | null

/** Who must be asked and cannot be is not done without. */
function ruleOf(rule: Rule, clusterOf: ClusterOf): Rule {
  const filters = filtersOf(rule.filters, clusterOf)
  if (filters === null) return { ...rule, filters: [], action: closedAction }
  const action = actionOf(rule.action, clusterOf)
  return filters === rule.filters && action === rule.action ? rule : { ...rule, filters, action }
}

/** Null where one of them asks a cluster that cannot be had. */
function filtersOf(filters: readonly FilterConfig[], clusterOf: ClusterOf): readonly FilterConfig[] | null {
  if (!filters.some(isAsking)) return filters
  const mapped = filters.flatMap(filter => {
    if (!isAsking(filter)) return [filter]
    const cluster = clusterOf(filter.cluster)
    return cluster === null ? [] : [{ ...filter, cluster }]
  })
  return mapped.length < filters.length ? null : mapped
}

function actionOf(action: Action, clusterOf: ClusterOf): Action {
  if (action.type !== 'forward') return action
  // Nearly always, and then nothing is made.
  if (action.backends.every(one => stays(one, clusterOf)) && action.mirrors.length === 0) return action
  const backends = action.backends.map(backend => backendOf(backend, clusterOf))
  const mirrors = action.mirrors.flatMap(mirror => {
    const cluster = clusterOf(mirror.cluster)
    if (cluster === mirror.cluster) return [mirror]
    return cluster === null ? [] : [{ ...mirror, cluster }]
  })
  const same = backends.every((one, i) => one === action.backends[i])
  const sameMirrors =
    mirrors.length === action.mirrors.length && mirrors.every((one, i) => one === action.mirrors[i])
  return same && sameMirrors ? action : { ...action, backends, mirrors }
}

function stays({ cluster, filters }: WeightedBackend, clusterOf: ClusterOf): boolean {
  return filters.length === 0 && (cluster === null || clusterOf(cluster) === cluster)
}

function backendOf(backend: WeightedBackend, clusterOf: ClusterOf): WeightedBackend {
  const cluster = backend.cluster === null ? null : clusterOf(backend.cluster)
  const filters = filtersOf(backend.filters, clusterOf)
  if (filters === null) return { ...backend, cluster: null, closed: true, filters: [] }
  return cluster === backend.cluster && filters === backend.filters
    ? backend
    : { ...backend, cluster, filters }
}

/** Why a Backend of protocol https or h2 cannot do without a BackendTLSPolicy, or null. */
export function namelessBackend({ body: { spec } }: Backend): string | null {
  const names = serverNames(spec.endpoints)
  return names.length <= 1 &&
    (names.length === 0 || spec.endpoints.every(({ address }) => isIP(address) === 0))
    ? null
    : 'its endpoints have different names, expected a BackendTLSPolicy that says which one certificates must have'
}

function serverNames(endpoints: Backend['body']['spec']['endpoints']): string[] {
  const names = endpoints.map(({ address }) => address).filter(address => isIP(address) === 0)
  return [...new Set(names.map(canonicalHostname))]
}

/** Without a policy the certificate must have the endpoint's own name or address, vouched for by whom the system trusts. */
function backendTls({ body: { spec } }: Backend): ClusterTls {
  const [serverName = ''] = serverNames(spec.endpoints)
  return clusterTls({ serverName, names: [], authorities: 'system' }, [])
}

/** What the Gateway presents to backends, or why it cannot; null where it names nothing. */
function clientCertificate(gateway: Gateway, certificates: Certificates): Resolved | Flaw | null {
  const ref = gateway.body.spec.tls?.backend?.clientCertificateRef
  if (ref === undefined) return null
  const from = { group: GATEWAY_API, kind: 'Gateway', namespace: gateway.metadata.namespace }
  return certificates.keyPair(ref, from, ['spec', 'tls', 'backend', 'clientCertificateRef'], reasons)
}

/** GatewayConditionResolvedRefs: of references that belong to no listener, and in sum of those that do. */
export function reportClientCertificate(
  gateway: Gateway,
  listeners: readonly ListenerState[],
  certificates: Certificates,
  report: Report,
): void {
  const own = clientCertificate(gateway, certificates)
  if (own === null) return
  if (!('parsed' in own)) return report.bad(gateway, 'ResolvedRefs', [own])
  const unresolved = listeners.flatMap(one => one.unresolved)
  const flaws = unresolved.map(flaw => ({ ...flaw, reason: 'ListenersNotResolved' }))
  if (isFull(flaws)) report.bad(gateway, 'ResolvedRefs', flaws)
  else report.good(gateway, 'ResolvedRefs', 'ResolvedRefs', 'every reference is resolved')
}
