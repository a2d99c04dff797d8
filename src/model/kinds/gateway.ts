import { isIP } from 'node:net'
import { Type } from 'typebox'
import { GATEWAY_API, type ResourceKind } from '../kind.ts'
import { isQualifiedName } from '../metadata.ts'
import type { Resource } from '../resource.ts'
import { listenerSchema, listenerRules, namespaceSelector } from './gateway-listener.ts'
import {
  list,
  localObjectReference,
  mapList,
  object,
  objectName,
  objectReference,
  optional,
  pattern,
  port,
  record,
  repeated,
  required,
  secretReference,
  selectorRules,
  text,
  type Violation,
  type Shape,
} from './shapes.ts'

// The CRD's pattern anchors only its first and last alternative, so that "x/Hostname y" would pass there. Here every
// alternative is anchored.
const addressType = pattern(
  "^(Hostname|IPAddress|NamedAddress|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\/[A-Za-z0-9\\/\\-._~%!$&'()*+,;=:]+)$",
  '"IPAddress", "Hostname", "NamedAddress" or a type with a domain in front',
  253,
)

const gatewayAddress = object({
  type: optional(addressType, 'What `value` is; an IPAddress is served.', 'IPAddress'),
  value: optional(
    text(253),
    'The address to listen on; left out, what --address of the command says, else every one. Where a Service is made for the Gateway (--gateway-services), the one that its balancer is asked for.',
  ),
  routability: optional(
    text(253),
    'From where the address is to be reached: left out, or "", as the gateway is; Cluster, from the cluster alone, where a Service is made for the Gateway (--gateway-services), which then is of type ClusterIP. Others are not served, and the Gateway is refused.',
  ),
})

const clientValidation = object(
  {
    validation: optional(
      object({
        caCertificateRefs: required(
          list(objectReference, 1, 16),
          'ConfigMaps or Secrets with the certificates of authorities (key ca.crt), or ClusterTrustBundles, that vouch for clients.',
        ),
        mode: optional(
          Type.Enum(['AllowValidOnly', 'AllowInsecureFallback']),
          'Whether clients without a valid certificate are refused, or served as well.',
          'AllowValidOnly',
        ),
      }),
      'How client certificates are verified; left out, none is asked for.',
    ),
  },
  { title: 'TLSConfig' },
)

const perPort = object({
  port: required(port, 'The port.'),
  tls: required(clientValidation, 'What counts there, in place of all that `default` says.'),
})

const gatewayTls = object({
  backend: optional(
    object({
      clientCertificateRef: optional(
        secretReference,
        'A Secret of type kubernetes.io/tls, whose certificate is shown to backends that are reached by TLS.',
      ),
    }),
    'Of connections to backends.',
  ),
  frontend: optional(
    object({
      default: required(clientValidation, 'What counts for HTTPS listeners on all other ports.'),
      perPort: optional(mapList(perPort, 'port', 0, 64), 'What counts for HTTPS listeners on these ports.'),
    }),
    'Of connections of clients: whether they must show a certificate.',
  ),
})

const infrastructure = object({
  labels: optional(
    record(
      pattern(
        '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$',
        'a label value (letters, digits, "-", "_" and ".")',
        63,
        0,
      ),
      8,
    ),
    'Labels for what is made for the Gateway: its Service (--gateway-services), its name in its own namespace, and its Deployment where it has one; without them they change nothing.',
  ),
  annotations: optional(
    record(text(4096), 16),
    'Annotations for what is made for the Gateway: its Service (--gateway-services), such as those that its balancer reads, and its Deployment; without them they change nothing.',
  ),
  parametersRef: optional(
    localObjectReference,
    'GatewayParameters of this namespace: the Gateway is served by Pods that serve no other. Whoever names something else, or what is not there, is refused, as everyone is outside of a cluster.',
  ),
})

const allowedListeners = object({
  namespaces: optional(
    object({
      from: optional(
        Type.Enum(['All', 'Selector', 'Same', 'None']),
        'All namespaces, those that `selector` takes, that of the Gateway, or none.',
        'None',
      ),
      selector: namespaceSelector,
    }),
    'Namespaces whose ListenerSets may attach.',
  ),
})

/**
 * gateway.networking.k8s.io Gateway, v1 and v1beta1 of release v1.7.0, experimental channel included
 * (`defaultScope`). What the CRD says in CEL is below.
 */
