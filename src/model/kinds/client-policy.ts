import { gatewayTargetCel } from './request-targets.ts'
import { Type } from 'typebox'
import { clientDefaults } from '../defaults.ts'
import { formatBytes, formatDuration } from '../quantity.ts'
import { GATEWAY_API, PORTCULLIS, type ResourceKind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import { methodViolations, methodName } from './methods.ts'
import {
  described,
  addressRange,
  byteQuantity,
  duration,
  INT32,
  integer,
  object,
  optional,
  pattern,
  policyTargets,
  required,
  set,
  text,
  type Violation,
  type Shape,
} from './shapes.ts'
import { groupViolations, tlsChoices, tlsViolations, tlsCel } from './tls-settings.ts'

const limits = object({
  requestLineBytes: optional(
    byteQuantity,
    'Most bytes of a request line, or of the same by HTTP/2; 414 beyond.',
    formatBytes(clientDefaults.requestLineBytes),
  ),
  fieldBytes: optional(
    byteQuantity,
    'Most bytes of one header line; 431 beyond.',
    formatBytes(clientDefaults.fieldBytes),
  ),
  headBytes: optional(
    byteQuantity,
    'Most bytes of the head of a request, which is its request line and all headers; 431 beyond.',
    formatBytes(clientDefaults.headBytes),
  ),
  fields: optional(integer(1, 10_000), 'Most header lines of a request; 431 beyond.', clientDefaults.fields),
  bodyBytes: optional(
    byteQuantity,
    'Most bytes of the body of a request; 413 beyond. 0: no limit.',
    formatBytes(clientDefaults.bodyBytes),
  ),
  connections: optional(
    integer(0, INT32),
    'Most connections, for each worker. Beyond, a new one takes the place of a silent or idle one of the client that holds most (`sharing`), else it gets 503. 0: no limit.',
    clientDefaults.connections,
  ),
  openings: optional(
    integer(0, INT32),
    'Most connections, for each worker, that have not said what they want: before a ClientHello, a PROXY header or the first byte of a request. 0: no limit.',
    clientDefaults.openings,
  ),
  handshakes: optional(
    integer(0, INT32),
    'Most TLS handshakes at once, for each worker, counted from their whole ClientHello on: each costs a signature. 0: no limit.',
    clientDefaults.handshakes,
  ),
  requestsPerConnection: optional(
    integer(0, INT32),
    'After so many requests a connection is closed. 0: no limit.',
    clientDefaults.requestsPerConnection,
  ),
  streams: optional(
    integer(1, 10_000),
    'Most requests at once on one connection of HTTP/2; beyond, they are refused (REFUSED_STREAM).',
    clientDefaults.streams,
  ),
})

const timeouts = object({
  head: optional(
    duration,
    'From the first byte of the head of a request to its last, and for a TLS handshake or a PROXY header; 408 beyond. 0s: no limit.',
    formatDuration(clientDefaults.headTimeoutMs),
  ),
  idle: optional(
    duration,
    'How long a connection without a request is kept. 0s: no limit.',
    formatDuration(clientDefaults.idleTimeoutMs),
  ),
  bodyIdle: optional(
    duration,
    'How long a client may move no byte of a body, of its request or of the response. A call of a GRPCRoute has five minutes. 0s: no limit.',
    formatDuration(clientDefaults.bodyIdleTimeoutMs),
  ),
  stall: optional(
    duration,
    'How long a client of HTTP/2 may take nothing of a response that waits for it; then its stream is reset. 0s: no limit.',
    formatDuration(clientDefaults.stallTimeoutMs),
  ),
})

const tls = object({
  ...tlsChoices(clientDefaults, 'Left out, all of them.'),
  groups: optional(
    set(text(64, 1), 16),
    'Groups for the exchange of keys by the name of IANA or OpenSSL, the preferred first. Those with MLKEM withstand quantum computers, and need TLS 1.3.',
    [...clientDefaults.tlsGroups],
  ),
  alpn: optional(
    set(Type.Enum(['h2', 'http/1.1']), 2),
    'Protocols that are offered to clients by ALPN, the preferred first.',
    ['h2', 'http/1.1'],
  ),
})

const proxyProtocol = object({
  versions: optional(
    Type.Array(Type.Enum(['V1', 'V2']), { minItems: 1, maxItems: 2, uniqueItems: true }),
    'The versions of its header that are taken: text (V1), binary (V2).',
    ['V1', 'V2'],
  ),
  required: optional(
    Type.Boolean(),
    'Whether every connection begins with a header, and comes from `trustedPeers` where there are any. false needs `trustedPeers`: theirs may do without, and others have none.',
    clientDefaults.proxyProtocolRequired,
  ),
})

const mediaType = pattern(
  '^(\\*/\\*|[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/(\\*(\\+[A-Za-z0-9!#$&^_.-]+)?|[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*))$',
  'a media type without parameters, like "text/html", "text/*" or "application/*+json"',
  256,
)

const compression = object({
  algorithms: optional(
    set(Type.Enum(['gzip', 'br', 'zstd']), 3),
    'Encodings that are used, the preferred first: that decides where the client weighs them alike. []: nothing is compressed.',
    [...clientDefaults.compressionAlgorithms],
  ),
  minBytes: optional(
    byteQuantity,
    'Bytes below which a body is sent as it is.',
    formatBytes(clientDefaults.compressionMinBytes),
  ),
  contentTypes: optional(
    set(mediaType, 64),
    'Media types that are compressed. Wildcards leave out what is compressed already, like image/png; its name takes it. Left out: text, JSON, XML, scripts, SVG and fonts (docs/POLICIES.md).',
  ),
})

const paths = object({
  encodedSlash: optional(
    Type.Enum(['keep', 'reject', 'unescape']),
    '%2F and %5C in a path: opaque parts of their segment (keep), 400 (reject), or %2F is a slash and %5C stays (unescape).',
    clientDefaults.encodedSlash,
  ),
  emptySegments: optional(
    Type.Enum(['keep', 'merge']),
    'Slashes in a row: kept, or made one.',
    clientDefaults.emptySegments,
  ),
  illegal: optional(
    Type.Enum(['encode', 'keep', 'reject']),
    'Characters that browsers send bare and RFC 3986 wants encoded: sent on encoded (encode), left byte for byte in queries (keep), or 400 (reject).',
    clientDefaults.illegalCharacters,
  ),
})

const headers = object({
  underscores: optional(
    Type.Enum(['allow', 'drop', 'reject']),
    'Header names with "_", which some backends take for "-": sent on, left out, or 400.',
    clientDefaults.underscores,
  ),
  forwardedPort: optional(
    Type.Enum(['client', 'listener']),
    'What X-Forwarded-Port says: the port of the URL that the client used, or that of our listener.',
    clientDefaults.forwardedPort,
  ),
  clientCertificate: optional(
    Type.Enum(['none', 'client-cert', 'x-forwarded-client-cert']),
    'How backends are told of a verified client certificate (spec.tls.frontend of the Gateway): by Client-Cert (RFC 9440), by X-Forwarded-Client-Cert, or not at all.',
    clientDefaults.clientCertificateHeader,
  ),
})

const http1 = object({
  halfClose: optional(
    Type.Enum(['cancel', 'serve']),
    'What a FIN means from a client that waits for its answer: it has left (cancel), or it only asks for nothing more (serve).',
    clientDefaults.halfClose,
  ),
})

/** portcullis.dev/v1alpha1 ClientPolicy. */
const clientPolicySchema = object(
  {
    spec: required(
      object({
        targetRefs: required(
          policyTargets,
          'Gateways, and listeners of them by `sectionName`. What the policy of a listener says goes before that of its Gateway, field by field; of two for the same thing the older one counts.',
        ),
        trustedHops: optional(
          integer(0, 16),
          'How many proxies in front are believed in X-Forwarded-* and Forwarded, counted from the right.',
          clientDefaults.trustedHops,
        ),
        trustedPeers: optional(
          set(addressRange, 64),
          'Addresses of balancers and proxies in front. Each is many clients, so that none loses its connections for holding most.',
        ),
        sharing: optional(
          Type.Enum(['client', 'off']),
          'When something is full, whoever waits gets the next place of the client that holds most, a client being an IPv4 address or a /64 of IPv6. "off", with quotes: all are one client.',
          clientDefaults.sharing,
        ),
        limits: optional(limits, 'How large requests may be, and how many connections there are.'),
        timeouts: optional(timeouts, 'How long clients may take.'),
        http1: optional(http1, 'What is special in HTTP/1.1.'),
        methods: optional(
          Type.Array(methodName, { minItems: 1, maxItems: 64, uniqueItems: true }),
          'Methods that are taken, in upper case; 405 beyond. HEAD, and OPTIONS for CORS, must be named too. Left out, every one but TRACE and CONNECT.',
        ),
        paths: optional(paths, 'What becomes of unusual paths and queries.'),
        headers: optional(headers, 'What becomes of headers, and what backends are told.'),
        tls: optional(
          tls,
          'Of connections with TLS. Client certificates are asked for by spec.tls.frontend of the Gateway.',
        ),
        proxyProtocol: optional(
          proxyProtocol,
          'The balancers in front tell by the PROXY protocol whose connections are; {} for all that is built in. Without `trustedPeers` everybody who can connect is believed.',
        ),
        compression: optional(
          compression,
          'Responses are compressed, as the client accepts it; {} for all that is built in. Of a listener, also where others share its port.',
        ),
      }),
      'What is said here goes before what is built in; fields that are left out have their defaults.',
    ),
  },
  {
    description:
      'How a Gateway, or one of its listeners, treats its clients: limits, timeouts, TLS, trusted proxies, unusual requests.',
  },
)

export type ClientPolicyBody = Shape<typeof clientPolicySchema>
export type ClientPolicySpec = ClientPolicyBody['spec']
export type ClientPolicy = Resource<ClientPolicyBody>

export const ClientPolicy: ResourceKind<ClientPolicy> = {
  group: PORTCULLIS,
  versions: ['v1alpha1'],
  kind: 'ClientPolicy',
  plural: 'clientpolicies',
  scope: 'Namespaced',
  role: 'ingress',
  schema: clientPolicySchema,
  rules: clientPolicyRules,
  cel: [
    ...gatewayTargetCel,
    ...tlsCel,
    {
      path: 'spec',
      rule: '!has(self.proxyProtocol) || !has(self.proxyProtocol.required) || self.proxyProtocol.required || (has(self.trustedPeers) && size(self.trustedPeers) > 0)',
      message:
        'proxyProtocol.required: false lets every client choose its address, expected true, or trustedPeers with the addresses of the balancers',
    },
  ],
  limits: 'clients',
}

function clientPolicyRules({ spec }: ClientPolicyBody): Violation[] {
  const { tls: chosen = {} } = spec
  return [
    ...targetRules(spec),
    ...proxyProtocolRules(spec),
    ...methodViolations(spec.methods ?? [], ['spec', 'methods']),
    ...tlsViolations(chosen),
    ...groupViolations(chosen.groups),
  ]
}

function targetRules(spec: ClientPolicySpec): Violation[] {
  return spec.targetRefs.flatMap((target, i) => {
    if (target.group === GATEWAY_API && target.kind === 'Gateway') return []
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
function proxyProtocolRules(spec: ClientPolicySpec): Violation[] {
  const { trustedPeers = [] } = spec
  if (spec.proxyProtocol?.required !== false || trustedPeers.length > 0) return []
  const message =
    'lets every client choose its address, expected true, or spec.trustedPeers with the addresses of the balancers'
  return [{ path: ['spec', 'proxyProtocol', 'required'], message }]
}
