import { Type } from 'typebox'
import { externalAuth } from './http-filters.ts'
import {
  groupName,
  hostname,
  kindName,
  labelSelector,
  list,
  localObjectReference,
  object,
  optional,
  port,
  record,
  repeated,
  required,
  secretReference,
  sectionName,
  selectorRules,
  text,
  type Violation,
  type Shape,
} from './shapes.ts'

// The CRD's pattern anchors only its first and last alternative. Here every alternative is anchored.
const protocolName = Type.String({
  pattern:
    '^([a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\/[A-Za-z0-9]+)$',
  expected: 'a protocol like "HTTP", "HTTPS", "TLS", "TCP", "UDP", or one with a domain in front',
  // What editors offer.
  examples: ['HTTP', 'HTTPS', 'TLS', 'TCP', 'UDP'],
  minLength: 1,
  maxLength: 255,
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

export const namespaceSelector = optional(labelSelector, 'For Selector: which labels a Namespace must have.')

const allowedRoutes = object({
  namespaces: optional(
    object({
      from: optional(
        Type.Enum(['All', 'Selector', 'Same']),
        'All namespaces, those that `selector` takes, or that of the Gateway.',
        'Same',
      ),
      selector: namespaceSelector,
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

const listenerFilter = object(
  {
    type: required(Type.Enum(['ExternalAuth', 'ExtensionRef']), 'What the filter does.'),
    externalAuth: optional(externalAuth, 'For type ExternalAuth.'),
    extensionRef: optional(localObjectReference, 'For type ExtensionRef.'),
  },
  { title: 'ListenerFilter' },
)

/** Of the experimental channel (v1.7.0). */
const listenerFilters = object({
  requests: optional(list(listenerFilter, 0, 16), 'In this order.'),
})

export const listenerSchema = object({
  name: required(
    sectionName,
    'The name of the listener, to which routes and policies refer by `sectionName`.',
  ),
  hostname: optional(
    hostname,
    'The host, or server name, whose requests it takes; *. takes one or more labels. Left out, all that no other listener of the port has.',
  ),
  port: required(port, 'The port, of TCP or UDP. Listeners of one port must differ in protocol or hostname.'),
  protocol: required(
    protocolName,
    'HTTP; HTTPS, by TLS; TLS, for TLSRoutes; TCP, for a TCPRoute; or UDP, for a UDPRoute. HTTP and HTTPS speak HTTP/1.1 and HTTP/2.',
  ),
  tls: optional(listenerTls, 'For HTTPS and TLS, which need it.'),
  allowedRoutes: optional(
    allowedRoutes,
    'Which routes may attach; left out, those of the namespace of the Gateway.',
  ),
  filters: optional(
    listenerFilters,
    'Filters that run before a route is chosen. They are not served: with them all requests are answered 500. Attach an ExternalAuthPolicy to the listener instead.',
  ),
})

export type GatewayListener = Shape<typeof listenerSchema>
export type AllowedRoutes = Shape<typeof allowedRoutes>
type ListenerTls = Shape<typeof listenerTls>

/** What the CRD of a Gateway says of its listeners in CEL, with its defaults taken into account. */
export function listenerRules(listeners: readonly GatewayListener[]): Violation[] {
  const violations = listeners.flatMap((listener, i) => oneListener(listener, ['spec', 'listeners', i]))
  // A hostname and its absence differ: "" is no valid hostname, so that it can stand for absence here.
  for (const i of repeated(listeners, l => `${l.port} ${l.protocol} ${l.hostname ?? ''}`))
    violations.push({
      path: ['spec', 'listeners', i],
      message: 'has the port, protocol and hostname of another listener of this Gateway',
    })
  return violations
}

function oneListener(listener: GatewayListener, path: Violation['path']): Violation[] {
  const { protocol, tls } = listener
  const violations: Violation[] = []
  if (tls && ['HTTP', 'TCP', 'UDP'].includes(protocol))
    violations.push({ path: [...path, 'tls'], message: `must be absent for protocol ${protocol}` })
  if (protocol === 'HTTPS' && tls?.mode === 'Passthrough')
    violations.push({ path: [...path, 'tls', 'mode'], message: 'must be Terminate for protocol HTTPS' })
  // The CRD asks for tls.mode to be there; its default, Terminate, then makes an absent mode pass.
  if (protocol === 'TLS' && !tls)
    violations.push({ path: [...path, 'tls'], message: 'is required for protocol TLS' })
  if (listener.hostname !== undefined && ['TCP', 'UDP'].includes(protocol))
    violations.push({ path: [...path, 'hostname'], message: `must be absent for protocol ${protocol}` })
  if (tls) violations.push(...certificateRules(tls, [...path, 'tls']))
  if (listener.filters !== undefined) violations.push(...filterRules(listener, [...path, 'filters']))
  const selector = listener.allowedRoutes?.namespaces?.selector
  if (selector)
    violations.push(...selectorRules(selector, [...path, 'allowedRoutes', 'namespaces', 'selector']))
  return violations
}

function filterRules({ protocol, filters }: GatewayListener, path: Violation['path']): Violation[] {
  const violations: Violation[] = []
  if (!['HTTP', 'HTTPS'].includes(protocol))
    violations.push({ path, message: `must be absent for protocol ${protocol}` })
  for (const [i, filter] of (filters?.requests ?? []).entries()) {
    const isAuth = filter.type === 'ExternalAuth'
    const [own, other] = isAuth
      ? (['externalAuth', 'extensionRef'] as const)
      : (['extensionRef', 'externalAuth'] as const)
    const at = [...path, 'requests', i]
    if (filter[own] === undefined)
      violations.push({ path: [...at, own], message: `is required for filter type ${filter.type}` })
    if (filter[other] !== undefined)
      violations.push({
        path: [...at, other],
        message: `must be absent for filter type ${filter.type}, expected ${own}`,
      })
  }
  return violations
}

function certificateRules(tls: ListenerTls, path: Violation['path']): Violation[] {
  const given = (tls.certificateRefs ?? []).length > 0 || Object.keys(tls.options ?? {}).length > 0
  if (given || tls.mode === 'Passthrough') return []
  return [
    {
      path: [...path, 'certificateRefs'],
      message: 'is required where tls.mode is Terminate, expected at least one reference (or tls.options)',
    },
  ]
}
