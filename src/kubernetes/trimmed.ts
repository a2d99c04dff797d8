import { fieldOf } from '../model/words.ts'
import { DEPLOYMENT_LABEL } from '../translation/gateway-services.ts'

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
  const { apiVersion: _, kind: __, metadata, status: ___, ...body } = object as Record<string, unknown>
  return own[group === '' ? kind : `${kind}.${group}`]?.(body, metadata) ?? body
}

type Trim = (body: Record<string, unknown>, metadata: unknown) => Record<string, unknown>

const own: Readonly<Record<string, Trim>> = {
  Namespace: () => ({}),
  Secret: body => picked(body, ['type', 'data']),
  ConfigMap: body => picked(body, ['data', 'binaryData']),
  'ClusterTrustBundle.certificates.k8s.io': ({ spec }) => ({
    spec: picked(spec, ['signerName', 'trustBundle']),
  }),
  Service: ({ spec }, metadata) => {
    // Of those that are made for Gateways all is looked at that is written.
    const isMade = fieldOf(fieldOf(metadata, 'labels'), DEPLOYMENT_LABEL) !== undefined
    const kept = picked(spec, isMade ? [...serviceFields, ...madeFields] : serviceFields)
    const ports = fieldOf(spec, 'ports')
    if (!Array.isArray(ports)) return { spec: kept }
    const fields = isMade ? ['name', 'protocol', 'port', 'targetPort'] : portFields
    return { spec: { ...kept, ports: ports.map(one => picked(one, fields)) } }
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

const serviceFields = ['clusterIP', 'type', 'externalName', 'ipFamilies', 'trafficDistribution']
const portFields = ['name', 'protocol', 'appProtocol', 'port']
const madeFields = ['selector', 'externalTrafficPolicy', 'loadBalancerIP', 'loadBalancerSourceRanges']

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
