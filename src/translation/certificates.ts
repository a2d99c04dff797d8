import { Buffer } from 'node:buffer'
import { isKind, type ResourceKind } from '../model/kind.ts'
import { ClusterTrustBundle } from '../model/kinds/cluster-trust-bundle.ts'
import { ConfigMap } from '../model/kinds/config-map.ts'
import { Secret } from '../model/kinds/secret.ts'
import type { FieldPath } from '../model/resource.ts'
import { refKey, type Resources } from '../model/resources.ts'
import { memoized } from '../snapshot/memo.ts'
import type { Certificate } from '../snapshot/tls.ts'
import type { Calendar } from './calendar.ts'
import type { Flaw } from './report.ts'
import { missing, notPermitted } from './missing.ts'
import type { Grants, Referrer } from './grants.ts'
import { parseAuthorities, parseKeyPair, type Malformed, type Parsed } from './pem.ts'

/** A reference to something that holds certificates; what is absent has its default from the kind of reference. */
export interface CertificateRef {
  readonly group?: string | undefined
  readonly kind?: string | undefined
  readonly name: string
  readonly namespace?: string | undefined
}

/** The standard's reasons, which differ with who refers. */
export interface RefReasons {
  readonly invalid: string
  readonly kind: string
}

/** A certificate by the name that it has in the snapshot. */
export interface Resolved {
  readonly name: string
  readonly parsed: Parsed
}

/** Resources are immutable and stay the same object until they change, so each is read once. */
const keyPairs = new WeakMap<Secret, Parsed | Malformed>()
const authorities = new WeakMap<Holder, Parsed | Malformed>()

/** What has certificates of authorities. */
type Holder = Secret | ConfigMap | ClusterTrustBundle
const holders: readonly ResourceKind<Holder>[] = [ConfigMap, Secret, ClusterTrustBundle]

/** Resolves references to certificates, and remembers what is in use. */
export class Certificates {
  readonly used = new Map<string, Certificate>()
  /** Of all that were asked for and can be read, by the key of what holds them. */
  readonly expiresMs = new Map<string, number>()
  private readonly resources: Resources
  private readonly grants: Grants
  private readonly calendar: Calendar

  constructor(resources: Resources, grants: Grants, calendar: Calendar) {
    this.resources = resources
    this.grants = grants
    this.calendar = calendar
  }

  /** A certificate and its key, from a Secret. */
  keyPair(ref: CertificateRef, from: Referrer, path: FieldPath, reasons: RefReasons): Resolved | Flaw {
    const { group = '', kind = 'Secret', name, namespace = from.namespace } = ref
    const flaw = flawAt(path)
    if (group !== '' || kind !== 'Secret')
      return flaw(
        reasons.kind,
        `${kind} (group ${JSON.stringify(group)}) is not served, expected Secret (group "")`,
      )
    const refused = this.refusal({ kind, name, namespace }, from, path)
    if (refused !== null) return refused
    const secret = this.resources.get(Secret, namespace, name)
    if (secret === undefined) return this.absent(Secret, { namespace, name }, from, path, reasons)
    const key = refKey({ group, kind, namespace, name })
    const parsed = this.current(memoized(keyPairs, secret, readKeyPair), 'tls.crt', key)
    if ('wrong' in parsed) return flaw(reasons.invalid, `Secret ${namespace}/${name}: ${parsed.wrong}`)
    return this.use(key, parsed)
  }

  /** Certificates of authorities: `ca.crt` of a ConfigMap or a Secret, or a ClusterTrustBundle, which everyone may read. */
  authority(ref: CertificateRef, from: Referrer, path: FieldPath, reasons: RefReasons): Resolved | Flaw {
    const { group = '', kind = 'ConfigMap', name } = ref
    const flaw = flawAt(path)
    const held = holders.find(one => one.group === group && one.kind === kind)
    if (held === undefined)
      return flaw(
        reasons.kind,
        `${kind} (group ${JSON.stringify(group)}) is no authority, expected ConfigMap or Secret (group "") or ClusterTrustBundle (group "${ClusterTrustBundle.group}")`,
      )
    const isOfCluster = held.scope === 'Cluster'
    if (isOfCluster && ref.namespace !== undefined)
      return flaw(reasons.invalid, `${kind} ${name} is of no namespace, expected none`)
    const namespace = isOfCluster ? '' : (ref.namespace ?? from.namespace)
    const refused = isOfCluster ? null : this.refusal({ kind, name, namespace }, from, path)
    if (refused !== null) return refused
    const holder = this.resources.get<Holder>(held, namespace, name)
    if (holder === undefined) return this.absent(held, { namespace, name }, from, path, reasons)
    const key = refKey({ group, kind, namespace, name })
    const parsed = this.current(memoized(authorities, holder, readAuthorities), fieldOf(holder), key)
    const shown = namespace === '' ? name : `${namespace}/${name}`
    if ('wrong' in parsed) return flaw(reasons.invalid, `${kind} ${shown}: ${parsed.wrong}`)
    return this.use(`${key} ca`, parsed)
  }

