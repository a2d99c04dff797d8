import { isIP } from 'node:net'
import { canonicalHostname } from '../../../http/hostname.ts'
import { PORTCULLIS } from '../../../model/kind.ts'
import { Backend } from '../../../model/kinds/backend.ts'
import { Composition } from '../../../model/kinds/composition.ts'
import { Filter } from '../../../model/kinds/filter.ts'
import type { BackendObjectReference } from '../../../model/kinds/http-filters.ts'
import { Service } from '../../../model/kinds/service.ts'
import { isSlip } from '../../../model/nearest.ts'
import type { FieldPath } from '../../../model/resource.ts'
import type { Resources } from '../../../model/resources.ts'
import type { Cluster, Endpoint } from '../../../snapshot/cluster.ts'
import { clusterSettings } from '../../../translation/cluster-settings.ts'
import {
  bundleKey,
  BUNDLES,
  type BackendClusters,
  type BundleBackend,
  type DeclaredBundles,
} from '../../../translation/compositions.ts'
import { isFull, type Flaw, type Report } from '../../../translation/report.ts'
import type { Facts } from '../../../translation/service.ts'
import { originOf } from '../origin.ts'
import type { BackendRefs, Use } from './backend-refs.ts'
import { clusterTls } from './backend-tls-policy.ts'
import { ejectionOf } from './ejection.ts'
import type { UpstreamTls } from './upstream-tls.ts'

type Bundled = Composition | Filter

/** One backend of one bundle: the cluster of an object, one of its own by name or address, or why there is none. */
interface Composed {
  readonly bundle: Bundled
  readonly backend: BundleBackend
  readonly path: FieldPath
  readonly to: string | Host | Flaw
  /** A name of an object here that is nearly the host's. */
  readonly likely?: string | null
}

/** What a url names that is no object here. */
interface Host {
  readonly address: string
  readonly port: number
  readonly isSecure: boolean
  readonly protocol: 'http' | 'h2'
}

/**
 * Where backends of bundles are: what `spec.backends` says, a Service or Backend by the name in their url, or a host.
 * Bundles that are not known yet have none.
 */
export function composedBackends(
  resources: Resources,
  facts: Facts | undefined,
  refs: BackendRefs,
): readonly Composed[] {
  const declared = facts?.[BUNDLES] as DeclaredBundles | undefined
  if (declared === undefined) return []
  return [...resources.all(Composition), ...resources.all(Filter)].flatMap(bundle => {
    const { backends = [] } = declared.get(bundleKey(bundle)) ?? {}
    return backends.map(backend => ({ bundle, backend, ...whereIs(bundle, backend, resources, refs) }))
  })
}

const PORTS = { http: 80, https: 443, ws: 80, wss: 443, h2c: 80, h2: 443 } as const

function whereIs(
  bundle: Bundled,
  backend: BundleBackend,
  resources: Resources,
  refs: BackendRefs,
): Pick<Composed, 'path' | 'to' | 'likely'> {
  const { backends } = bundle.body.spec
  const isAggregate = 'aggregate' in bundle.body.spec && bundle.body.spec.aggregate !== undefined
  const named = backends?.[backend.name]
  const declared = isAggregate ? ['aggregate', 'backends', backend.name] : ['bundle']
  const path = ['spec', ...(named === undefined ? declared : ['backends', backend.name])]
  const { namespace } = bundle.metadata
  const host = hostOf(backend)
  if (host === null) return { path, to: unserved(backend, path) }
  const ref = named ?? objectNamed(host, namespace, resources)
  if (ref === null) return { path, to: host, likely: likelyMeant(host, namespace, resources) }
  const from = { group: PORTCULLIS, kind: bundle.kind, namespace }
  const use: Use = host.protocol === 'h2' ? 'grpc' : 'http'
  const to = refs.resolve(ref, from, path, use)
  if (typeof to === 'string') return { path, to }
  // What is wrong with a name in a url is at no field of the reference that it stands for.
  const place = named === undefined ? path : to.path
  return { path, to: { ...to, path: place, message: `${subject(backend)}: ${to.message}` } }
}

function subject({ name, url }: BundleBackend): string {
  return `the backend ${name} (${url})`
}

function unserved(backend: BundleBackend, path: FieldPath): Flaw {
  const message = `${subject(backend)} has a scheme that is not served, expected ${Object.keys(PORTS).join(', ')}`
  return { reason: 'UnsupportedProtocol', path, message }
}

/** Null where nothing is known of its scheme. */
function hostOf({ url, protocol }: BundleBackend): Host | null {
  const { protocol: scheme, hostname, port } = new URL(url)
  const name = scheme.slice(0, -1)
  if (!Object.hasOwn(PORTS, name)) return null
  return {
    address: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? PORTS[name as keyof typeof PORTS] : Number(port),
    isSecure: ['https', 'wss', 'h2'].includes(name),
    protocol: protocol === 'grpc' || name === 'h2' || name === 'h2c' ? 'h2' : 'http',
  }
}

