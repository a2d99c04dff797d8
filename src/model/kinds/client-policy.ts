import { Type } from 'typebox'
import { isMethod } from '../../http/methods.ts'
import type { Resource } from '../resource.ts'
import { described } from './backend-policy.ts'
import {
  addressRange,
  byteQuantity,
  duration,
  INT32,
  integer,
  object,
  pattern,
  policyTargets,
  set,
  text,
  type Finding,
  type Shape,
} from './shapes.ts'
import { groupFindings, tlsChoices, tlsFindings } from './tls-settings.ts'

const limits = object({
  requestLineBytes: Type.Optional(byteQuantity),
  fieldBytes: Type.Optional(byteQuantity),
  headBytes: Type.Optional(byteQuantity),
  fields: Type.Optional(integer(1, 10_000)),
  /** 0 is no limit, here and below. */
  bodyBytes: Type.Optional(byteQuantity),
  connections: Type.Optional(integer(0, INT32)),
  /** Connections that have not said yet what they want. */
  openings: Type.Optional(integer(0, INT32)),
  /** TLS handshakes whose ClientHello is complete. */
  handshakes: Type.Optional(integer(0, INT32)),
  requestsPerConnection: Type.Optional(integer(0, INT32)),
  /** Of one connection of HTTP/2, open at once. */
  streams: Type.Optional(integer(1, 10_000)),
})

const timeouts = object({
  head: Type.Optional(duration),
  idle: Type.Optional(duration),
  bodyIdle: Type.Optional(duration),
  /** Of HTTP/2: nothing of what waits in a stream could be sent. */
  stall: Type.Optional(duration),
})

const tls = object({
  ...tlsChoices,
  /** For the exchange of keys, the preferred first; those of tls-groups.ts. */
  groups: Type.Optional(set(text(64, 1), 16)),
  alpn: Type.Optional(set(Type.Enum(['h2', 'http/1.1']), 2)),
})

const method = pattern("^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$", 'a method like "GET" or "PROPFIND"', 32)

const proxyProtocol = object({
  versions: Type.Optional(
    Type.Array(Type.Enum(['V1', 'V2']), { minItems: 1, maxItems: 2, uniqueItems: true }),
  ),
  /** Whether a connection must begin with it; true where absent. */
  required: Type.Optional(Type.Boolean()),
})

const compression = object({
  algorithms: Type.Optional(set(Type.Enum(['gzip', 'br', 'zstd']), 3)),
  minBytes: Type.Optional(byteQuantity),
  contentTypes: Type.Optional(set(text(256, 1), 64)),
})

/**
 * portcullis.dev/v1alpha1 ClientPolicy: how a Gateway, or by sectionName one of its listeners, treats its
 * clients. Every field left out has its default from defaults.ts.
 */
export const clientPolicySchema = object({
  spec: object({
    targetRefs: policyTargets,
    trustedHops: Type.Optional(integer(0, 16)),
    /** Balancers and proxies in front, by address: each is many clients, and so has no share of its own. */
    trustedPeers: Type.Optional(set(addressRange, 64)),
    /** Whether what is full is shared by client, so that who holds most loses first. */
    sharing: Type.Optional(Type.Enum(['client', 'off'])),
    limits: Type.Optional(limits),
    timeouts: Type.Optional(timeouts),
    /** What a FIN means from a client that waits for its answer: that it left, or only that it asks for nothing more. */
    http1: Type.Optional(object({ halfClose: Type.Optional(Type.Enum(['cancel', 'serve'])) })),
    /** Those that are taken; absent: every one but TRACE and CONNECT. */
    methods: Type.Optional(Type.Array(method, { minItems: 1, maxItems: 64, uniqueItems: true })),
    paths: Type.Optional(
      object({
        encodedSlash: Type.Optional(Type.Enum(['keep', 'reject', 'unescape'])),
        emptySegments: Type.Optional(Type.Enum(['keep', 'merge'])),
        /** Characters that browsers send and RFC 3986 wants encoded; `keep` leaves queries byte for byte. */
        illegal: Type.Optional(Type.Enum(['encode', 'keep', 'reject'])),
      }),
    ),
    headers: Type.Optional(
      object({
        underscores: Type.Optional(Type.Enum(['allow', 'drop', 'reject'])),
        /** X-Forwarded-Port: of the URL that the client used, or of our listener. */
        forwardedPort: Type.Optional(Type.Enum(['client', 'listener'])),
        /** How upstreams are told of a client certificate that Gateway spec.tls.frontend has verified. */
        clientCertificate: Type.Optional(Type.Enum(['none', 'client-cert', 'x-forwarded-client-cert'])),
      }),
    ),
    tls: Type.Optional(tls),
    proxyProtocol: Type.Optional(proxyProtocol),
    compression: Type.Optional(compression),
  }),
})

export type ClientPolicyBody = Shape<typeof clientPolicySchema>
export type ClientPolicySpec = ClientPolicyBody['spec']
export type ClientPolicy = Resource<ClientPolicyBody>

export function clientPolicyRules({ spec }: ClientPolicyBody): Finding[] {
  const { tls: chosen = {} } = spec
  return [
    ...targetRules(spec),
    ...proxyProtocolRules(spec),
    ...methodRules(spec),
    ...tlsFindings(chosen),
    ...groupFindings(chosen.groups),
  ]
}

function methodRules({ methods = [] }: ClientPolicySpec): Finding[] {
  return methods.flatMap((name, i) => {
    if (isMethod(name)) return []
    const upper = name.toUpperCase()
    const message =
      name === upper
        ? `${name} cannot be taken: it is not served here`
        : `${name} differs from ${upper} only in case, expected ${upper}: methods are case-sensitive`
    return [{ path: ['spec', 'methods', i], message }]
  })
}

function targetRules(spec: ClientPolicySpec): Finding[] {
  return spec.targetRefs.flatMap((target, i) => {
    if (target.group === 'gateway.networking.k8s.io' && target.kind === 'Gateway') return []
    const expected = 'expected Gateway (group "gateway.networking.k8s.io")'
    return [
      {
        path: ['spec', 'targetRefs', i, 'kind'],
        message: `a ClientPolicy cannot attach to ${described(target)}, ${expected}`,
      },
    ]
  })
}

/** "Must not try to guess whether the header is there" (proxy-protocol.txt §2): whoever comes could say that it is anybody. */
function proxyProtocolRules(spec: ClientPolicySpec): Finding[] {
  const { trustedPeers = [] } = spec
  if (spec.proxyProtocol?.required !== false || trustedPeers.length > 0) return []
  const message =
    'lets every client choose its address, expected true, or spec.trustedPeers with the addresses of the balancers'
  return [{ path: ['spec', 'proxyProtocol', 'required'], message }]
}
