import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { Authority, caConfigMap, tlsSecret } from './certificates.ts'
import { startGateway, type TestGateway } from './gateway.ts'
import { backendPolicy, clientPolicy } from './policies.ts'
import { gateway, httpRoute, to, yamlOf } from './resources.ts'
import { httpsListener } from './tls.ts'

/** What a connection speaks: HTTP/1.1 and HTTP/2, each plain and in TLS. */
export type Wire = 'h1' | 'h2c' | 'https' | 'h2'

export const wires = ['h1', 'h2c', 'https', 'h2'] as const satisfies readonly Wire[]

/** Every client's wire with every upstream's. */
export const combinations: readonly (readonly [client: Wire, upstream: Wire])[] = wires.flatMap(client =>
  wires.map(upstream => [client, upstream] as const),
)

export const speaksHttp2 = (wire: Wire): boolean => wire === 'h2c' || wire === 'h2'
export const isSecure = (wire: Wire): boolean => wire === 'https' || wire === 'h2'

/** Who vouches for the gateway and for upstreams. */
export const authority: Authority = await Authority.make('wires')
const gatewayPair = await authority.issue({ names: ['a.example'] })
const upstreamPair = await authority.issue({ names: ['up.example'] })

/** For servers behind the gateway. */
export const upstreamTls = { key: upstreamPair.key, cert: upstreamPair.chain }
/** For clients of the gateway. */
export const clientTls = { servername: 'a.example', ca: authority.root }

/** ClientPolicy of tests whose clients do not read for as long as a busy machine takes. */
export const patient = { timeouts: { stall: '10m' } }

export interface Between {
  /** More of the one rule. */
  readonly rule?: object
  /** Spec of a ClientPolicy. */
  readonly client?: object
  /** Spec of a BackendPolicy. */
  readonly backend?: object
  /** Of a gateway that has been started with other ones. */
  readonly endpoints?: readonly number[]
}

/** A Gateway that takes clients of every wire, and a route of everything to an upstream that speaks this one. */
export function between(upstream: Wire, port: number, more: Between = {}): string {
  const protocol = { h1: 'http', h2c: 'h2c', https: 'https', h2: 'h2' }[upstream]
  const validation = {
    hostname: 'up.example',
    caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }],
  }
  return yamlOf(
    gateway([{ name: 'plain' }, httpsListener('secure', ['server'])]),
    tlsSecret('server', gatewayPair),
    httpRoute('all', { rules: [{ backendRefs: [to('up')], ...more.rule }] }),
    {
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'Backend',
      metadata: { name: 'up' },
      spec: {
        protocol,
        endpoints: (more.endpoints ?? [port]).map(each => ({ address: '127.0.0.1', port: each })),
      },
    },
    ...(isSecure(upstream)
      ? [
          caConfigMap('ca', authority.root),
          {
            apiVersion: 'gateway.networking.k8s.io/v1',
            kind: 'BackendTLSPolicy',
            metadata: { name: 'up' },
            spec: { targetRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'up' }], validation },
          },
        ]
      : []),
    ...(more.client === undefined ? [] : [clientPolicy(more.client)]),
    ...(more.backend === undefined ? [] : [backendPolicy(more.backend)]),
  )
}

/** A running gateway of `between`. */
export function startBetween(upstream: Wire, port: number, more: Between = {}): Promise<TestGateway> {
  return startGateway(between(upstream, port, more))
}

/** Where clients of this wire go. */
export function portFor(client: Wire, running: Pick<TestGateway, 'port'>): number {
  return running.port(isSecure(client) ? 443 : 80)
}

/** A connection to the gateway, its handshake over; each direction ends by itself. */
export async function dial(client: Wire, port: number): Promise<Socket> {
  const options = { host: '127.0.0.1', port, allowHalfOpen: true }
  const socket = isSecure(client)
    ? connectTls({ ...options, ...clientTls, ALPNProtocols: [client === 'h2' ? 'h2' : 'http/1.1'] })
    : connectTcp({ ...options, noDelay: true })
  await once(socket, isSecure(client) ? 'secureConnect' : 'connect')
  return socket
}
