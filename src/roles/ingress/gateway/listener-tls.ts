import { GATEWAY_API } from '../../../model/kind.ts'
import type { Gateway, GatewaySpec } from '../../../model/kinds/gateway.ts'
import type { GatewayListener } from '../../../model/kinds/gateway-listener.ts'
import { formatPath } from '../../../model/problem.ts'
import type { FieldPath, Problem } from '../../../model/resource.ts'
import type { ClientValidation, ListenerTls, Termination } from '../../../snapshot/tls.ts'
import type { Certificates, Resolved } from '../../../translation/certificates.ts'
import { see } from '../../../translation/missing.ts'
import type { Flaw } from '../../../translation/report.ts'
import type { Referrer } from '../../../translation/grants.ts'
import type { ListenerOwner } from '../../../translation/listener-name.ts'
import { digest } from '../../../translation/pem.ts'

/** What a listener's TLS comes to. */
export interface TlsState {
  readonly tls: ListenerTls | null
  /** References that cannot be followed: ResolvedRefs. The listener is served with what the others refer to. */
  readonly unresolved: readonly Flaw[]
  /** Why it is not accepted. */
  readonly refused: readonly Flaw[]
}

/** Who sees to a listener's certificate: a CertificatePolicy, perhaps one that was refused for this reason. */
export type Provision = 'policy' | 'nobody' | Problem

const none: TlsState = { tls: null, unresolved: [], refused: [] }
const certificateReasons = { invalid: 'InvalidCertificateRef', kind: 'InvalidCertificateRef' }
const authorityReasons = { invalid: 'InvalidCACertificateRef', kind: 'InvalidCACertificateKind' }

/** `owner` refers to certificates, and its Gateway says what clients must show. */
export function listenerTls(
  owner: ListenerOwner,
  gateway: Gateway,
  spec: GatewayListener,
  path: FieldPath,
  certificates: Certificates,
  provision: Provision,
): TlsState {
  if (spec.protocol !== 'HTTPS' && spec.protocol !== 'TLS') return none
  if (spec.tls?.mode === 'Passthrough') return { ...none, tls: { mode: 'passthrough' } }
  const from = { group: GATEWAY_API, kind: owner.kind, namespace: owner.metadata.namespace }
  const ofGateway = { ...from, kind: gateway.kind, namespace: gateway.metadata.namespace }
  const own = certificatesOf(spec, path, from, certificates, provision)
  const inner = spec.protocol === 'HTTPS' ? ('http' as const) : ('stream' as const)
  // spec.tls.frontend is about "Listeners handling HTTPS traffic".
  const clients =
    inner === 'stream' ? nobody : clientsOf(gateway.body.spec, spec.port, ofGateway, certificates)
  const flawsOf = (flaws: readonly Flaw[]): readonly Flaw[] =>
    owner === gateway ? flaws : flaws.map(flaw => ({ ...ofGatewayText(flaw), path }))
  // Without one authority of several fewer clients are trusted, never more.
  const served = (provision === 'policy' || own.found.length > 0) && clients.refused.length === 0
  const termination: ListenerTls = {
    mode: 'terminate',
    inner,
    certificates: own.found.map(({ name }) => name),
    clients: clients.validation,
    key: digest([...own.found.map(identity), clients.validation?.key ?? ''].join('\n')),
  }
  return {
    tls: served ? termination : { mode: 'refuse' },
    unresolved: [...own.flaws, ...flawsOf(clients.flaws)],
    refused: flawsOf(clients.refused),
  }
}

/** What is wrong in a Gateway, for who has only added a listener to it. */
function ofGatewayText(flaw: Flaw): Flaw {
  return { ...flaw, message: `${formatPath(flaw.path)} of its Gateway: ${flaw.message}`, follows: true }
}

/** The same with certificates that have been obtained, which are shown to none who asks for another name. */
export function withObtained(
  tls: Termination,
  obtained: readonly Resolved[],
  wanted: readonly string[],
): Termination {
  const names = obtained.map(({ name }) => name)
  return {
    ...tls,
    certificates: [...tls.certificates, ...names],
    ...(wanted.length === 0 ? {} : { wanted }),
    lenient: tls.certificates.length,
    key: digest([tls.key, ...obtained.map(identity)].join('\n')),
  }
}

function identity({ name, parsed }: Resolved): string {
  return `${name} ${parsed.certificate.fingerprint}`
}

interface Found {
  readonly found: readonly Resolved[]
  readonly flaws: readonly Flaw[]
}

function certificatesOf(
  { tls }: GatewayListener,
  path: FieldPath,
  from: Referrer,
  certificates: Certificates,
  provision: Provision,
): Found {
  const at = [...path, 'tls', 'certificateRefs']
  const refs = tls?.certificateRefs ?? []
  if (refs.length === 0) return { found: [], flaws: without(provision, at) }
  return sorted(refs.map((ref, i) => certificates.keyPair(ref, from, [...at, i], certificateReasons)))
}

function without(provision: Provision, path: FieldPath): readonly Flaw[] {
  if (provision === 'policy') return []
  const reason = 'InvalidCertificateRef'
  if (provision === 'nobody')
    return [{ reason, path, message: 'there is none, and whoever terminates TLS needs one' }]
  const name = provision.resource?.name ?? ''
  const message = `there is none, and CertificatePolicy ${name} is refused${see(provision)}`
  return [{ reason, path, message, follows: true }]
}

function sorted(results: readonly (Resolved | Flaw)[]): Found {
  const found = new Map<string, Resolved>()
  const flaws: Flaw[] = []
  for (const result of results) {
    // What is referred to twice is there once.
    if ('parsed' in result) found.set(result.name, result)
    else flaws.push(result)
  }
  const left = found.size > 0 ? '; the listener is served with the others' : ''
  return {
    found: [...found.values()],
    flaws: flaws.map(flaw => ({ ...flaw, message: flaw.message + left })),
  }
}

interface Clients {
  readonly validation: ClientValidation | null
  readonly flaws: readonly Flaw[]
  readonly refused: readonly Flaw[]
}

const nobody: Clients = { validation: null, flaws: [], refused: [] }

/** FrontendTLSConfig: what is said of the port replaces the default as a whole. */
function clientsOf({ tls }: GatewaySpec, port: number, from: Referrer, certificates: Certificates): Clients {
  const { frontend } = tls ?? {}
  const index = frontend?.perPort?.findIndex(one => one.port === port) ?? -1
  const validation = index < 0 ? frontend?.default.validation : frontend?.perPort?.[index]?.tls.validation
  if (validation === undefined) return nobody
  const place = index < 0 ? ['default'] : ['perPort', index, 'tls']
  const at = ['spec', 'tls', 'frontend', ...place, 'validation', 'caCertificateRefs']
  const { found, flaws } = sorted(
    validation.caCertificateRefs.map((ref, i) =>
      certificates.authority(ref, from, [...at, i], authorityReasons),
    ),
  )
  const required = validation.mode !== 'AllowInsecureFallback'
  return {
    validation: {
      authorities: found.map(({ name }) => name),
      required,
      key: digest([String(required), ...found.map(identity)].join('\n')),
    },
    flaws,
    refused: found.length > 0 ? [] : flaws.map(flaw => ({ ...flaw, reason: 'NoValidCACertificate' })),
  }
}
