import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { selfSigned } from '../certificates.ts'
import { Folder, freePort, RunProcess } from '../process.ts'
import { Seen } from '../until.ts'
import { TestUpstream } from '../upstream.ts'
import type { ApiObject } from './api-objects.ts'
import { ApiServer } from './api-server.ts'

// A deployment called edge in the namespace gateways, and replicas of it as real processes, each at an address of its own.

const DEPLOYMENT = `
apiVersion: v1
kind: Namespace
metadata: { name: default }
---
apiVersion: v1
kind: Service
metadata: { name: edge, namespace: gateways }
spec:
  type: LoadBalancer
  clusterIP: 10.0.0.2
  externalTrafficPolicy: Local
  selector: { app: edge }
  ports: [{ port: 80 }]
---`

export const gateway = (name: string, more = '') => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name} }
spec:
  gatewayClassName: portcullis
  listeners:
    - { name: http, protocol: HTTP, port: 80 }
    - { name: https, protocol: HTTPS, port: 443, tls: { certificateRefs: [{ name: ${name} }] } }
${more}
---`

const routes = (name: string) => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name} }
spec:
  parentRefs: [{ name: ${name} }]
  rules:
    - matches: [{ path: { value: /${name} } }]
      backendRefs: [{ name: items, port: 80 }]
    - matches: [{ path: { value: /secure } }]
      filters: [{ type: RequestRedirect, requestRedirect: { path: { type: ReplaceFullPath, replaceFullPath: /there } } }]
---`

const backend = (port: number) => `
apiVersion: v1
kind: Service
metadata: { name: items }
spec: { clusterIP: 10.0.0.1, ports: [{ port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: items-1, labels: { kubernetes.io/service-name: items } }
addressType: IPv4
endpoints: [{ addresses: [127.0.0.1], conditions: { ready: true } }]
ports: [{ port: ${port} }]
---`

interface ServiceSpec {
  readonly type: string
  readonly selector: object
  readonly externalTrafficPolicy?: string
  readonly loadBalancerIP?: string
  readonly ports: readonly { readonly protocol: string; readonly port: number; readonly targetPort: number }[]
}

interface GatewayStatus {
  readonly addresses?: readonly { readonly value: string }[]
  readonly conditions?: readonly {
    readonly type: string
    readonly status: string
    readonly reason: string
    readonly message: string
  }[]
}

export const specOf = (service: ApiObject | undefined) => service?.['spec'] as ServiceSpec

/** The Service that was made for a Gateway of the namespace default. */
export function serviceOf(api: ApiServer, name: string): ApiObject | undefined {
  return [...api.collectionOf('Service').objects.values()].find(({ metadata }) => {
    const annotations = metadata['annotations'] as Readonly<Record<string, string>> | undefined
    return metadata.namespace === 'gateways' && annotations?.['portcullis.dev/gateway'] === `default/${name}`
  })
}

/** The name that a Gateway of the namespace default has there. */
export const aliasOf = (api: ApiServer, name: string): ApiObject | undefined =>
  api.get('Service', `${name}-portcullis`)

/** What is listened on for a port of a Gateway. */
export const targetOf = (api: ApiServer, name: string, port: number): number =>
  specOf(serviceOf(api, name)).ports.find(one => one.port === port)!.targetPort

export const statusOf = (api: ApiServer, name: string): GatewayStatus =>
  api.get('Gateway', name)?.status ?? {}

export const programmed = (api: ApiServer, name: string) =>
  statusOf(api, name).conditions?.find(({ type }) => type === 'Programmed')

/** Resolves when what the server has is as it is wanted. */
export async function until(api: ApiServer, isSo: () => boolean): Promise<void> {
  const seen = new Seen<null>()
  const stops = ['Gateway', 'Service', 'Deployment'].map(kind =>
    api.collectionOf(kind).follow(Number.MAX_SAFE_INTEGER, () => seen.push(null)),
  )
  seen.push(null)
  await seen.first(isSo)
  for (const stop of stops) stop()
}

export const made = (api: ApiServer, name: string) => until(api, () => serviceOf(api, name) !== undefined)
export const reason = (api: ApiServer, name: string, wanted: string) =>
  until(api, () => programmed(api, name)?.reason === wanted)

/** As the controller of a balancer does. */
export function balance(api: ApiServer, name: string, ip: string): void {
  const { metadata } = serviceOf(api, name)!
  api.setStatus('Service', metadata.name, { loadBalancer: { ingress: [{ ip }] } }, 'gateways')
}

export class GatewayBed implements AsyncDisposable {
  readonly api: ApiServer
  private readonly upstream: TestUpstream
  private readonly folder = new Folder()
  private readonly runs: RunProcess[] = []

  private constructor(api: ApiServer, upstream: TestUpstream) {
    this.api = api
    this.upstream = upstream
    writeFileSync(join(this.folder.path, 'kubeconfig'), api.kubeconfig)
    api.apply(DEPLOYMENT + backend(upstream.port))
  }

  static async start(): Promise<GatewayBed> {
    return new GatewayBed(await ApiServer.start(), await TestUpstream.start())
  }

  /** A replica that listens at an address of its own, as a Pod does. */
  async run(address = '127.0.0.1', type = 'LoadBalancer', ...more: readonly string[]): Promise<RunProcess> {
    const file = join(this.folder.path, 'kubeconfig')
    const ingress = `${await freePort()},${await freePort()}`
    // prettier-ignore
    const args = ['--kubernetes', '--kubeconfig', file, '--workers', '2', '--publish', 'service/gateways/edge', '--gateway-services', type,
      '--lease', 'gateways/edge', '--address', address, '--ingress-ports', ingress, ...more]
    const run = await RunProcess.start([], ...args)
    this.runs.push(run)
    await run.started()
    return run
  }

  /** A Gateway with a certificate of its own, and a route of its name. */
  async gateway(name: string, more = ''): Promise<void> {
    const { chain, key } = await selfSigned({ names: [`${name}.example`] })
    const data = { 'tls.crt': btoa(chain), 'tls.key': btoa(key) }
    const secret = { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { name }, data }
    this.api.apply(JSON.stringify(secret))
    this.api.apply(gateway(name, more) + routes(name))
  }

  /** It is served, and reached at this address. */
  async reached(name: string, ip: string): Promise<void> {
    await made(this.api, name)
    balance(this.api, name, ip)
    await reason(this.api, name, 'Programmed')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const run of this.runs) await run[Symbol.asyncDispose]()
    await this.upstream[Symbol.asyncDispose]()
    await this.api.stop()
    this.folder[Symbol.dispose]()
  }
}
