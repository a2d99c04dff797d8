import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import type { Cluster } from '../../snapshot/cluster.ts'
import type { Certificate, ClusterTls } from '../../snapshot/tls.ts'

type Certificates = Readonly<Record<string, Certificate>>

/**
 * The TLS contexts of all clusters of a worker. Reading the authorities costs milliseconds, so one is made when it is
 * first needed, and again only when something that it was made from has changed.
 */
export class ClientContexts {
  private readonly made = new Map<string, SecureContext>()
  private readonly system: () => readonly string[]
  private certificates: Certificates = {}

  /** `system` are the authorities that the machine trusts. */
  constructor(system: () => readonly string[] = systemAuthorities) {
    this.system = system
  }

  /** Another snapshot; what it does not need is forgotten. */
  apply(clusters: readonly Cluster[], certificates: Certificates): void {
    this.certificates = certificates
    const wanted = new Set(clusters.map(({ tls }) => tls?.key))
    for (const key of this.made.keys()) if (!wanted.has(key)) this.made.delete(key)
  }

  /** Throws where OpenSSL refuses what the snapshot says. */
  of(tls: ClusterTls): SecureContext {
    let context = this.made.get(tls.key)
    if (context === undefined) this.made.set(tls.key, (context = this.make(tls)))
    return context
  }

  private make({ authorities, certificate, minVersion, maxVersion, ciphers }: ClusterTls): SecureContext {
    const { certificates } = this
    const own = certificate === null ? undefined : certificates[certificate]
    // A certificate of ours that is gone must not turn into none.
    if (certificate !== null && own === undefined) throw new Error(`there is no certificate ${certificate}`)
    const trusted =
      authorities === 'system' ? this.system() : authorities.flatMap(name => certificates[name]?.chain ?? [])
    return createSecureContext({
      ca: [...trusted],
      minVersion,
      maxVersion,
      ...(ciphers === '' ? {} : { ciphers }),
      ...(own === undefined ? {} : { cert: own.chain, key: own.key }),
    })
  }
}

/** Of the operating system; a machine without any (an image made from scratch) has those of the run time. */
function systemAuthorities(): readonly string[] {
  const installed = getCACertificates('system')
  return installed.length > 0 ? installed : getCACertificates('bundled')
}
