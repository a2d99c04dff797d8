import { elder } from '../../../translation/elder.ts'
import { GATEWAY_API, PORTCULLIS } from '../../../model/kind.ts'
import { canonicalHostname } from '../../../http/hostname.ts'
import { Backend } from '../../../model/kinds/backend.ts'
import { described } from '../../../model/kinds/shapes.ts'
import { BackendTLSPolicy, type BackendTLSValidation } from '../../../model/kinds/backend-tls-policy.ts'
import { Service } from '../../../model/kinds/service.ts'
import type { Condition, FieldPath, ResourceRef } from '../../../model/resource.ts'
import { keyOf, refKey, type Resources } from '../../../model/resources.ts'
import type { ClusterTls } from '../../../snapshot/tls.ts'
import type { Certificates, Resolved } from '../../../translation/certificates.ts'
import { isFull, unknownOptions, type Flaw, type Report } from '../../../translation/report.ts'
import { tlsBounds } from '../defaults.ts'
import { missing, type Absence } from '../../../translation/missing.ts'
import { attachmentsOf, type PolicyAttachment } from '../../../translation/policies.ts'
import { digest } from '../../../translation/pem.ts'
import type { ClusterTarget } from '../../../translation/targets.ts'
import type { Closing } from '../../../translation/closing.ts'
import { backendTarget, sectionsOf, type Targetable } from '../../../translation/targetable.ts'

/** What a policy says of its targets. `invalid`: requests must fail, for its authorities cannot be had. */
export type BackendTls = ClusterTls | 'invalid'

/** One targetRef of a policy, and what became of it. */
interface Claim {
  readonly attachment: PolicyAttachment<BackendTLSPolicy>
  /** Of the target, and its port where the policy names one: as in `claims`. */
  readonly key: string
  readonly refused: readonly Flaw[]
  readonly unresolved: readonly Flaw[]
}

type Ancestor = NonNullable<Condition['parent']>

const reasons = { invalid: 'InvalidCACertificateRef', kind: 'InvalidKind' }

/** BackendTLSPolicies, and what they come to for each target. */
export class BackendTlsPolicies {
  private readonly taken = new Map<string, { readonly policy: BackendTLSPolicy; readonly tls: BackendTls }>()
  private readonly claims: Claim[] = []
  private readonly resources: Resources
  private readonly closing: Closing

  /** Of several for one target the oldest has it. A port that is not there closes its Service: nothing is sent there that is not encrypted. */
  constructor(resources: Resources, certificates: Certificates, closing: Closing) {
    this.resources = resources
    this.closing = closing
    for (const policy of resources.all(BackendTLSPolicy)) {
      const read = readPolicy(policy, certificates)
      for (const attachment of attachmentsOf([policy])) this.claim(attachment, read)
    }
  }

  /** The nearer policy as a whole: it is about one connection, so that its parts belong together. */
  of(target: ClusterTarget): BackendTls | null {
    const whole = keyOf(target.object)
    const port = target.kind === 'Service' ? target.port.name : undefined
    return (this.taken.get(`${whole} ${port ?? ''}`) ?? this.taken.get(whole))?.tls ?? null
  }

  /** `gatewaysOf` tells which Gateways send to a target: the ancestors that the standard wants conditions for. */
  report(report: Report, gatewaysOf: (target: string) => readonly ResourceRef[]): void {
    for (const claim of this.claims) {
      const { policy, target } = claim.attachment
      const object = {
        group: target.group,
        kind: target.kind,
        namespace: policy.metadata.namespace,
        name: target.name,
      }
      const gateways = gatewaysOf(refKey(object))
      const section = target.sectionName === undefined ? {} : { sectionName: target.sectionName }
      // Nobody sends there yet; the one who wrote the policy wants to know all the same.
      const ancestors: readonly Ancestor[] = gateways.length > 0 ? gateways : [{ ...object, ...section }]
      for (const parent of ancestors) reportClaim(claim, parent, report)
    }
    const noted = new Set(this.claims.map(({ attachment }) => attachment.policy))
    for (const policy of noted)
      report.unknownOptions(policy, unknownOptions(policy.body.spec.options, ['spec', 'options']))
  }

