import { policyName, reject } from '../../../translation/policies.ts'
import type { Certificates, Resolved } from '../../../translation/certificates.ts'
import type { Attachment as FilterAttachment } from '../../../snapshot/contribution.ts'
import { originOf } from '../origin.ts'
import type { Flaw } from '../../../translation/report.ts'
import { isHere, type GatewayState } from '../gateway/gateway-state.ts'
import { withObtained } from '../gateway/listener-tls.ts'
import type { ListenerState } from '../gateway/listeners.ts'
import { CertificatePolicy } from '../kinds/certificate-policy.ts'
import type { Attaching } from '../routes/attach.ts'
import { covers } from '../routes/hostnames.ts'
import type { ChallengeConfig } from './challenge-filter.ts'
import { claimsOf, type Claim } from './claims.ts'
import type { AcmeFacts } from './facts.ts'
import { NOTHING_YET, type CertificateState } from './issued.ts'
import { routeHostnames } from './listener-names.ts'
import { pendingFlaw, reportClaim, type Named } from './conditions.ts'
import { settingsOf, type PolicySettings } from './settings.ts'
import { certificateId, type WantedCertificate } from './wanted.ts'

/** What CertificatePolicies come to, beside what their listeners show. */
export interface AcmeParts {
  readonly wanted: readonly WantedCertificate[]
  readonly attach: readonly FilterAttachment[]
}

/**
 * Gives listeners the certificates that have been obtained for them, wants those that have not, and says how that
 * stands. `facts` is null where nothing runs: then nothing is said of what has been obtained.
 */
export function certificatePolicies(
  world: Attaching,
  certificates: Certificates,
  facts: AcmeFacts | null,
): AcmeParts {
  const { resources, gateways, report } = world
  const wanted = new Map<string, WantedCertificate>()
  const attach: FilterAttachment[] = []
  if (resources.all(CertificatePolicy).length === 0) return { wanted: [], attach }
  const claims = claimsOf(resources, gateways, report)
  // Who listens for a Gateway orders its certificates: an authority bounds how many are ordered of one.
  const elsewhere = new Set([...gateways.values()].flatMap(one => (isHere(one) ? [] : one.listeners)))
  const hostnames = routeHostnames(world, new Set(claims.flatMap(({ listeners }) => listeners)))
  for (const claim of claims) {
    const { policy } = claim.attachment
    const settings = settingsOf(policy, resources, certificates)
    if ('reason' in settings) {
      refuse(claim, settings, world)
      continue
    }
    const shares = claim.listeners.map(listener =>
      shareOf(listener, policy, settings, hostnames.get(listener)),
    )
    const states = shares.flatMap(share => serve(share, claim, settings, certificates, facts))
    for (const { listener, certificate } of states)
      if (!elsewhere.has(listener)) wanted.set(certificate.id, certificate)
    const names = [...new Set(states.flatMap(({ certificate }) => certificate.names))]
    if (settings.challenge === 'http-01') attach.push(...answersFor(claim, names, facts, world))
    reportClaim(
      claim,
      settings,
      states,
      shares.flatMap(({ flaws }) => flaws),
      facts !== null,
      report,
    )
  }
  return { wanted: [...wanted.values()], attach }
}

/** What a listener is to have. */
interface Share {
  readonly listener: ListenerState
  readonly certificates: readonly WantedCertificate[]
  /** Names that cannot be had. */
  readonly flaws: readonly Flaw[]
}

function shareOf(
  listener: ListenerState,
  policy: CertificatePolicy,
  settings: PolicySettings,
  ofRoutes: ReadonlySet<string> = new Set(),
): Share {
  const { names } = policy.body.spec
  const one = (list: readonly string[]): WantedCertificate => ({
    id: certificateId(settings.account.directoryUrl, list, settings.keyType),
    names: list,
    ...settings,
  })
  if (names !== undefined) {
    const some = listener.hostname === '' || names.some(name => covers(listener.hostname, name))
    return some
      ? { listener, certificates: [one(names)], flaws: [] }
      : { listener, certificates: [], flaws: [namesFlaw(listener)] }
  }
  const all = [...(isExact(listener.hostname) ? [listener.hostname] : ofRoutes)]
  const exact = all.filter(isExact).toSorted()
  const flaws = all.filter(name => name.startsWith('*')).map(name => wildcardFlaw(listener, name))
  if (exact.length > 0 || flaws.length > 0)
    return { listener, certificates: exact.map(name => one([name])), flaws }
  return { listener, certificates: [], flaws: [namelessFlaw(listener)] }
}

function isExact(name: string): boolean {
  return name !== '' && !name.startsWith('*')
}