  /** One that has been obtained; null where it is not valid now. `name` is its own in the snapshot. */
  obtained(name: string, parsed: Parsed): Resolved | null {
    const current = this.current(parsed, name, name)
    return 'wrong' in current ? null : this.use(name, current)
  }

  /** The fingerprint of what a name in use stands for. */
  fingerprint(name: string): string {
    return this.used.get(name)?.fingerprint ?? ''
  }

  private use(name: string, parsed: Parsed): Resolved {
    this.used.set(name, parsed.certificate)
    return { name, parsed }
  }

  /** What has been read is kept for long; whether it is valid depends on when. */
  private current(read: Parsed | Malformed, field: string, key: string): Parsed | Malformed {
    if ('wrong' in read) return read
    const untilMs = Math.max(...read.validity.map(one => one.untilMs))
    // One Secret may hold a certificate and an authority: what ends first is what somebody has to see to.
    this.expiresMs.set(key, Math.min(untilMs, this.expiresMs.get(key) ?? Infinity))
    const wrong = this.calendar.objection(field, read.validity)
    return wrong === null ? read : { wrong }
  }

  private absent(
    kind: ResourceKind,
    { namespace, name }: { readonly namespace: string; readonly name: string },
    from: Referrer,
    path: FieldPath,
    reasons: RefReasons,
  ): Flaw {
    const absence = missing(
      this.resources,
      kind,
      namespace,
      name,
      namespace !== '' && namespace !== from.namespace,
    )
    return { reason: reasons.invalid, path, ...absence }
  }

  /** Before existence: without permission nothing is told about another namespace. */
  private refusal(
    { kind, name, namespace }: { kind: string; name: string; namespace: string },
    from: Referrer,
    path: FieldPath,
  ): Flaw | null {
    if (this.grants.permit(from, { group: '', kind, namespace, name })) return null
    return {
      reason: 'RefNotPermitted',
      path,
      ...notPermitted(this.resources, { kind, name, namespace }, from),
    }
  }
}

function flawAt(path: FieldPath): (reason: string, message: string) => Flaw {
  return (reason, message) => ({ reason, path, message })
}

function readKeyPair(secret: Secret): Parsed | Malformed {
  return parseKeyPair(secretValue(secret, 'tls.crt'), secretValue(secret, 'tls.key'))
}

function readAuthorities(holder: Holder): Parsed | Malformed {
  return parseAuthorities(authoritiesOf(holder), fieldOf(holder))
}

function authoritiesOf(holder: Holder): string {
  if (isKind(holder, ClusterTrustBundle)) return holder.body.spec.trustBundle
  return isKind(holder, Secret) ? secretValue(holder, 'ca.crt') : configValue(holder as ConfigMap, 'ca.crt')
}

function fieldOf(holder: Holder): string {
  return isKind(holder, ClusterTrustBundle) ? 'spec.trustBundle' : 'ca.crt'
}

/** Of `stringData`, else of `data`; "" where it has no such key. */
export function secretValue({ body: { data = {}, stringData = {} } }: Secret, key: string): string {
  if (Object.hasOwn(stringData, key)) return stringData[key]!
  return Object.hasOwn(data, key) ? Buffer.from(data[key]!, 'base64').toString('latin1') : ''
}

/** As secretValue. */
export function configValue({ body: { data = {}, binaryData = {} } }: ConfigMap, key: string): string {
  if (Object.hasOwn(data, key)) return data[key]!
  return Object.hasOwn(binaryData, key) ? Buffer.from(binaryData[key]!, 'base64').toString('latin1') : ''
}