const gatewaySchema = object(
  {
    spec: required(
      object({
        gatewayClassName: required(
          objectName,
          'The GatewayClass, and so who serves it. The class portcullis is us, and needs no object.',
        ),
        listeners: required(mapList(listenerSchema, 'name', 1, 64), 'Ports, and what is spoken there.'),
        addresses: optional(
          list(gatewayAddress, 0, 16),
          'Addresses to listen on; left out, what --address of the command says, else every one of the machine.',
        ),
        infrastructure: optional(
          infrastructure,
          'For what a controller makes in a cluster to serve the Gateway.',
        ),
        allowedListeners: optional(allowedListeners, 'Which ListenerSets may add listeners; left out, none.'),
        tls: optional(gatewayTls, 'Certificates of clients, and the one that backends are shown.'),
        defaultScope: optional(
          Type.Enum(['All', 'None']),
          'Whether routes attach that name no Gateway but have useDefaultGateways All.',
          'None',
        ),
      }),
      'Where is listened, and for what.',
    ),
  },
  {
    description: 'Where clients connect: addresses, ports, protocols and certificates. Routes attach to it.',
  },
)

export type GatewayBody = Shape<typeof gatewaySchema>
export type GatewaySpec = GatewayBody['spec']
export type Gateway = Resource<GatewayBody>
type GatewayAddress = Shape<typeof gatewayAddress>

export const Gateway: ResourceKind<Gateway> = {
  group: GATEWAY_API,
  versions: ['v1', 'v1beta1'],
  kind: 'Gateway',
  plural: 'gateways',
  scope: 'Namespaced',
  role: 'ingress',
  schema: gatewaySchema,
  rules: gatewayRules,
}

/** The CEL rules and the oneOf of the Gateway CRD (v1.7.0), with its defaults taken into account. */
function gatewayRules({ spec }: GatewayBody): Violation[] {
  return [
    ...listenerRules(spec.listeners),
    ...addressRules(spec.addresses ?? []),
    ...keyRules('labels', spec.infrastructure?.labels ?? {}),
    ...keyRules('annotations', spec.infrastructure?.annotations ?? {}),
    ...selectorRules(spec.allowedListeners?.namespaces?.selector ?? {}, [
      'spec',
      'allowedListeners',
      'namespaces',
      'selector',
    ]),
  ]
}

function addressRules(addresses: readonly GatewayAddress[]): Violation[] {
  const violations = addresses.flatMap((address, i) => [
    ...oneAddress(address, ['spec', 'addresses', i, 'value']),
    ...routabilityRules(address, ['spec', 'addresses', i, 'routability']),
  ])
  const unique = ({ type = 'IPAddress', value }: GatewayAddress) =>
    value !== undefined && (type === 'IPAddress' || type === 'Hostname') ? `${type} ${value}` : undefined
  for (const i of repeated(addresses, unique))
    violations.push({ path: ['spec', 'addresses', i, 'value'], message: 'is given twice' })
  return violations
}

function routabilityRules({ routability = '' }: GatewayAddress, path: Violation['path']): Violation[] {
  const [domain = '', rest = ''] = routability.split(/\/(.*)/s)
  const isPrefixed = rest !== '' && isQualifiedName(`${domain}/x`) && !/(^|\.)k8s\.io$/.test(domain)
  if (routability === '' || routability === 'Cluster' || isPrefixed) return []
  return [
    { path, message: 'must be empty, "Cluster", or a word with a domain in front that is not of k8s.io' },
  ]
}

function oneAddress({ type = 'IPAddress', value }: GatewayAddress, path: Violation['path']): Violation[] {
  if (!value) return []
  if (type === 'IPAddress' && isIP(value) === 0)
    return [{ path, message: 'is no IP address, expected IPv4 or IPv6' }]
  const hostname = /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
  if (type === 'Hostname' && !hostname.test(value))
    return [{ path, message: 'is no hostname, expected a DNS name in lower case' }]
  return []
}

function keyRules(field: 'labels' | 'annotations', values: Readonly<Record<string, string>>): Violation[] {
  return Object.keys(values)
    .filter(key => !isQualifiedName(key))
    .map(key => ({
      path: ['spec', 'infrastructure', field, key],
      message:
        'is no valid key, expected an optional DNS name and "/", then at most 63 letters, digits, "-", "_" and "."',
    }))
}
