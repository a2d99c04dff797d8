import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { connect } from 'node:tls'
import { once } from 'node:events'
import { selfSigned } from '../support/certificates.ts'
import { send } from '../support/client.ts'
import { ApiServer } from '../support/kubernetes/api-server.ts'
import type { ApiObject } from '../support/kubernetes/api-objects.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { Seen } from '../support/until.ts'
import { TestUpstream } from '../support/upstream.ts'

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

const gateway = (name: string, more = '') => `
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

const specOf = (service: ApiObject | undefined) => service?.['spec'] as ServiceSpec

/** The Service that was made for a Gateway of the namespace default. */
function serviceOf(api: ApiServer, name: string): ApiObject | undefined {
  return [...api.collectionOf('Service').objects.values()].find(({ metadata }) => {
    const annotations = metadata['annotations'] as Readonly<Record<string, string>> | undefined
    return annotations?.['portcullis.dev/gateway'] === `default/${name}`
  })
}

/** What is listened on for a port of a Gateway. */
const targetOf = (api: ApiServer, name: string, port: number): number =>
  specOf(serviceOf(api, name)).ports.find(one => one.port === port)!.targetPort

const statusOf = (api: ApiServer, name: string): GatewayStatus => api.get('Gateway', name)?.status ?? {}

const programmed = (api: ApiServer, name: string) =>
  statusOf(api, name).conditions?.find(({ type }) => type === 'Programmed')

/** Resolves when what the server has is as it is wanted. */
async function until(api: ApiServer, isSo: () => boolean): Promise<void> {
  const seen = new Seen<null>()
  const stops = ['Gateway', 'Service'].map(kind =>
    api.collectionOf(kind).follow(Number.MAX_SAFE_INTEGER, () => seen.push(null)),
  )
  seen.push(null)
  await seen.first(isSo)
  for (const stop of stops) stop()
}

const made = (api: ApiServer, name: string) => until(api, () => serviceOf(api, name) !== undefined)
const reason = (api: ApiServer, name: string, wanted: string) =>
  until(api, () => programmed(api, name)?.reason === wanted)

/** As the controller of a balancer does. */
function balance(api: ApiServer, name: string, ip: string): void {
  const { metadata } = serviceOf(api, name)!
  api.setStatus('Service', metadata.name, { loadBalancer: { ingress: [{ ip }] } }, 'gateways')
}

class Bed implements AsyncDisposable {
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

  static async start(): Promise<Bed> {
    return new Bed(await ApiServer.start(), await TestUpstream.start())
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

/** The name in the certificate that is shown on a port. */
async function certificateOn(port: number): Promise<string | undefined> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, servername: 'shop.example' })
  await once(socket, 'secureConnect')
  const { subjectaltname } = socket.getPeerCertificate()
  socket.destroy()
  return subjectaltname
}

suite('a Service for each Gateway', () => {
  test('two Gateways have the same ports, each with its own certificates and routes', async () => {
    await using bed = await Bed.start()
    const { api } = bed
    const run = await bed.run()
    await bed.gateway('a')
    await bed.gateway('b')
    await made(api, 'a')
    const { type, selector, externalTrafficPolicy } = specOf(serviceOf(api, 'a'))
    assert.deepEqual([type, selector, externalTrafficPolicy], ['LoadBalancer', { app: 'edge' }, 'Local'])
    await reason(api, 'a', 'AddressNotAssigned')
    await bed.reached('a', '192.0.2.1')
    await bed.reached('b', '192.0.2.2')
    assert.deepEqual(statusOf(api, 'a').addresses, [{ type: 'IPAddress', value: '192.0.2.1' }])
    for (const [own, other] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      const port = targetOf(api, own, 80)
      assert.equal((await send(port, { path: `/${own}` })).status, 200)
      assert.equal((await send(port, { path: `/${other}` })).status, 404)
      assert.match((await certificateOn(targetOf(api, own, 443))) ?? '', new RegExp(`${own}\\.example`))
      // What clients are told of a port is the one that they know.
      const { location } = (await send(port, { path: '/secure', host: 'shop.example' })).headers
      assert.equal(location, 'http://shop.example/there')
    }
    const line = await run.access.first(one => one['url.path'] === '/a')
    assert.equal(line['server.port'], 80)
  })

  test('what is deleted by hand comes again on the same ports, and goes with its Gateway', async () => {
    await using bed = await Bed.start()
    const { api } = bed
    const run = await bed.run()
    await bed.gateway('a')
    await bed.reached('a', '192.0.2.1')
    const before = serviceOf(api, 'a')!
    api.delete('Service', before.metadata.name, 'gateways')
    await until(api, () => (serviceOf(api, 'a')?.metadata.uid ?? before.metadata.uid) !== before.metadata.uid)
    assert.deepEqual(specOf(serviceOf(api, 'a')).ports, specOf(before).ports)
    await reason(api, 'a', 'AddressNotAssigned')
    await bed.reached('a', '192.0.2.9')

    // What somebody else has written on it stays, and what is ours does not change.
    const { name } = before.metadata
    api.apply(
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: {
          ...serviceOf(api, 'a')!.metadata,
          labels: { ...(before.metadata['labels'] as object), theirs: 'yes' },
        },
        spec: { ...specOf(before), selector: { app: 'stolen' } },
      }),
    )
    await until(api, () => (specOf(serviceOf(api, 'a')).selector as { app: string }).app === 'edge')
    assert.equal((serviceOf(api, 'a')!.metadata['labels'] as Record<string, string>)['theirs'], 'yes')

    api.delete('Gateway', 'a')
    await until(api, () => api.get('Service', name, 'gateways') === undefined)
    await run.event('kubernetes.service_written', one => one['method'] === 'delete')
    assert.notEqual(api.get('Service', 'edge', 'gateways'), undefined)
  })

  test('labels and annotations of the infrastructure come, change and go', async () => {
    await using bed = await Bed.start()
    const { api } = bed
    await bed.run()
    const words = (labels: string, annotations: string) =>
      `  infrastructure: { labels: { ${labels} }, annotations: { ${annotations} } }`
    await bed.gateway(
      'a',
      words('team: one, tier: gold', 'example.com/kind: internal, portcullis.dev/gateway: x'),
    )
    await made(api, 'a')
    const of = (field: string) => serviceOf(api, 'a')!.metadata[field] as Readonly<Record<string, string>>
    assert.equal(of('labels')['tier'], 'gold')
    assert.equal(of('labels')['gateway.networking.k8s.io/gateway-name'], 'a')
    assert.equal(of('annotations')['example.com/kind'], 'internal')
    api.apply(gateway('a', words('team: two', '')))
    await until(api, () => of('labels')['team'] === 'two')
    assert.equal(of('labels')['tier'], undefined)
    assert.equal(of('annotations')['example.com/kind'], undefined)
    assert.equal(of('annotations')['portcullis.dev/gateway'], 'default/a')
  })

  test('a Service of somebody else is left as it is, and the Gateway says so', async () => {
    await using bed = await Bed.start()
    const { api } = bed
    const first = await bed.run()
    await bed.gateway('a')
    await made(api, 'a')
    const { name } = serviceOf(api, 'a')!.metadata
    assert.equal(await first.stop(), 0)
    api.delete('Service', name, 'gateways')
    api.apply(`
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: gateways }
spec: { clusterIP: 10.0.0.9, selector: { app: theirs }, ports: [{ port: 80, targetPort: 20000 }] }`)
    const foreign = api.get('Service', name, 'gateways')
    const run = await bed.run()
    await until(api, () => programmed(api, 'a')?.message.includes('was not made for this Gateway') ?? false)
    assert.equal(programmed(api, 'a')?.status, 'False')
    await run.event('kubernetes.service_failed')
    await bed.gateway('b')
    await bed.reached('b', '192.0.2.2')
    assert.deepEqual(api.get('Service', name, 'gateways'), foreign)
    assert.equal(run.log.all.filter(one => one['event'] === 'kubernetes.service_failed').length, 1)
  })

  test('a right that is missing is told in the condition and once in the log', async () => {
    await using bed = await Bed.start()
    const { api } = bed
    const run = await bed.run()
    api.fault = ({ method, path }, response) => {
      if (method !== 'POST' || !path.endsWith('/services')) return false
      response.writeHead(403, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ kind: 'Status', code: 403, message: 'services is forbidden' }))
      return true
    }
    await bed.gateway('a')
    await until(api, () => programmed(api, 'a')?.message.includes('services is forbidden') ?? false)
    await bed.gateway('b')
    await until(api, () => programmed(api, 'b')?.message.includes('services is forbidden') ?? false)
    const told = run.log.all.filter(one => one['event'] === 'kubernetes.service_failed')
    assert.equal(told.length, 2)
  })

  test('another replica that leads goes on with what there is', async () => {
    await using bed = await Bed.start()
    const { api } = bed
    const first = await bed.run()
    await first.event('kubernetes.leads')
    const second = await bed.run('127.0.0.2')
    await bed.gateway('a')
    await bed.reached('a', '192.0.2.1')
    const before = serviceOf(api, 'a')
    assert.equal(await first.stop(), 0)
    await second.event('kubernetes.leads')
    api.delete('Gateway', 'a')
    await bed.gateway('b')
    await bed.reached('b', '192.0.2.2')
    await until(api, () => serviceOf(api, 'a') === undefined)
    assert.notEqual(before, undefined)
  })

  test('an address that a Gateway wants is asked of the balancer, and waited for', async () => {
    await using bed = await Bed.start()
    const { api } = bed
    await bed.run()
    await bed.gateway('a', '  addresses: [{ value: 192.0.2.5 }]')
    await made(api, 'a')
    assert.equal(specOf(serviceOf(api, 'a')).loadBalancerIP, '192.0.2.5')
    balance(api, 'a', '192.0.2.1')
    await reason(api, 'a', 'AddressNotUsable')
    await bed.reached('a', '192.0.2.5')
    await bed.gateway('b', '  addresses: [{ value: 192.0.2.6 }, { value: 192.0.2.7 }]')
    await until(api, () => programmed(api, 'b')?.status === 'False')
    assert.match(JSON.stringify(api.get('Gateway', 'b')?.status), /UnsupportedAddress/)
  })

  test('by the address of the cluster', async () => {
    await using bed = await Bed.start()
    const { api } = bed
    await bed.run('127.0.0.1', 'ClusterIP')
    await bed.gateway('a')
    await made(api, 'a')
    const service = serviceOf(api, 'a')!
    assert.equal(specOf(service).externalTrafficPolicy, undefined)
    const spec = { ...specOf(service), clusterIP: '10.0.0.77' }
    api.apply(JSON.stringify({ ...service, spec }))
    await reason(api, 'a', 'Programmed')
    assert.equal(statusOf(api, 'a').addresses?.[0]?.value, '10.0.0.77')
  })
})
