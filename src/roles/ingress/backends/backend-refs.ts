import { portDefaults } from '../../../model/defaults.ts'
import { PORTCULLIS, type ResourceKind } from '../../../model/kind.ts'
import { Backend } from '../../../model/kinds/backend.ts'
import { Composition } from '../../../model/kinds/composition.ts'
import { isComposition, threadsCluster } from '../../../translation/compositions.ts'
import { BackendTLSPolicy } from '../../../model/kinds/backend-tls-policy.ts'
import { Filter } from '../../../model/kinds/filter.ts'
import type { BackendObjectReference } from '../../../model/kinds/http-filters.ts'
import { Service, type ServicePort } from '../../../model/kinds/service.ts'
import { backendReference } from '../../../model/hints.ts'
import type { FieldPath, ResourceRef } from '../../../model/resource.ts'
import type { Resources } from '../../../model/resources.ts'
import type { BackendTlsPolicies } from './backend-tls-policy.ts'
import type { Flaw } from '../../../translation/report.ts'
import type { Grants, Referrer } from '../../../translation/grants.ts'
import { missing, namesake, notPermitted, see } from '../../../translation/missing.ts'
import {
  appProtocolOf,
  clusterName,
  forCalls,
  H2C,
  portNumbered,
  type ClusterTarget,
} from '../../../translation/targets.ts'
import { namelessBackend } from './upstream-tls.ts'

/** Application protocols that can be sent to (KEP-3726 and what people write); an absent one is what the route implies. */
const SERVED = {
  http: ['', 'http', 'kubernetes.io/ws', 'ws', ...H2C],
  grpc: ['', 'http', ...H2C],
}

/** What is sent to a backend: requests, calls of gRPC, bytes as they come, or datagrams. */
export type Use = 'http' | 'grpc' | 'stream' | 'datagrams'

/** A port by its name, in place of its number: of a Service, in an Ingress. */
export interface NamedPort {
  readonly portName?: string
}

/** The cluster that a reference of a route leads to, or why there is none; `use` where it is not that of the route's own backends. */
export type Follow = (ref: BackendObjectReference & NamedPort, path: FieldPath, use?: Use) => string | Flaw

/** Resolves references to backends, and remembers the targets that are in use. */
export class BackendRefs {
  /** By cluster name. */
  readonly used = new Map<string, ClusterTarget>()
  /** `namespace/name` of those that routes send to. */
  readonly compositions = new Set<string>()
  private readonly policies: BackendTlsPolicies
  private readonly resources: Resources
  private readonly grants: Grants
  /** By the way of a reference. */
  private readonly led = new Map<string, string | Flaw>()

  constructor(resources: Resources, grants: Grants, policies: BackendTlsPolicies) {
    this.policies = policies
    this.resources = resources
    this.grants = grants
  }

  /** The name of the cluster, or why there is none; `use` is what is to be sent there. */
  resolve(ref: BackendObjectReference & NamedPort, from: Referrer, path: FieldPath, use: Use): string | Flaw {
    const { group = '', kind = 'Service', name, namespace = from.namespace } = ref
    const to: ResourceRef = { group, kind, namespace, name }
    const isService = group === '' && kind === 'Service'
    const isComposed = isComposition(to)
    if (!isService && !isComposed && !(group === PORTCULLIS && kind === 'Backend'))
      return {
        reason: 'InvalidKind',
        path,
        message: `${kind} (group ${JSON.stringify(group)}) is no backend, expected Service (group ""), or Backend or Composition (group "${PORTCULLIS}")`,
      }
    // Before existence: without permission nothing is told about another namespace.
    if (!this.grants.permit(from, to))
      return {
        reason: 'RefNotPermitted',
        path,
        ...notPermitted(this.resources, to, from),
      }
    if (isComposed) return this.composition(ref, to, from, path, use)
    const found = isService ? this.service(ref, to, from, path, use) : this.backend(ref, to, from, path, use)
    if ('reason' in found) return found
    const target =
      use === 'grpc' ? forCalls(found) : use === 'datagrams' ? { ...found, as: 'udp' as const } : found
    const cluster = clusterName(target)
    this.used.set(cluster, target)
    return cluster
  }

