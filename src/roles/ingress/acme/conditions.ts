import { accept, parentOf, policyName } from '../../../translation/policies.ts'
import type { Resolved } from '../../../translation/certificates.ts'
import { isFull, type Flaw, type Report } from '../../../translation/report.ts'
import type { ListenerState } from '../gateway/listeners.ts'
import type { CertificatePolicy } from '../kinds/certificate-policy.ts'
import type { Claim } from './claims.ts'
import type { CertificateState } from './issued.ts'
import type { PolicySettings } from './settings.ts'
import type { WantedCertificate } from './wanted.ts'

/** One certificate of a listener, and how it stands. */
export interface Named {
  readonly listener: ListenerState
  readonly certificate: WantedCertificate
  readonly state: CertificateState
  /** Null where there is none that is valid now. */
  readonly resolved: Resolved | null
}

/**
 * What a policy comes to at one target: Accepted; `Issued`, whether every certificate is there; `RenewalFailed`, bad
 * news, where one that is there could not be renewed. The last two are of a gateway that runs.
 */
export function reportClaim(
  { attachment, state }: Claim,
  settings: PolicySettings,
  states: readonly Named[],
  impossible: readonly Flaw[],
  running: boolean,
  report: Report,
): void {
  const { policy } = attachment
  const carrier = { parent: parentOf(attachment) }
  accept(attachment, report, acceptedText(policyName(state.gateway), settings, states))
  if (isFull(impossible)) report.warn(policy, 'PartiallyInvalid', impossible, carrier)
  if (!running || states.length === 0) return
  const lacking = unique(states.filter(({ resolved }) => resolved === null)).map(lackingFlaw)
  if (isFull(lacking)) report.bad(policy, 'Issued', lacking, carrier)
  else report.good(policy, 'Issued', 'Issued', unique(states).map(issuedText).join('; '), carrier)
  const stale = unique(
    states.filter(({ resolved, state: { failure } }) => resolved !== null && failure !== null),
  )
  const failed = stale.map(one => failureFlaw(one, `, and serves until ${untilOf(one)}`))
  if (isFull(failed)) report.warn(policy, 'RenewalFailed', failed, carrier)
}

function unique(states: readonly Named[]): readonly Named[] {
  return [...new Map(states.map(one => [one.certificate.id, one])).values()]
}

function acceptedText(
  gateway: string,
  { account, challenge }: PolicySettings,
  states: readonly Named[],
): string {
  if (states.length === 0) return `there is nothing to order for Gateway ${gateway}`
  const of = states.map(
    ({ listener, certificate }) => `${listener.spec.name} (${certificate.names.join(', ')})`,
  )
  const shown = [...new Set(of)]
  const more = shown.length > 8 ? ` and ${shown.length - 8} more` : ''
  return `certificates are obtained by ${challenge} from ${hostOf(account.directoryUrl)} for listener ${shown.slice(0, 8).join(', ')}${more}`
}

function issuedText(one: Named): string {
  const { certificate, state } = one
  return `${certificate.names.join(', ')}: valid until ${untilOf(one)}, renewed on ${dateOf(state.renewMs)}`
}

function lackingFlaw(one: Named): Flaw {
  const { certificate, state } = one
  if (state.failure !== null) return failureFlaw(one, '')
  const names = certificate.names.join(', ')
  const message = `a certificate for ${names} is being obtained`
  return { reason: 'Pending', path: ['spec', 'targetRefs'], message, follows: true }
}

function failureFlaw({ certificate, state: { failure, retryMs } }: Named, still: string): Flaw {
  const { reason, message } = failure!
  const names = certificate.names.join(', ')
  return {
    reason,
    path: pathOf(reason),
    message: `the certificate for ${names} could not be had (${message})${still}; it is tried again on ${dateOf(retryMs)}`,
  }
}

/** Where somebody would look first. */
function pathOf(reason: string): Flaw['path'] {
  if (reason === 'AccountRefused' || reason === 'TermsNotAgreed') return ['spec', 'account']
  return reason === 'DirectoryUnreachable' ? ['spec', 'directory'] : ['spec', 'targetRefs']
}

/** Why a listener has nothing to show: the policy says more. */
export function pendingFlaw(
  policy: CertificatePolicy,
  { path }: ListenerState,
  states: readonly Named[],
): Flaw {
  const names = states.map(({ certificate }) => certificate.names.join(', ')).join(', ')
  const message = `no certificate has been obtained yet${names === '' ? '' : ` for ${names}`}; CertificatePolicy ${policyName(policy)} says how that stands`
  return { reason: 'Pending', path, message, follows: true }
}

function untilOf({ state: { parsed } }: Named): string {
  return dateOf(parsed?.validity[0]?.untilMs ?? 0)
}

/** In whole seconds. */
function dateOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? url
}
