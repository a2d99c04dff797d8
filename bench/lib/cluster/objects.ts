import { globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RealCluster } from '../../../test/support/real-cluster.ts'

/** How much is declared. */
export interface Counts {
  readonly routes: number
  readonly services: number
  readonly endpoints: number
}

interface Endpoint {
  readonly address: string
  readonly port: number
}

interface Made {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels?: object }
  readonly [field: string]: unknown
}

const NAMESPACE = 'bench'
const AT_ONCE = 16

/** Files of definitions: Gateway API's, and ours. */
export function definitionsOf(gatewayApi: string): readonly string[] {
  return [
    ...globSync(join(gatewayApi, 'config/crd/experimental/gateway.networking.k8s.io_*s.yaml')),
    new URL('../../../deploy/kustomize/crds.yaml', import.meta.url).pathname,
  ]
}

/** A Gateway, and routes over Services whose endpoints all are one. */
export function objects(counts: Counts, port: number, endpoint: Endpoint): readonly Made[] {
  const range = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i)
  return [
    ...range(counts.services).flatMap(i => [serviceOf(i), sliceOf(i, counts, endpoint)]),
    gatewayOf(port),
    ...range(counts.routes).map(i => routeOf(i, counts)),
  ]
}

function gatewayOf(port: number): Made {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'front', namespace: NAMESPACE },
    spec: {
      gatewayClassName: 'portcullis',
      addresses: [{ value: '127.0.0.1' }],
      listeners: [{ name: 'http', protocol: 'HTTP', port }],
    },
  }
}

export function routeOf(i: number, { services }: Counts, path = `/r${i}`): Made & { readonly spec: object } {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: `r${i}`, namespace: NAMESPACE, labels: { of: 'bench' } },
    spec: {
      parentRefs: [{ name: 'front' }],
      rules: [
        {
          matches: [{ path: { type: 'PathPrefix', value: path } }],
          backendRefs: [{ name: `s${i % services}`, port: 80 }],
        },
      ],
    },
  }
}

function serviceOf(i: number): Made {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `s${i}`, namespace: NAMESPACE },
    spec: { clusterIP: 'None', ports: [{ name: 'http', port: 80 }] },
  }
}

/** Its first endpoint answers; the others are not ready, since nobody is there. */
export function sliceOf(
  i: number,
  { services, endpoints }: Counts,
  { address, port }: Endpoint,
): Made & { readonly ports: readonly object[] } {
  const count = Math.max(1, Math.floor(endpoints / services))
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `s${i}`, namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': `s${i}` } },
    addressType: 'IPv4',
    endpoints: Array.from({ length: count }, (_, n) => ({
      addresses: [n === 0 ? address : `198.18.${i % 256}.${n % 256}`],
      conditions: { ready: n === 0, serving: n === 0, terminating: false },
    })),
    ports: [{ name: 'http', port, protocol: 'TCP' }],
  }
}

const plurals: Readonly<Record<string, string>> = {
  Gateway: 'gateways',
  HTTPRoute: 'httproutes',
  Service: 'services',
  EndpointSlice: 'endpointslices',
}

/** Creates, changes or deletes them, or changes a subresource of theirs, some at once. */
export async function putAll(
  cluster: RealCluster,
  all: readonly Made[],
  method: 'POST' | 'PATCH' | 'DELETE' = 'POST',
  subresource = '',
): Promise<void> {
  if (method === 'POST') namespace(cluster)
  let next = 0
  const work = async (): Promise<void> => {
    for (let one = all[next++]; one !== undefined; one = all[next++])
      await put(cluster, one, method, subresource)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

async function put(
  cluster: RealCluster,
  made: Made,
  method: 'POST' | 'PATCH' | 'DELETE',
  subresource: string,
): Promise<void> {
  const { apiVersion, kind, metadata } = made
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const collection = `${base}/namespaces/${NAMESPACE}/${plurals[kind] ?? ''}`
  const path =
    method === 'POST'
      ? collection
      : `${collection}/${metadata.name}${subresource === '' ? '' : `/${subresource}`}`
  const body = method === 'DELETE' ? undefined : made
  const type = method === 'PATCH' ? 'application/merge-patch+json' : undefined
  const answer = await cluster.ask(method, path, body, type)
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.body}`)
}

function namespace(cluster: RealCluster): void {
  const file = join(cluster.folder, 'namespace.json')
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }))
  cluster.kubectl(['apply', '--server-side', '-f', file])
}
