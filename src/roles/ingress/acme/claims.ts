import { elder } from '../../../translation/elder.ts'
import { GATEWAY_API } from '../../../model/kind.ts'
import type { GatewayListener } from '../../../model/kinds/gateway-listener.ts'
import { refKey, type Resources } from '../../../model/resources.ts'
import { attachmentsOf, reject, type PolicyAttachment } from '../../../translation/policies.ts'
import type { Report } from '../../../translation/report.ts'
import { ownListeners, type GatewayState } from '../gateway/gateway-state.ts'
import type { ListenerState, Provided } from '../gateway/listeners.ts'
import { CertificatePolicy } from '../kinds/certificate-policy.ts'
import { gatewayless, listenerless } from '../../../translation/policy-target.ts'

/** What one targetRef of a policy has: the listeners whose certificates it sees to. */
export interface Claim {
  readonly attachment: PolicyAttachment<CertificatePolicy>
  readonly state: GatewayState
  readonly listeners: readonly ListenerState[]
}

/** Whether a policy is for a listener, before anything is judged: one that does not come to anything says so itself. */
export function providedBy(resources: Resources): Provided {
  const targets = new Set<string>()
  for (const { policy, target } of attachmentsOf(resources.all(CertificatePolicy)))
    targets.add(`${policy.metadata.namespace}/${target.name}/${target.sectionName ?? ''}`)
  return ({ metadata: { namespace, name } }, listener) => {
    if (targets.has(`${namespace}/${name}/${listener.name}`)) return 'policy'
    if (targets.has(`${namespace}/${name}/`) && !hasOwn(listener)) return 'policy'
    // What a refused policy would be for is not known; it is the likelier cause by far.
    return resources.refusalOfAny(CertificatePolicy, namespace) ?? 'nobody'
  }
}

function hasOwn({ tls }: GatewayListener): boolean {
  return (tls?.certificateRefs ?? []).length > 0
}

/** Who sees to which listeners: the policy of a listener before that of its Gateway, of equals the older one. */
export function claimsOf(
  resources: Resources,
  gateways: ReadonlyMap<string, GatewayState>,
  report: Report,
): readonly Claim[] {
  const all = attachmentsOf(resources.all(CertificatePolicy))
  const owners = new Map<ListenerState, CertificatePolicy>()
  const whole = new Map<GatewayState, CertificatePolicy>()
  const sections = all.flatMap(one => sectionClaim(one, resources, gateways, owners, report) ?? [])
  const rest = all.flatMap(one => gatewayClaim(one, resources, gateways, { owners, whole }, report) ?? [])
  return [...sections, ...rest]
}

function sectionClaim(
  attachment: PolicyAttachment<CertificatePolicy>,
  resources: Resources,
  gateways: ReadonlyMap<string, GatewayState>,
  owners: Map<ListenerState, CertificatePolicy>,
  report: Report,
): Claim | null {
  const { policy, target } = attachment
  const { sectionName } = target
  if (sectionName === undefined) return null
  const state = stateOf(attachment, resources, gateways, report)
  if (state === null) return null
  const listener = ownListeners(state).find(({ spec }) => spec.name === sectionName)
  const refuse = (reason: string, message: string): null => {
    reject(attachment, report, reason, message)
    return null
  }
  if (listener === undefined) return refuse('TargetNotFound', listenerless(state.gateway, sectionName))
  if (!terminates(listener))
    return refuse(
      'Invalid',
      `listener ${sectionName} does not end TLS, expected one of HTTPS, or of TLS that is not Passthrough`,
    )
  const other = owners.get(listener)
  if (other !== undefined) return refuse('Conflicted', `${elder(other, policy)} has this listener`)
  owners.set(listener, policy)
  return { attachment, state, listeners: [listener] }
}

function gatewayClaim(
  attachment: PolicyAttachment<CertificatePolicy>,
  resources: Resources,
  gateways: ReadonlyMap<string, GatewayState>,
  {
    owners,
    whole,
  }: { owners: Map<ListenerState, CertificatePolicy>; whole: Map<GatewayState, CertificatePolicy> },
  report: Report,
): Claim | null {
  const { policy, target } = attachment
  if (target.sectionName !== undefined) return null
  const state = stateOf(attachment, resources, gateways, report)
  if (state === null) return null
  const other = whole.get(state)
  if (other !== undefined) {
    const message = `${elder(other, policy)} has this Gateway`
    reject(attachment, report, 'Conflicted', message)
    return null
  }
  whole.set(state, policy)
  const listeners = ownListeners(state).filter(
    listener => terminates(listener) && !hasOwn(listener.spec) && !owners.has(listener),
  )
  return { attachment, state, listeners }
}

function stateOf(
  attachment: PolicyAttachment<CertificatePolicy>,
  resources: Resources,
  gateways: ReadonlyMap<string, GatewayState>,
  report: Report,
): GatewayState | null {
  const { policy, target } = attachment
  const { namespace } = policy.metadata
  const state = gateways.get(refKey({ group: GATEWAY_API, kind: 'Gateway', namespace, name: target.name }))
  if (state !== undefined) return state
  reject(attachment, report, 'TargetNotFound', gatewayless(resources, namespace, target.name))
  return null
}

function terminates({ spec }: ListenerState): boolean {
  return spec.protocol === 'HTTPS' || (spec.protocol === 'TLS' && spec.tls?.mode !== 'Passthrough')
}
