import { ListenerSet } from '../../model/kinds/listener-set.ts'
import { listenerName, type ListenerOwner } from '../../translation/listener-name.ts'
import type { InForce } from '../../control/controller.ts'
import { Gateway } from '../../model/kinds/gateway.ts'
import type { Kinds } from '../../model/kinds.ts'
import type { ResourceRef } from '../../model/resource.ts'
import { refKey, type Resources } from '../../model/resources.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type * as shapes from '../shapes/certificate.ts'
import { declaredFacts, factsOf, type CertificateFacts } from './certificate-facts.ts'
import { byText, pageByPlace } from './page.ts'

interface CertificateSource extends Pick<InForce, 'snapshot' | 'resources' | 'expiresMs'> {
  readonly kinds: Kinds
}

/** What one has to see to, or the gateway has not yet. */
const EXPIRING_MS = 14 * 24 * 3_600_000

/** All that something refers to: in force, expired or not yet valid, and still to be obtained; what ends first in front. */
export function certificatePage(
  source: CertificateSource,
  nowMs: number,
  query: shapes.CertificateQuery,
): shapes.Certificates {
  const all = certificateViews(source, nowMs).toSorted(
    (a, b) => (a.expiresInS ?? -Infinity) - (b.expiresInS ?? -Infinity) || byText(a.name, b.name),
  )
  return pageByPlace(all, query)
}

/** Those in force that somebody must see to soon; what a CertificatePolicy has obtained it renews by itself. */
export function expiringCertificates(
  source: CertificateSource,
  nowMs: number,
): readonly shapes.Certificate[] {
  return certificateViews(source, nowMs).filter(
    ({ state, inUse, object }) => state === 'expiring' && inUse && object.kind !== 'CertificatePolicy',
  )
}

function certificateViews(
  { snapshot, resources, kinds, expiresMs }: CertificateSource,
  nowMs: number,
): readonly shapes.Certificate[] {
  const { certificates = {} } = snapshot
  const users = usersOf(snapshot, resources)
  const served = Object.entries(certificates).map(([name, one]) => [name, factsOf(one)] as const)
  const lost = [...expiresMs.keys()]
    .filter(key => !Object.hasOwn(certificates, key) && !Object.hasOwn(certificates, `${key} ca`))
    .flatMap(key => {
      const holder = resources.find(key)
      return holder === undefined ? [] : [[key, declaredFacts(holder)] as const]
    })
  const wanted = [...users.wanted]
    .filter(name => !Object.hasOwn(certificates, name))
    .map(name => [name, null] as const)
  return [...served, ...lost, ...wanted].map(([name, facts]) => ({
    name,
    ...heldBy(name, resources, kinds),
    ...factsView(facts, name, nowMs),
    inUse: Object.hasOwn(certificates, name),
    usedBy: [...(users.by.get(name) ?? [])].map(userView),
  }))
}

function factsView(facts: CertificateFacts | null, name: string, nowMs: number) {
  if (facts === null)
    return {
      // `CertificatePolicy/default/acme a.example`
      names: name.split(' ').slice(1, 2),
      issuer: null,
      keyType: null,
      notBefore: null,
      notAfter: null,
      expiresInS: null,
      state: 'wanted' as const,
      authority: false,
    }
  const { names, issuer, keyType, fromMs, untilMs, authority } = facts
  return {
    names,
    issuer,
    keyType,
    notBefore: new Date(fromMs).toISOString(),
    notAfter: new Date(untilMs).toISOString(),
    expiresInS: Math.floor((untilMs - nowMs) / 1000),
    state: stateOf(facts, nowMs),
    authority,
  }
}

function stateOf({ fromMs, untilMs }: CertificateFacts, nowMs: number): shapes.Certificate['state'] {
  if (nowMs < fromMs) return 'not-yet'
  if (nowMs > untilMs) return 'expired'
  return untilMs - nowMs < Math.min(EXPIRING_MS, (untilMs - fromMs) / 3) ? 'expiring' : 'valid'
}

interface Users {
  /** By the name of the certificate: `listener default/front/https`, `cluster Backend/default/items`. */
  readonly by: ReadonlyMap<string, ReadonlySet<string>>
  /** Names of those that are still to be obtained. */
  readonly wanted: ReadonlySet<string>
}

function usersOf({ ports, clusters }: Snapshot, resources: Resources): Users {
  const by = new Map<string, Set<string>>()
  const wanted = new Set<string>()
  const add = (name: string, user: string): void => {
    const users = by.get(name)
    if (users === undefined) by.set(name, new Set([user]))
    else users.add(user)
  }
  for (const { listeners } of ports)
    for (const { name, tls } of listeners) {
      if (tls?.mode !== 'terminate') continue
      for (const one of tls.wanted ?? []) wanted.add(one)
      for (const one of [...tls.certificates, ...(tls.wanted ?? []), ...(tls.clients?.authorities ?? [])])
        add(one, `listener ${name}`)
    }
  for (const { name, tls } of clusters) {
    if (tls === undefined) continue
    for (const one of tls.authorities === 'system' ? [] : tls.authorities) add(one, `cluster ${name}`)
    if (tls.certificate !== null) add(tls.certificate, `cluster ${name}`)
  }
  // A listener whose certificate has expired does not name it any more.
  for (const owner of [...resources.all(Gateway), ...resources.all(ListenerSet)]) addReferences(owner, add)
  return { by, wanted }
}

function addReferences(owner: ListenerOwner, add: (name: string, user: string) => void): void {
  const { namespace } = owner.metadata
  for (const listener of owner.body.spec.listeners)
    for (const { group = '', kind = 'Secret', name: secret, namespace: of = namespace } of listener.tls
      ?.certificateRefs ?? [])
      add(
        refKey({ group, kind, namespace: of, name: secret }),
        `listener ${listenerName(owner, listener.name)}`,
      )
}

function userView(user: string): shapes.Certificate['usedBy'][number] {
  return user.startsWith('listener ')
    ? { what: 'listener', name: user.slice('listener '.length) }
    : { what: 'cluster', name: user.slice('cluster '.length) }
}

/** `Secret/default/shop`, `ConfigMap/default/ca ca`, `CertificatePolicy/default/acme a.example`. */
function heldBy(
  name: string,
  resources: Resources,
  kinds: Kinds,
): { readonly object: ResourceRef; readonly source: shapes.Certificate['source'] } {
  const [qualified = '', namespace = '', own = ''] = (name.split(' ')[0] ?? '').split('/')
  const [kind = ''] = qualified.split('.')
  const group = kinds.all.find(one => one.kind === kind)?.group ?? ''
  const object = { group, kind, namespace, name: own }
  return { object, source: resources.find(refKey(object))?.at([]) ?? null }
}
