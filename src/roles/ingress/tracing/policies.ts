import { isOwn } from '../../../http/owned-fields.ts'
import { tracingDefaults } from '../../../model/defaults.ts'
import { GATEWAY_API, GATEWAY_API_EXPERIMENTS, PORTCULLIS } from '../../../model/kind.ts'
import { Gateway } from '../../../model/kinds/gateway.ts'
import { described } from '../../../model/kinds/shapes.ts'
import type { Resource } from '../../../model/resource.ts'
import { keyOf, refKey } from '../../../model/resources.ts'
import { exchangeAttributes } from '../../../proxy/exchange-spans.ts'
import type { Placed } from '../../../snapshot/placed.ts'
import type { Listener } from '../../../snapshot/snapshot.ts'
import { isComposition } from '../../../translation/compositions.ts'
import { elder } from '../../../translation/elder.ts'
import {
  accept,
  attachmentsOf,
  parentOf,
  policyName,
  reject,
  type PolicyAttachment,
} from '../../../translation/policies.ts'
import { gatewayless, type OurGateways } from '../../../translation/policy-target.ts'
import type { Flaw, Report } from '../../../translation/report.ts'
import type { Resources } from '../../../model/resources.ts'
import { appProtocolOf, type ClusterTarget } from '../../../translation/targets.ts'
import type { BackendRefs } from '../backends/backend-refs.ts'
import type { UpstreamTls } from '../backends/upstream-tls.ts'
import { XTelemetryPolicy, type Tracing } from '../kinds/x-telemetry-policy.ts'
import { doubtTracing } from './doubts.ts'
import { spanSettings } from './settings.ts'
import type { WantedExport, WantedExports } from './wanted.ts'

export interface TelemetryWorld {
  readonly resources: Resources
  readonly gateways: OurGateways
  readonly backends: BackendRefs
  readonly report: Report
}

/** The policy that a Gateway has. */
interface Held {
  readonly attachment: PolicyAttachment<XTelemetryPolicy>
  readonly gateway: Gateway
  /** The cluster as the reference names it; null where there is none, or none is wanted. */
  readonly collector: string | null
}

/** What policies come to, with the clusters that there are. */
export interface Traced {
  readonly tracingOf: (gateway: Gateway) => Listener['tracing']
  /** Of the snapshot. */
  readonly clusters: readonly string[]
  readonly wanted: WantedExports
}

/**
 * XTelemetryPolicies: of a Gateway the oldest one that can be served counts, and none of the others. Where its collector
 * cannot be had, or there are only such that cannot be served, nothing is told: spans that are meant for one must not go
 * to another.
 */
export class TelemetryPolicies {
  /** By the key of their Gateway. */
  private readonly held = new Map<string, Held>()
  /** Gateways with policies that cannot be served, by their keys. */
  private readonly refused = new Map<string, Gateway>()
  private readonly world: TelemetryWorld

  constructor(world: TelemetryWorld) {
    this.world = world
    const policies = world.resources.all(XTelemetryPolicy)
    for (const attachment of attachmentsOf(policies)) this.attach(attachment)
    const inForce = new Set([...this.held.values()].map(({ attachment }) => attachment.policy))
    for (const policy of policies) if (inForce.has(policy)) doubtTracing(policy, world.report)
  }

  /** Names of the clusters that spans of a Gateway go to, as references name them. */
  askedOf(gateway: Resource): string[] {
    const { collector = null } = this.held.get(keyOf(gateway)) ?? {}
    return typeof collector === 'string' ? [collector] : []
  }

  /** With what secures collectors; says of each whether it can be had. `closed`: what nobody is sent to. */
  with(upstreams: UpstreamTls, closed: Placed): Traced {
    const tracing = new Map<Gateway, Listener['tracing']>()
    const clusters: string[] = []
    const wanted: Record<string, WantedExport> = {}
    for (const held of this.held.values()) {
      const { attachment, gateway, collector } = held
      const { policy } = attachment
      const { mode, provider, serviceName = '' } = policy.body.spec.tracing
      if (mode !== 'Enabled' && mode !== 'Disabled') continue
      const cluster = collector === null ? null : this.reached(held, collector, upstreams, closed)
      if (cluster === null) {
        tracing.set(gateway, 'off')
        continue
      }
      const to = `${policyName(policy)} ${cluster}`
      const { tls = null } = upstreams.clusters.get(cluster) ?? {}
      clusters.push(cluster)
      tracing.set(gateway, spanSettings(policy.body.spec.tracing, to))
      wanted[to] = {
        cluster,
        authority: tls?.serverName || authorityOf(this.world.backends.used.get(collector!)!),
        headers: (provider?.headers ?? []).flatMap(({ name, value }) => [name, value]),
        serviceName,
      }
    }
    for (const [key, gateway] of this.refused) if (!this.held.has(key)) tracing.set(gateway, 'off')
    return { tracingOf: gateway => tracing.get(gateway), clusters, wanted }
  }

  private attach(attachment: PolicyAttachment<XTelemetryPolicy>): void {
    const { report } = this.world
    const gateway = this.gatewayOf(attachment)
    if (gateway === null) return
    const key = keyOf(gateway)
    const other = this.held.get(key)?.attachment.policy
    const { policy } = attachment
    if (other !== undefined)
      return reject(attachment, report, 'Conflicted', `${elder(other, policy)} has this Gateway`)
    const { tracing } = policy.body.spec
    const flaw = unservable(tracing)
    if (flaw !== null) {
      this.refused.set(key, gateway)
      return reject(attachment, report, flaw.reason, flaw.message, flaw.path)
    }
    accept(attachment, report, acceptedBy(tracing))
    const collector = tracing.provider === undefined ? null : this.collectorOf(attachment, tracing.provider)
    this.held.set(key, { attachment, gateway, collector })
  }

