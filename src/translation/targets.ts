import { portDefaults } from '../model/defaults.ts'
import { Backend } from '../model/kinds/backend.ts'
import { Service, type ServicePort } from '../model/kinds/service.ts'
import type { Resources } from '../model/resources.ts'
import { targetName } from '../snapshot/cluster-name.ts'
import type { Cluster } from '../snapshot/cluster.ts'

/** What a cluster stands for: a port of a Service, or a Backend. */
export type ClusterTarget = ServiceTarget | BackendTarget

interface ServiceTarget extends Spoken {
  readonly kind: 'Service'
  readonly object: Service
  readonly port: ServicePort
}

interface BackendTarget extends Spoken {
  readonly kind: 'Backend'
  readonly object: Backend
}

interface Spoken {
  /** Set where calls of gRPC are sent to something that does not say that it speaks HTTP/2, and where datagrams are. */
  readonly as?: 'h2' | 'udp'
}

/** A target that is spoken to in two ways is two clusters, with names of their own whether or not both are in use. */
export function clusterName(target: ClusterTarget): string {
  const { namespace, name } = target.object.metadata
  const way = target.as === undefined ? '' : ` (${target.as})`
  return target.kind === 'Service'
    ? `Service/${namespace}/${name}:${target.port.port}${way}`
    : `Backend/${namespace}/${name}${way}`
}

/** The target as gRPC needs it: over HTTP/2, which a route of calls implies where nobody says otherwise. */
export function forCalls(target: ClusterTarget): ClusterTarget {
  return protocolOf(target) === 'h2' ? target : { ...target, as: 'h2' }
}

/** What is spoken: a Backend's spec.protocol or the appProtocol of a Service's port say it, HTTP/1.1 where neither does. */
export function protocolOf(target: ClusterTarget): Cluster['protocol'] {
  if (target.as === 'h2') return 'h2'
  if (target.kind === 'Service') return H2C.includes(appProtocolOf(target.port)) ? 'h2' : 'http'
  const { protocol } = target.object.body.spec
  return protocol === 'h2' || protocol === 'h2c' ? 'h2' : 'http'
}

/** HTTP/2 without TLS: the standard's name (KEP-3726), and the one that Istio began with. */
export const H2C = ['kubernetes.io/h2c', 'grpc']

export function appProtocolOf({ appProtocol = '' }: ServicePort): string {
  return appProtocol.toLowerCase()
}

/** The target that a cluster was named after, where it is still there. */
export function targetNamed(resources: Resources, cluster: string): ClusterTarget | undefined {
  // Names of objects are DNS names, so neither "/" nor ":" is in one.
  const [kind, namespace = '', rest = ''] = targetName(cluster).split('/')
  const [name = '', portText] = rest.split(':')
  const as = cluster.endsWith(' (udp)') ? ({ as: 'udp' } as const) : {}
  if (kind === 'Backend') {
    const object = resources.get(Backend, namespace, name)
    return object && { kind, object, ...as }
  }
  const object = resources.get(Service, namespace, name)
  const port = object && portNumbered(object, Number(portText), 'as' in as ? 'UDP' : 'TCP')
  return kind === 'Service' && port ? { kind, object, port, ...as } : undefined
}

/**
 * The port of a Service by its number: that of the protocol, where another one has the same. An
 * ExternalName Service needs no ports: the port of the reference is the port of the name.
 */
export function portNumbered(
  { body }: Service,
  port: number,
  protocol: 'TCP' | 'UDP' = 'TCP',
): ServicePort | undefined {
  const { type, ports = [] } = body.spec ?? {}
  if (type === 'ExternalName' && ports.length === 0) return { port, protocol }
  const same = ports.filter(p => p.port === port)
  return same.find(p => (p.protocol ?? portDefaults.protocol) === protocol) ?? same[0]
}