  /**
   * As resolve, looked up once for each way: that is equal for references that lead to the same. Of a flaw only that it
   * is one is to be believed, for it has a place of its own.
   */
  resolveOnce(
    way: string,
    ref: BackendObjectReference & NamedPort,
    from: Referrer,
    path: FieldPath,
    use: Use,
  ): string | Flaw {
    let cluster = this.led.get(way)
    if (cluster === undefined) this.led.set(way, (cluster = this.resolve(ref, from, path, use)))
    return cluster
  }

  private backend(
    { port }: BackendObjectReference,
    to: ResourceRef,
    from: Referrer,
    path: FieldPath,
    use: Use,
  ): ClusterTarget | Flaw {
    const { namespace, name } = to
    const object = this.resources.get(Backend, namespace, name)
    if (object === undefined) return this.absent(Backend, to, from, path)
    // Its endpoints say their ports themselves; a reference that expects another one is a mistake.
    if (port !== undefined && object.body.spec.endpoints.some(endpoint => endpoint.port !== port))
      return notFound(
        [...path, 'port'],
        `Backend ${namespace}/${name} has endpoints on other ports than ${port}; leave port out, they say theirs`,
      )
    if (use === 'datagrams')
      return object.body.spec.protocol === 'udp' ? { kind: 'Backend', object } : notForDatagrams(object, path)
    // Whoever is at the end of a stream agrees with the client on what is spoken.
    return use === 'stream' && object.body.spec.protocol !== 'udp'
      ? { kind: 'Backend', object }
      : backendTarget(object, path, this.policies.of({ kind: 'Backend', object }) !== null)
  }

  /** Its cluster is contributed by the role that runs it. */
  private composition(
    { port }: BackendObjectReference,
    to: ResourceRef,
    from: Referrer,
    path: FieldPath,
    use: Use,
  ): string | Flaw {
    const { namespace, name } = to
    const what = `Composition ${namespace}/${name}`
    const object = this.resources.get(Composition, namespace, name)
    if (object === undefined) return this.absent(Composition, to, from, path)
    if (port !== undefined) return notFound([...path, 'port'], `${what} has no ports, expected none`)
    const unsupported = (message: string): Flaw => ({ reason: 'UnsupportedProtocol', path, message })
    if (use !== 'http')
      return unsupported(`${what} answers requests of HTTPRoutes, and nothing else can be sent to it yet`)
    // Its threads have ways from workers alone: each call would be answered 503.
    if (from.kind === Composition.kind || from.kind === Filter.kind)
      return unsupported(
        `${what} cannot be called by ${from.kind === Filter.kind ? 'a filter' : 'another composition'}, expected a Service or a Backend`,
      )
    this.compositions.add(`${namespace}/${name}`)
    return threadsCluster(object)
  }

  private service(
    { port, portName }: BackendObjectReference & NamedPort,
    to: ResourceRef,
    from: Referrer,
    path: FieldPath,
    use: Use,
  ): ClusterTarget | Flaw {
    const { namespace, name } = to
    const object = this.resources.get(Service, namespace, name)
    if (object === undefined) return this.absent(Service, to, from, path)
    if (portName !== undefined) return this.named(object, portName, path, use)
    if (port === undefined)
      return notFound(path, `port is missing, expected a port of Service ${namespace}/${name}`)
    const ports = object.body.spec?.ports ?? []
    const found = portNumbered(object, port, use === 'datagrams' ? 'UDP' : 'TCP')
    if (found !== undefined) return this.portOf(object, found, path, use)
    const inner = ports.find(({ targetPort }) => targetPort === port)
    const has =
      ports.length === 0
        ? 'it has none'
        : inner === undefined
          ? `expected ${ports.map(p => p.port).join(' or ')}`
          : `which is the targetPort of its port ${inner.port}; expected ${inner.port}`
    return notFound([...path, 'port'], `Service ${namespace}/${name} has no port ${port}, ${has}`)
  }

  private named(object: Service, name: string, path: FieldPath, use: Use): ClusterTarget | Flaw {
    const ports = object.body.spec?.ports ?? []
    const found = ports.find(port => port.name === name)
    if (found !== undefined) return this.portOf(object, found, path, use)
    const names = ports.flatMap(port => port.name ?? [])
    const has = names.length === 0 ? 'its ports have no names' : `expected ${names.join(' or ')}`
    const { namespace, name: service } = object.metadata
    return notFound(path, `Service ${namespace}/${service} has no port named ${JSON.stringify(name)}, ${has}`)
  }