  private collectorOf(
    attachment: PolicyAttachment<XTelemetryPolicy>,
    { backendRef }: NonNullable<Tracing['provider']>,
  ): string | null {
    const { policy } = attachment
    const { backends } = this.world
    const { namespace } = policy.metadata
    const from = { group: GATEWAY_API_EXPERIMENTS, kind: policy.kind, namespace }
    const { group = '', kind = 'Service', name } = backendRef
    const composed: Flaw = {
      reason: 'InvalidKind',
      path: PROVIDER,
      message: `Composition ${name} is asked by requests alone, expected a Service (group ""), or a Backend (group "${PORTCULLIS}")`,
    }
    const found = isComposition({ group, kind })
      ? composed
      : backends.resolve(backendRef, from, PROVIDER, 'http')
    const flaw = typeof found === 'string' ? unspoken(found, backends.used.get(found)!) : found
    if (flaw === null) return found as string
    this.unresolved(attachment, flaw)
    return null
  }

  /** The cluster by which the Gateway reaches it; null, with a condition, where nothing may be sent there. */
  private reached(
    { attachment, gateway }: Held,
    collector: string,
    upstreams: UpstreamTls,
    closed: Placed,
  ): string | null {
    const cluster = upstreams.clustersOf(gateway)(collector)
    if (cluster !== null && closed.isPlain(cluster)) {
      const { report } = this.world
      report.good(attachment.policy, 'ResolvedRefs', 'ResolvedRefs', 'every reference is resolved', {
        parent: parentOf(attachment),
      })
      return cluster
    }
    const message =
      cluster === null
        ? `${collector} cannot be verified, or not be shown the certificate of the Gateway`
        : `${collector} is closed: what would protect it is not in force`
    const reason = cluster === null ? 'UnsupportedProtocol' : 'ProtectionMissing'
    this.unresolved(attachment, { reason, path: PROVIDER, message, follows: true })
    return null
  }

  private unresolved(attachment: PolicyAttachment<XTelemetryPolicy>, flaw: Flaw): void {
    const message = `${flaw.message}; nothing is told of requests of the Gateway`
    this.world.report.bad(attachment.policy, 'ResolvedRefs', [{ ...flaw, message }], {
      parent: parentOf(attachment),
    })
  }

  private gatewayOf(attachment: PolicyAttachment<XTelemetryPolicy>): Gateway | null {
    const { policy, target, path } = attachment
    const { resources, gateways, report } = this.world
    const { group, kind, name } = target
    const { namespace } = policy.metadata
    if (group !== GATEWAY_API || kind !== Gateway.kind) {
      const message = `an XTelemetryPolicy attaches to a Gateway, not to ${described(target)}`
      reject(attachment, report, 'Invalid', message, [...path, 'kind'])
      return null
    }
    const found = gateways.get(refKey({ group, kind, namespace, name }))
    if (found !== undefined) return found.gateway
    const absence = gatewayless(resources, namespace, name)
    // In the status of what another controller serves there is nothing for us to say.
    if (resources.get(Gateway, namespace, name) !== undefined)
      report.doubt(policy, { severity: 'warning', reason: 'ForeignTarget', path, ...absence })
    else reject(attachment, report, 'TargetNotFound', absence)
    return null
  }
}

const PROVIDER = ['spec', 'tracing', 'provider', 'backendRef']

function acceptedBy({ mode = tracingDefaults.mode }: Tracing): string {
  if (mode === 'Enabled') return 'says who is told of requests of the Gateway'
  return mode === 'Disabled'
    ? 'nothing is told of requests of the Gateway'
    : 'requests of the Gateway are told of as --otlp says'
}

/** What no span of ours can be, and no request to a collector. */
function unservable({ provider, attributes = [] }: Tracing): Flaw | null {
  const path = ['spec', 'tracing']
  for (const [i, { attributeKey }] of attributes.entries())
    if (attributeKey !== undefined && !exchangeAttributes.has(attributeKey))
      return {
        reason: 'Invalid',
        path: [...path, 'attributes', i, 'attributeKey'],
        message: `no span has ${attributeKey}, expected one of ${[...exchangeAttributes].join(', ')}`,
      }
  for (const [i, { name }] of (provider?.headers ?? []).entries())
    if (isOwn(name) || /^content-(type|encoding)$/i.test(name))
      return {
        reason: 'Invalid',
        path: [...path, 'provider', 'headers', i, 'name'],
        message: `${name} is of the gateway or of the connection, and cannot be set`,
      }
  return null
}

/** OTLP/HTTP with JSON goes to whatever speaks HTTP; a port that says gRPC takes another protocol. */
function unspoken(cluster: string, target: ClusterTarget): Flaw | null {
  if (target.kind !== 'Service' || appProtocolOf(target.port) !== 'grpc') return null
  const message = `${cluster} speaks gRPC (appProtocol), expected a port that takes OTLP/HTTP, mostly 4318`
  return { reason: 'UnsupportedProtocol', path: PROVIDER, message }
}

function authorityOf(target: ClusterTarget): string {
  const { namespace, name } = target.object.metadata
  if (target.kind === 'Service') return `${name}.${namespace}:${target.port.port}`
  const [{ address, port }] = target.object.body.spec.endpoints as readonly [
    { address: string; port: number },
  ]
  return `${address.includes(':') ? `[${address}]` : address}:${port}`
}
