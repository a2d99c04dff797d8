import { fieldOf } from '../model/words.ts'

/** What kubectl applied, whole, once more. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** Of metadata what is looked at; `managedFields` alone is larger than many objects. */
export function trimmedMetadata(metadata: unknown): Record<string, unknown> {
  const kept = picked(metadata, ['name', 'namespace', 'labels', 'generation', 'creationTimestamp'])
  const annotations = fieldOf(metadata, 'annotations')
  if (typeof annotations !== 'object' || annotations === null) return kept
  const { [LAST_APPLIED]: _, ...others } = annotations as Record<string, unknown>
  return Object.keys(others).length === 0 ? kept : { ...kept, annotations: others }
}

/**
 * The fields beside apiVersion, kind, metadata and status. Of Kubernetes' own kinds those that are looked at: a cluster
 * that is newer has fields that this release does not know, which must not make its Services invalid, and of 20,000
 * endpoints the rest would be half of the memory. Kinds of Gateway API and ours are taken as they are: an unknown field
 * of a route may be a filter that protects it.
 */
export function trimmedBody(group: string, kind: string, object: object): Record<string, unknown> {
  const { apiVersion: _, kind: __, metadata: ___, status: ____, ...body } = object as Record<string, unknown>
  return own[group === '' ? kind : `${kind}.${group}`]?.(body) ?? body
}

const own: Readonly<Record<string, (body: Record<string, unknown>) => Record<string, unknown>>> = {
  Namespace: () => ({}),
  Secret: body => picked(body, ['type', 'data']),
  ConfigMap: body => picked(body, ['data', 'binaryData']),
  'ClusterTrustBundle.certificates.k8s.io': ({ spec }) => ({
    spec: picked(spec, ['signerName', 'trustBundle']),
  }),
  Service: ({ spec }) => {
    const kept = picked(spec, ['clusterIP', 'type', 'externalName', 'ipFamilies', 'trafficDistribution'])
    const ports = fieldOf(spec, 'ports')
    if (!Array.isArray(ports)) return { spec: kept }
    return {
      spec: { ...kept, ports: ports.map(one => picked(one, ['name', 'protocol', 'appProtocol', 'port'])) },
    }
  },
  'Ingress.networking.k8s.io': ({ spec }) => ({
    spec: picked(spec, ['ingressClassName', 'defaultBackend', 'tls', 'rules']),
  }),
  'IngressClass.networking.k8s.io': ({ spec }) => ({ spec: picked(spec, ['controller', 'parameters']) }),
  'EndpointSlice.discovery.k8s.io': ({ addressType, endpoints, ports }) => ({
    addressType,
    ...(Array.isArray(endpoints) && { endpoints: endpoints.map(trimmedEndpoint) }),
    ...(Array.isArray(ports) && { ports: ports.map(one => picked(one, ['name', 'protocol', 'port'])) }),
  }),
}

function trimmedEndpoint(endpoint: unknown): Record<string, unknown> {
  const { conditions, ...kept } = picked(endpoint, ['addresses', 'conditions', 'zone'])
  if (conditions === undefined) return kept
  return { ...kept, conditions: picked(conditions, ['ready', 'serving', 'terminating']) }
}

function picked(value: unknown, names: readonly string[]): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  for (const name of names) {
    const field = fieldOf(value, name)
    if (field !== undefined && field !== null) kept[name] = field
  }
  return kept
}
