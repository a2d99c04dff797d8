import { NETWORKING, type Ingress } from '../../../model/kinds/ingress.ts'
import type { FieldPath } from '../../../model/resource.ts'
import type { ListenerTls } from '../../../snapshot/tls.ts'
import type { Certificates, Resolved } from '../../../translation/certificates.ts'
import { digest } from '../../../translation/pem.ts'
import { policyName } from '../../../translation/policies.ts'
import type { Doubt, Flaw } from '../../../translation/report.ts'

/** What is shown to clients who ask for one name. */
export interface HostTls {
  /** Who brings it. */
  readonly ingress: Ingress
  /** `spec.tls[i]` */
  readonly path: FieldPath
  readonly tls: ListenerTls
}

export interface IngressTls {
  /** By hostname, "" for any. */
  readonly hosts: ReadonlyMap<string, HostTls>
  /** Of each Ingress, Secrets that cannot be had. */
  readonly unresolved: ReadonlyMap<Ingress, readonly Flaw[]>
  readonly doubts: readonly (readonly [ingress: Ingress, doubt: Doubt])[]
}

interface Named {
  readonly ingress: Ingress
  readonly path: FieldPath
  readonly found: Resolved[]
  /** Whether somebody names a Secret for it, which may be missing. */
  readonly secret: boolean
}

const reasons = { invalid: 'InvalidCertificateRef', kind: 'InvalidCertificateRef' }

/** Certificates by the names that Ingresses show them for; of several Ingresses the oldest that has one has the name. */
export function ingressTls(ingresses: readonly Ingress[], certificates: Certificates): IngressTls {
  const hosts = new Map<string, Named>()
  const unresolved = new Map<Ingress, Flaw[]>()
  const doubts: (readonly [Ingress, Doubt])[] = []
  for (const ingress of ingresses)
    for (const [i, { hosts: names = [], secretName }] of (ingress.body.spec?.tls ?? []).entries()) {
      const path = ['spec', 'tls', i]
      const found = secretName === undefined ? null : keyPair(ingress, secretName, path, certificates)
      if (found !== null && 'reason' in found)
        unresolved.set(ingress, [...(unresolved.get(ingress) ?? []), found])
      for (const name of names.length === 0 ? [''] : names) {
        const before = hosts.get(name) ?? { ingress, path, found: [], secret: false }
        const known = { ...before, secret: before.secret || found !== null }
        hosts.set(name, known)
        if (found === null || 'reason' in found) continue
        if (known.found.length === 0) hosts.set(name, { ingress, path, found: [found], secret: true })
        else if (known.found.some(one => one.name === found.name)) continue
        // Keys of two types for one name.
        else if (known.ingress === ingress) known.found.push(found)
        else doubts.push([ingress, taken(name, known, path)])
      }
    }
  for (const [name, { ingress, path, secret }] of hosts)
    if (!secret) doubts.push([ingress, secretless(name, path)])
  return {
    hosts: new Map(
      [...hosts].map(([name, { ingress, path, found }]) => [name, { ingress, path, tls: tlsOf(found) }]),
    ),
    unresolved,
    doubts,
  }
}

function keyPair(
  ingress: Ingress,
  name: string,
  path: FieldPath,
  certificates: Certificates,
): Resolved | Flaw {
  const from = { group: NETWORKING, kind: 'Ingress', namespace: ingress.metadata.namespace }
  return certificates.keyPair({ name }, from, [...path, 'secretName'], reasons)
}

function tlsOf(found: readonly Resolved[]): ListenerTls {
  if (found.length === 0) return { mode: 'refuse' }
  const key = digest(found.map(({ name, parsed }) => `${name} ${parsed.certificate.fingerprint}`).join('\n'))
  return { mode: 'terminate', inner: 'http', certificates: found.map(({ name }) => name), clients: null, key }
}

function taken(name: string, { ingress }: Named, path: FieldPath): Doubt {
  const message = `clients who ask for ${name === '' ? 'any name' : name} are shown the certificate of Ingress ${policyName(ingress)}, which comes first`
  return { severity: 'warning', reason: 'CertificateTaken', path, message }
}

function secretless(name: string, path: FieldPath): Doubt {
  const message = `names no Secret, and nobody else has one for ${name === '' ? 'any name' : name}: it is not served with TLS`
  return { severity: 'error', reason: 'NoCertificate', path, message }
}