function wildcardFlaw({ spec }: ListenerState, name: string): Flaw {
  const message = `listener ${spec.name}: no certificate can be had for ${name}, since authorities want the challenge dns-01 for an asterisk, which is not served; name the hosts, or give the listener a Secret`
  return { reason: 'WildcardNotPossible', path: ['spec', 'targetRefs'], message }
}

function namelessFlaw({ spec, hostname }: ListenerState): Flaw {
  const message = `listener ${spec.name} has ${hostname === '' ? 'no hostname' : hostname}, and no route there names one, so that nothing is ordered for it; give one of them a hostname, or the policy names`
  return { reason: 'NoNames', path: ['spec', 'targetRefs'], message }
}

function namesFlaw({ spec, hostname }: ListenerState): Flaw {
  const message = `none of them is of listener ${spec.name} (${hostname})`
  return { reason: 'NoNames', path: ['spec', 'names'], message }
}

/** Shows what there is, and says what a listener waits for that has nothing to show. */
function serve(
  { listener, certificates: list }: Share,
  { attachment: { policy } }: Claim,
  { challenge }: PolicySettings,
  certificates: Certificates,
  facts: AcmeFacts | null,
): readonly Named[] {
  if (challenge === 'tls-alpn-01' && facts !== null) listener.challenges = facts.channel
  const states = list.map((certificate): Named => {
    const state = facts?.issued.get(certificate.id) ?? NOTHING_YET
    return { listener, certificate, state, resolved: resolve(policy, certificate, state, certificates) }
  })
  const wanted = states.filter(one => one.resolved === null).map(one => nameOf(policy, one.certificate))
  const { tls } = listener
  if (tls?.mode !== 'terminate') return states
  const found = states.flatMap(({ resolved }) => resolved ?? [])
  listener.tls = withObtained(tls, found, wanted)
  // Where nothing runs, nothing has been obtained either: what is wanted counts as there.
  if (listener.tls.certificates.length === 0 && (facts !== null || wanted.length === 0))
    listener.pending.push(pendingFlaw(policy, listener, states))
  return states
}

function resolve(
  policy: CertificatePolicy,
  certificate: WantedCertificate,
  { parsed }: CertificateState,
  certificates: Certificates,
): Resolved | null {
  return parsed === null ? null : certificates.obtained(nameOf(policy, certificate), parsed)
}

/** In the snapshot. */
function nameOf(policy: CertificatePolicy, { names }: WantedCertificate): string {
  return `CertificatePolicy/${policyName(policy)} ${names[0] ?? ''}`
}

/** Every listener for requests of the Gateway answers: the authority asks on port 80, and follows redirects. */
function answersFor(
  { attachment: { policy, path }, state }: Claim,
  names: readonly string[],
  facts: AcmeFacts | null,
  { report }: Attaching,
): FilterAttachment[] {
  if (names.length === 0) return []
  doubtPort(policy, state, names, report)
  const filter: ChallengeConfig = {
    type: 'acme-challenge',
    origin: originOf(policy, path),
    channel: facts?.channel ?? '',
    names,
  }
  return state.listeners
    .filter(({ spec, hostname }) => isOfRequests(spec) && names.some(name => covers(hostname, name)))
    .map(({ name }) => ({ at: { listener: name }, filter }))
}

function isOfRequests({ protocol }: ListenerState['spec']): boolean {
  return protocol === 'HTTP' || protocol === 'HTTPS'
}

function doubtPort(
  policy: CertificatePolicy,
  { gateway, listeners }: GatewayState,
  names: readonly string[],
  report: Attaching['report'],
): void {
  const plain = listeners.filter(({ spec }) => spec.protocol === 'HTTP')
  const lost = names.find(name => !plain.some(({ hostname }) => covers(hostname, name)))
  if (lost === undefined) return
  report.doubt(policy, {
    severity: 'warning',
    reason: 'NoChallengeListener',
    path: ['spec', 'targetRefs'],
    message: `the authority asks for http://${lost} on port 80, and no HTTP listener of Gateway ${policyName(gateway)} takes that; add one, or use the challenge tls-alpn-01`,
  })
}

/** Its listeners have nothing else to show. */
function refuse({ attachment, listeners }: Claim, flaw: Flaw, { report }: Attaching): void {
  const { policy } = attachment
  reject(attachment, report, flaw.reason, flaw, flaw.path)
  for (const listener of listeners)
    if (listener.tls?.mode === 'terminate' && listener.tls.certificates.length === 0)
      listener.pending.push({
        reason: 'Pending',
        path: listener.path,
        message: `CertificatePolicy ${policyName(policy)} is not accepted, and there is no other certificate`,
        follows: true,
      })
}