  private portOf(object: Service, port: ServicePort, path: FieldPath, use: Use): ClusterTarget | Flaw {
    const target = { kind: 'Service' as const, object, port }
    const refused = serviceTarget(target, path, this.policies.of(target) !== null, use)
    return 'reason' in refused ? this.perhapsSecured(refused, target) : refused
  }

  /** What a BackendTLSPolicy would secure that was refused only follows from that. */
  private perhapsSecured(
    flaw: Flaw,
    { port, object }: Extract<ClusterTarget, { readonly kind: 'Service' }>,
  ): Flaw {
    const refusal = this.resources.refusalOfAny(BackendTLSPolicy, object.metadata.namespace)
    if (appProtocolOf(port) !== 'https' || refusal === null) return flaw
    const message = `${flaw.message}; BackendTLSPolicy ${refusal.resource?.name ?? ''} is refused${see(refusal)}`
    return { ...flaw, message, follows: true }
  }

  private absent(
    kind: ResourceKind,
    { namespace, name }: ResourceRef,
    from: Referrer,
    path: FieldPath,
  ): Flaw {
    const { resources } = this
    const closed = namespace !== from.namespace
    const { message, ...rest } = missing(resources, kind, namespace, name, closed)
    const flaw = { reason: 'BackendNotFound', path, ...rest }
    if (closed) return { ...flaw, message }
    if (kind === Service)
      return {
        ...flaw,
        message:
          message + namesake(resources.get(Backend, namespace, name), `write ${backendReference(name)}`),
      }
    if (kind === Composition) {
      const isPlayed = resources.all(Composition).length > 0
      return { ...flaw, message: isPlayed ? message : `${message}, or its role does not run here (--roles)` }
    }
    const service = resources.get(Service, namespace, name)
    const port = service?.body.spec?.ports?.[0]?.port ?? 80
    return { ...flaw, message: message + namesake(service, `write { name: ${name}, port: ${port} }`) }
  }
}

function notFound(path: FieldPath, message: string): Flaw {
  return { reason: 'BackendNotFound', path, message }
}

function backendTarget(object: Backend, path: FieldPath, secured: boolean): ClusterTarget | Flaw {
  const { protocol = 'http' } = object.body.spec
  if (protocol === 'http' || protocol === 'h2c') return { kind: 'Backend', object }
  const secure = protocol === 'https' || protocol === 'h2'
  const lacking = secure && !secured ? namelessBackend(object) : null
  if (secure && lacking === null) return { kind: 'Backend', object }
  const why =
    lacking ??
    (protocol === 'udp' ? 'expected a UDPRoute' : 'which is not served yet, expected http, https, h2c or h2')
  const message = `Backend ${object.metadata.namespace}/${object.metadata.name} has protocol ${protocol}: ${why}`
  return { reason: 'UnsupportedProtocol', path, message }
}

function notForDatagrams({ metadata, body }: Backend, path: FieldPath): Flaw {
  const message = `Backend ${metadata.namespace}/${metadata.name} has protocol ${body.spec.protocol ?? 'http'}, expected udp for what a UDPRoute sends`
  return { reason: 'UnsupportedProtocol', path, message }
}

function serviceTarget(
  target: Extract<ClusterTarget, { readonly kind: 'Service' }>,
  path: FieldPath,
  secured: boolean,
  use: Use,
): ClusterTarget | Flaw {
  const { port, object } = target
  const { protocol = portDefaults.protocol, appProtocol = '' } = port
  const where = `port ${port.port} of Service ${object.metadata.namespace}/${object.metadata.name}`
  const unsupported = (message: string): Flaw => ({ reason: 'UnsupportedProtocol', path, message })
  const wanted = use === 'datagrams' ? 'UDP' : 'TCP'
  if (protocol !== wanted)
    return unsupported(`${where} has protocol ${protocol}, expected ${wanted} for what such a route sends`)
  if (use === 'stream' || use === 'datagrams') return target
  const named = appProtocolOf(port)
  if (named === 'https' && !secured)
    return unsupported(
      `${where} has appProtocol ${appProtocol}, expected a BackendTLSPolicy beside it that says whom to trust`,
    )
  if (named === 'https' || SERVED[use].includes(named)) return target
  const what = use === 'grpc' ? 'calls of a GRPCRoute cannot be sent to' : 'a route cannot be sent to yet'
  return unsupported(`${where} has appProtocol ${appProtocol}, which ${what}`)
}