/** Whose name it is in this namespace, or which Service is called so in a cluster: `users.shop`, `users.shop.svc.cluster.local`. */
function objectNamed(
  { address, port }: Host,
  home: string,
  resources: Resources,
): BackendObjectReference | null {
  if (isIP(address) !== 0) return null
  const [name = '', namespace = home, ...rest] = address.split('.')
  if (rest.length > 0 && rest[0] !== 'svc') return null
  if (resources.get(Service, namespace, name) !== undefined) return { name, namespace, port }
  return namespace === home && resources.get(Backend, home, name) !== undefined
    ? { group: PORTCULLIS, kind: Backend.kind, name }
    : null
}

/** A name without a dot is one of DNS too, in a search domain; one that is nearly an object's is likely meant for that. */
function likelyMeant({ address }: Host, namespace: string, resources: Resources): string | null {
  if (isIP(address) !== 0 || address.includes('.')) return null
  const near = [...resources.all(Backend), ...resources.all(Service)]
    .filter(({ metadata }) => metadata.namespace === namespace)
    .map(({ metadata }) => metadata.name)
  return near.find(name => isSlip(address, name)) ?? null
}

/** What compositions add to the snapshot, and what is wanted of the service that runs them. */
export interface ComposedClusters {
  readonly clusters: readonly Cluster[]
  readonly endpoints: Readonly<Record<string, readonly Endpoint[]>>
  /** Of objects. */
  readonly names: readonly string[]
  readonly wanted: BackendClusters
}

/** With what secures them; says of each composition whether its backends are there. `isOpen`: nothing keeps requests from that cluster. */
export function composedClusters(
  all: readonly Composed[],
  upstreams: UpstreamTls,
  isOpen: (cluster: string) => boolean,
  report: Report,
): ComposedClusters {
  const clusters = new Map<string, Cluster>()
  const endpoints: Record<string, readonly Endpoint[]> = {}
  const names: string[] = []
  const wanted: Record<string, Record<string, string>> = {}
  for (const [bundle, list] of Map.groupBy(all, one => one.bundle)) {
    const flaws: Flaw[] = []
    const { namespace } = bundle.metadata
    const own: Record<string, string> = (wanted[bundleKey(bundle)] = {})
    for (const { backend, path, to, likely = null } of list) {
      if (likely !== null)
        report.doubt(bundle, {
          severity: 'warning',
          reason: 'LikelyMisspelled',
          path,
          message: `${subject(backend)} is a name of DNS, since no Backend or Service of ${namespace} is called so; did you mean ${JSON.stringify(likely)}?`,
        })
      if (typeof to === 'string') {
        const cluster = secured(to, backend, path, upstreams, isOpen)
        if (typeof cluster !== 'string') flaws.push(cluster)
        else names.push((own[backend.name] = cluster))
      } else if ('reason' in to) flaws.push(to)
      else {
        const cluster = hostCluster(to, bundle)
        own[backend.name] = cluster.name
        if (!clusters.has(cluster.name)) clusters.set(cluster.name, cluster)
        endpoints[cluster.name] = [{ address: to.address, port: to.port, weight: 1 }]
      }
    }
    if (isFull(flaws)) report.bad(bundle, 'ResolvedRefs', flaws)
    else report.good(bundle, 'ResolvedRefs', 'ResolvedRefs', 'every backend is resolved')
  }
  return { clusters: [...clusters.values()], endpoints, names, wanted }
}

function secured(
  name: string,
  backend: BundleBackend,
  path: FieldPath,
  upstreams: UpstreamTls,
  isOpen: (cluster: string) => boolean,
): string | Flaw {
  const flaw = (reason: string, why: string, follows?: true): Flaw => ({
    reason,
    path,
    message: `${subject(backend)} ${why}`,
    ...(follows && { follows }),
  })
  if (!isOpen(name))
    return flaw(
      'ProtectionMissing',
      `is ${name}, which is closed: what would protect it is not in force`,
      true,
    )
  const tls = upstreams.ofNoGateway(name)
  if (tls === 'invalid') return flaw('UnsupportedProtocol', `is ${name}, which cannot be verified`, true)
  // Whoever wrote https must not be sent in the clear.
  return tls === null && hostOf(backend)?.isSecure === true
    ? flaw(
        'UnsupportedProtocol',
        `is ${name}, which is reached without TLS; expected a BackendTLSPolicy for it, or http`,
      )
    : name
}

function hostCluster({ address, port, isSecure, protocol }: Host, bundle: Bundled): Cluster {
  const at = `${address.includes(':') ? `[${address}]` : address}:${port}`
  const ways = [...(isSecure ? ['tls'] : []), ...(protocol === 'h2' ? ['h2'] : [])]
  const serverName = isIP(address) === 0 ? canonicalHostname(address) : ''
  return {
    name: `Host/${at}${ways.length === 0 ? '' : ` (${ways.join(' ')})`}`,
    // Several compositions may be the reason for it, and the first is as good as any.
    origin: originOf(bundle, ['spec', 'bundle']),
    protocol,
    ...clusterSettings,
    ...ejectionOf([]),
    ...(isSecure && { tls: clusterTls({ serverName, names: [], authorities: 'system' }, []) }),
  }
}
