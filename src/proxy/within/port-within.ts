import { clientDefaults } from '../../model/defaults.ts'
import type { Port } from '../../snapshot/snapshot.ts'

const { trustedHops, requestLineBytes, fieldBytes, headBytes, fields, halfClose, stallTimeoutMs } =
  clientDefaults

/** What requests come by that begin within a thread: a port that nobody listens on. */
export const portWithin: Port = {
  key: 'within',
  address: '',
  port: 0,
  protocol: 'http',
  listeners: [],
  client: {
    trustedHops,
    requestLineBytes,
    fieldBytes,
    headBytes,
    halfClose,
    stallTimeoutMs,
    fieldCount: fields,
    trustedPeers: '',
    sharing: 'client',
    proxyProtocol: '',
    proxyProtocolRequired: false,
    bodyBytes: 0,
    headTimeoutMs: clientDefaults.headTimeoutMs,
    idleTimeoutMs: clientDefaults.idleTimeoutMs,
    bodyIdleTimeoutMs: clientDefaults.bodyIdleTimeoutMs,
    requestsPerConnection: 0,
    connections: 0,
    openings: 0,
    handshakes: 0,
    streams: clientDefaults.streams,
    methods: '',
    encodedSlash: 'keep',
    emptySegments: 'keep',
    illegalCharacters: 'encode',
    underscores: 'allow',
    forwardedPort: 'client',
    tlsMinVersion: 'TLSv1.2',
    tlsMaxVersion: 'TLSv1.3',
    tlsCiphers: '',
    tlsGroups: '',
    tlsAlpn: '',
    clientCertificateHeader: 'none',
  },
}
