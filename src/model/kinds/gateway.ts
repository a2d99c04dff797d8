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
  pattern,
  port,
  record,
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
const protocol = pattern(
  '^([a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\/[A-Za-z0-9]+)$',
  'a protocol like "HTTP", "HTTPS", "TLS", "TCP", "UDP", or one with a domain in front',
  255,
)

/** GatewaySpecAddress; `type` is IPAddress where absent. An absent `value` leaves the choice to the gateway. */
const address = object({ type: Type.Optional(addressType), value: Type.Optional(text(253)) })

const listenerTls = object({
  /** Terminate where absent. */
  mode: Type.Optional(Type.Enum(['Terminate', 'Passthrough'])),
  certificateRefs: Type.Optional(list(secretReference, 0, 64)),
  options: Type.Optional(record(text(4096), 16)),
})

/** `from` is Same where absent. */
const routeNamespaces = object({
  from: Type.Optional(Type.Enum(['All', 'Selector', 'Same'])),
  selector: Type.Optional(labelSelector),
})

const allowedRoutes = object({
  namespaces: Type.Optional(routeNamespaces),
  /** `group` is gateway.networking.k8s.io where absent. */
  kinds: Type.Optional(list(object({ group: Type.Optional(groupName), kind: kindName }), 0, 8)),
})

const listener = object({
  name: sectionName,
  hostname: Type.Optional(hostname),
  port,
  protocol,
  tls: Type.Optional(listenerTls),
  allowedRoutes: Type.Optional(allowedRoutes),
})

/** Client certificates; `mode` is AllowValidOnly where absent. */
const clientValidation = object({
  validation: Type.Optional(
    object({
      caCertificateRefs: list(objectReference, 1, 16),
      mode: Type.Optional(Type.Enum(['AllowValidOnly', 'AllowInsecureFallback'])),
    }),
  ),
})

const gatewayTls = object({
  backend: Type.Optional(object({ clientCertificateRef: Type.Optional(secretReference) })),
  frontend: Type.Optional(
    object({
      default: clientValidation,
      perPort: Type.Optional(mapList(object({ port, tls: clientValidation }), 'port', 0, 64)),
    }),
  ),
})

const infrastructure = object({
  labels: Type.Optional(
    record(
      pattern(
        '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$',
        'a label value (letters, digits, "-", "_" and ".")',
        63,
        0,
      ),
      8,
    ),
  ),
  annotations: Type.Optional(record(text(4096), 16)),
  parametersRef: Type.Optional(localObjectReference),
})

/**
 * gateway.networking.k8s.io Gateway, v1 and v1beta1 of release v1.6.1, experimental channel included
 * (`defaultScope`). What the CRD says in CEL is in gateway-rules.ts.
 */
export const gatewaySchema = object({
  spec: object({
    gatewayClassName: objectName,
    listeners: mapList(listener, 'name', 1, 64),
    addresses: Type.Optional(list(address, 0, 16)),
    infrastructure: Type.Optional(infrastructure),
    /** `from` is None where absent. */
    allowedListeners: Type.Optional(
      object({
        namespaces: Type.Optional(
          object({
            from: Type.Optional(Type.Enum(['All', 'Selector', 'Same', 'None'])),
            selector: Type.Optional(labelSelector),
          }),
        ),
      }),
    ),
    tls: Type.Optional(gatewayTls),
    defaultScope: Type.Optional(Type.Enum(['All', 'None'])),
  }),
})

export type GatewayBody = Shape<typeof gatewaySchema>
export type GatewaySpec = GatewayBody['spec']
export type Gateway = Resource<GatewayBody>
export type GatewayAddress = Shape<typeof address>
export type GatewayListener = Shape<typeof listener>
export type ListenerTls = Shape<typeof listenerTls>
export type AllowedRoutes = Shape<typeof allowedRoutes>
