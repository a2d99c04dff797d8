import type { Server as GrpcServer } from '@grpc/grpc-js'
import type { Server } from 'node:net'
import { Authority, caConfigMap, tlsSecret, type KeyPair } from '../support/certificates.ts'
import { freePort } from '../support/process.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { startGrpc } from './grpc.ts'
import { hosts } from './traffic.ts'
import { portOf, startHttp1, startHttp2 } from './upstream.ts'

/** The upstreams of a soak, and the resources that lead to them, which are never the same twice. */
export class World {
  readonly port: number
  readonly securePort: number
  readonly ca: string
  private readonly extraPort: number
  private readonly certificates: readonly KeyPair[]
  private readonly http1: readonly Server[]
  private readonly h2c: readonly Server[]
  private readonly h2: readonly Server[]
  private readonly grpc: readonly { readonly port: number; readonly server: GrpcServer }[]

  private constructor(
    ports: readonly [number, number, number],
    authority: Authority,
    certificates: readonly KeyPair[],
    servers: {
      readonly http1: readonly Server[]
      readonly h2c: readonly Server[]
      readonly h2: readonly Server[]
      readonly grpc: readonly { readonly port: number; readonly server: GrpcServer }[]
    },
  ) {
    ;[this.port, this.securePort, this.extraPort] = ports
    this.ca = authority.root
    this.certificates = certificates
    this.http1 = servers.http1
    this.h2c = servers.h2c
    this.h2 = servers.h2
    this.grpc = servers.grpc
  }

  static async make(): Promise<World> {
    const authority = await Authority.make()
    const certificates = [
      await authority.issue({ names: ['*.soak.test'] }),
      await authority.issue({ names: ['*.soak.test'] }),
      await authority.issue({ names: ['*.soak.test'], key: 'rsa' }),
    ]
    const upstream = await authority.issue({ names: ['h2.soak.test'] })
    return new World([await freePort(), await freePort(), await freePort()], authority, certificates, {
      http1: [await startHttp1(), await startHttp1()],
      h2c: [await startHttp2(null), await startHttp2(null)],
      h2: [await startHttp2(upstream), await startHttp2(upstream)],
      grpc: [await startGrpc(), await startGrpc()],
    })
  }

  /**
   * Everything changes with the number: a filter of every route, the certificates, the endpoints (one, the other, or
   * both of each kind), a listener that is there or not.
   */
  resources(n: number): string {
    const modifier = { set: [{ name: 'X-Note', value: String(n) }] }
    const filters = [{ type: 'RequestHeaderModifier', requestHeaderModifier: modifier }]
    const some = <T>(list: readonly T[]): readonly T[] => (n % 3 === 2 ? list : [list[n % 3]!])
    const secret = { certificateRefs: [{ name: 'served' }] }
    const extra = n % 2 === 0 ? [] : [{ name: 'extra', port: this.extraPort }]
    const [h1, h2c, h2] = hosts
    const route = (host: string): object =>
      httpRoute(host, { hostnames: [host], rules: [{ filters, backendRefs: [to(host)] }] })
    const withProtocol = (name: string, ports: readonly number[], protocol: string): object => {
      const made = backend(name, ports) as { spec: object }
      return { ...made, spec: { ...made.spec, protocol } }
    }
    return yamlOf(
      gateway([
        { name: 'http', port: this.port },
        { name: 'https', port: this.securePort, protocol: 'HTTPS', tls: secret },
        ...extra,
      ]),
      tlsSecret('served', this.certificates[n % this.certificates.length]!),
      ...hosts.map(route),
      grpcRoute('grpc', {
        hostnames: ['grpc.soak.test'],
        rules: [{ matches: [{ method: { service: 'soak.Echo' } }], filters, backendRefs: [to('grpc')] }],
      }),
      backend(h1, some(this.http1).map(portOf)),
      withProtocol(h2c, some(this.h2c).map(portOf), 'h2c'),
      withProtocol(h2, some(this.h2).map(portOf), 'h2'),
      withProtocol(
        'grpc',
        some(this.grpc).map(({ port }) => port),
        'h2c',
      ),
      caConfigMap('authority', this.ca),
      backendTlsPolicy(h2),
      ...[h1, h2c, h2, 'grpc'].map(soon),
    )
  }

  close(): void {
    for (const server of [...this.http1, ...this.h2c, ...this.h2]) server.close()
    for (const { server } of this.grpc) server.forceShutdown()
  }
}

function grpcRoute(name: string, spec: object): object {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'GRPCRoute',
    metadata: { name },
    spec: { parentRefs: [{ name: 'gw' }], ...spec },
  }
}

function backendTlsPolicy(name: string): object {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'BackendTLSPolicy',
    metadata: { name },
    spec: {
      targetRefs: [{ group: 'portcullis.dev', kind: 'Backend', name }],
      validation: {
        hostname: name,
        caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'authority' }],
      },
    },
  }
}

/** Idle connections end soon, so that none is left at the end of a round. */
function soon(name: string): object {
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'BackendPolicy',
    metadata: { name },
    spec: {
      targetRefs: [{ group: 'portcullis.dev', kind: 'Backend', name }],
      connections: { idleTimeout: '1s' },
      outlierDetection: { consecutiveFailures: 1000 },
    },
  }
}