  private claim(attachment: PolicyAttachment<BackendTLSPolicy>, read: ReadPolicy): void {
    const { policy, target, path } = attachment
    const { kind, group, name, sectionName } = target
    const { namespace } = policy.metadata
    const key =
      refKey({ group, kind, namespace, name }) + (sectionName === undefined ? '' : ` ${sectionName}`)
    const flaw = (reason: string, why: string | Absence): void => {
      const absence = typeof why === 'string' ? { message: why } : why
      const refused = [{ reason, path, ...absence }]
      this.claims.push({ attachment, key, refused, unresolved: read.unresolved })
    }
    const isService = kind === 'Service' && group === ''
    if (!isService && !(kind === 'Backend' && group === PORTCULLIS))
      return flaw(
        'Invalid',
        `a BackendTLSPolicy attaches to a Service or a Backend, not to ${described(target)}`,
      )
    const ours = isService ? Service : Backend
    const object = this.resources.get<Service | Backend>(ours, namespace, name)
    if (object === undefined) return flaw('TargetNotFound', missing(this.resources, ours, namespace, name))
    const ports = withNamedPorts(object)
    if (sectionName !== undefined && sectionsOf(ports, sectionName).length === 0)
      return flaw('TargetNotFound', this.closing.sectionless(ports, attachment))
    const other = this.taken.get(key)
    if (other !== undefined) return flaw('Conflicted', `${elder(other.policy, policy)} has this ${kind}`)
    this.taken.set(key, { policy, tls: read.tls })
    this.claims.push({ attachment, key, refused: read.refused, unresolved: read.unresolved })
  }
}

/** The standard names a port by its name, and never by its number. */
function withNamedPorts(object: Service | Backend): Targetable {
  const target = backendTarget(object)
  return { ...target, sections: target.sections.filter(({ name }) => !/^\d+$/.test(name)) }
}

function reportClaim({ attachment, refused, unresolved }: Claim, parent: Ancestor, report: Report): void {
  const { policy } = attachment
  if (isFull(refused)) report.bad(policy, 'Accepted', refused, { parent })
  else report.good(policy, 'Accepted', 'Accepted', 'connections are made and verified as it says', { parent })
  if (isFull(unresolved)) report.bad(policy, 'ResolvedRefs', unresolved, { parent })
  else report.good(policy, 'ResolvedRefs', 'ResolvedRefs', 'every reference is resolved', { parent })
}

interface ReadPolicy {
  readonly tls: BackendTls
  readonly refused: readonly Flaw[]
  readonly unresolved: readonly Flaw[]
}

function readPolicy(policy: BackendTLSPolicy, certificates: Certificates): ReadPolicy {
  const { validation } = policy.body.spec
  const path = ['spec', 'validation']
  const refs = validation.caCertificateRefs ?? []
  if (refs.length === 0) return readWellKnown(validation, [...path, 'wellKnownCACertificates'])
  const from = {
    group: GATEWAY_API,
    kind: 'BackendTLSPolicy',
    namespace: policy.metadata.namespace,
  }
  const found: Resolved[] = []
  const unresolved: Flaw[] = []
  for (const [i, ref] of refs.entries()) {
    const result = certificates.authority(ref, from, [...path, 'caCertificateRefs', i], reasons)
    if ('parsed' in result) found.push(result)
    else unresolved.push(result)
  }
  const refused =
    found.length > 0 ? [] : unresolved.map(flaw => ({ ...flaw, reason: 'NoValidCACertificate' }))
  const contents = found.map(({ parsed }) => parsed.certificate.fingerprint)
  // "Connections using an invalid CACertificateRef MUST fail", whatever the others are.
  const tls =
    unresolved.length > 0
      ? 'invalid'
      : tlsOf(
          validation,
          found.map(({ name }) => name),
          contents,
        )
  return { tls, refused, unresolved }
}

function readWellKnown(validation: BackendTLSValidation, path: FieldPath): ReadPolicy {
  const { wellKnownCACertificates = '' } = validation
  if (wellKnownCACertificates === 'System')
    return { tls: tlsOf(validation, 'system', []), refused: [], unresolved: [] }
  const message = `${JSON.stringify(wellKnownCACertificates)} is not known here, expected "System"`
  return { tls: 'invalid', refused: [{ reason: 'Invalid', path, message }], unresolved: [] }
}

function tlsOf(
  { hostname, subjectAltNames = [] }: BackendTLSValidation,
  authorities: ClusterTls['authorities'],
  contents: readonly string[],
): ClusterTls {
  const names = subjectAltNames.map(({ type, hostname: dns = '', uri = '' }) =>
    type === 'Hostname'
      ? { type: 'dns' as const, value: canonicalHostname(dns) }
      : { type: 'uri' as const, value: uri },
  )
  return clusterTls({ serverName: canonicalHostname(hostname), names, authorities }, contents)
}

/** `contents` tells apart what is behind the names of certificates. */
export function clusterTls(
  said: Pick<ClusterTls, 'serverName' | 'names' | 'authorities'>,
  contents: readonly string[],
): ClusterTls {
  const whole = { ...said, certificate: null, ...tlsBounds }
  return { ...whole, key: digest(JSON.stringify([whole, contents])) }
}
