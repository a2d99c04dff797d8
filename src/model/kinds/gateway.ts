import { Type } from 'typebox'
import type { Resource } from '../resource.ts'
import {
  groupName,
  hostname,
  kindName,
  labelSelector,
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
  required,
  secretReference,
  sectionName,
  text,
  type Shape,
} from './shapes.ts'

// The CRD's patterns for address types and protocols anchor only their first and last alternative, so that
// "x/Hostname y" would pass there. Here every alternative is anchored.
const addressType = pattern(
  "^(Hostname|IPAddress|NamedAddress|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\/[A-Za-z0-9\\/\\-._~%!$&'()*+,;=:]+)$",
  '"IPAddress", "Hostname", "NamedAddress" or a type with a domain in front',
  253,
)
const protocol = Type.String({
  pattern:
    '^([a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\/[A-Za-z0-9]+)$',
  expected: 'a protocol like "HTTP", "HTTPS", "TLS", "TCP", "UDP", or one with a domain in front',
  // What editors offer.
  examples: ['HTTP', 'HTTPS', 'TLS'],
  minLength: 1,
  maxLength: 255,
})

const address = object({
  type: optional(addressType, 'What `value` is; an IPAddress is served.', 'IPAddress'),
  value: optional(
    text(253),
    'The address to listen on; left out, what --address of the command says, else every one.',
  ),
})

const tlsOptions = record(text(4096), 16)

const listenerTls = object({
  mode: optional(
    Type.Enum(['Terminate', 'Passthrough']),
    'Whether connections are decrypted here, or passed on as they come (protocol TLS only).',
    'Terminate',
  ),
  certificateRefs: optional(
    list(secretReference, 0, 64),
    'Secrets of type kubernetes.io/tls with certificate and key; the one that fits the server name and the keys of the client is shown.',
  ),
  options: optional(
    tlsOptions,
    'Options of implementations. None is known here: others are told, and change nothing. A ClientPolicy has versions, ciphers and groups.',
  ),
})

const selector = optional(labelSelector, 'For Selector: which labels a Namespace must have.')

const allowedRoutes = object({
  namespaces: optional(
    object({
      from: optional(
        Type.Enum(['All', 'Selector', 'Same']),
        'All namespaces, those that `selector` takes, or that of the Gateway.',
        'Same',
      ),
      selector,
    }),
    'Namespaces whose routes may attach.',
  ),
  kinds: optional(
    list(
      object({
        group: optional(groupName, 'The API group of the kind.', 'gateway.networking.k8s.io'),
        kind: required(kindName, 'A kind of routes, such as HTTPRoute.'),
      }),
      0,
      8,
    ),
    'Kinds of routes that may attach; left out, all that go with the protocol.',
  ),
})

const listener = object({
  name: required(
    sectionName,
    'The name of the listener, to which routes and policies refer by `sectionName`.',
  ),
  hostname: optional(
    hostname,
    'The host, or server name, whose requests it takes; *. takes one or more labels. Left out, all that no other listener of the port has.',
  ),
  port: required(port, 'The TCP port. Listeners of one port must differ in protocol or hostname.'),
  protocol: required(
    protocol,
    'HTTP; HTTPS, by TLS; or TLS, for TLSRoutes. HTTP and HTTPS speak HTTP/1.1 and HTTP/2. TCP and UDP are not served.',
  ),
  tls: optional(listenerTls, 'For HTTPS and TLS, which need it.'),
  allowedRoutes: optional(
    allowedRoutes,
    'Which routes may attach; left out, those of the namespace of the Gateway.',
  ),
})

const clientValidation = object(
  {
    validation: optional(
      object({
        caCertificateRefs: required(
          list(objectReference, 1, 16),
          'ConfigMaps or Secrets with the certificates of authorities (key ca.crt) that vouch for clients.',
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
    'Labels for what is made for the Gateway; nothing is, so that they change nothing.',
  ),
  annotations: optional(
    record(text(4096), 16),
    'Annotations for what is made for the Gateway; nothing is, so that they change nothing.',
  ),
  parametersRef: optional(
    localObjectReference,
    'Parameters of a controller. Ours has none, and refuses a Gateway with them: attach a ClientPolicy instead.',
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
      selector,
    }),
    'Namespaces whose ListenerSets may attach.',
  ),
})

/**
 * gateway.networking.k8s.io Gateway, v1 and v1beta1 of release v1.6.1, experimental channel included
 * (`defaultScope`). What the CRD says in CEL is in gateway-rules.ts.
 */
export const gatewaySchema = object(
  {
    spec: required(
      object({
        gatewayClassName: required(
          objectName,
          'The GatewayClass, and so who serves it. The class portcullis is us, and needs no object.',
        ),
        listeners: required(mapList(listener, 'name', 1, 64), 'Ports, and what is spoken there.'),
        addresses: optional(
          list(address, 0, 16),
          'Addresses to listen on; left out, what --address of the command says, else every one of the machine.',
        ),
        infrastructure: optional(
          infrastructure,
          'For what a controller makes in a cluster to serve the Gateway.',
        ),
        allowedListeners: optional(
          allowedListeners,
          'Which ListenerSets may add listeners. They are not served yet.',
        ),
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
export type GatewayAddress = Shape<typeof address>
export type GatewayListener = Shape<typeof listener>
export type ListenerTls = Shape<typeof listenerTls>
export type AllowedRoutes = Shape<typeof allowedRoutes>
