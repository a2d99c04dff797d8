// A Service for each Gateway, on a real API server, with the rights of deploy/: what is written there is taken, keeps what the
// cluster has added, comes again, and goes with its Gateway, whichever replica leads.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { after, before, suite, test, type TestContext } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { selfSigned } from '../support/certificates.ts'
import { send } from '../support/client.ts'
import {
  deployedFlags,
  INSTALLED_IN as NAMESPACE,
  startInstalled,
  startReplica,
} from '../support/installed-cluster.ts'
import type { RunProcess } from '../support/process.ts'
import type { RealCluster } from '../support/real-cluster.ts'
import { ask, secure } from '../support/tls.ts'
import { TestUpstream } from '../support/upstream.ts'

const SERVICES = `/api/v1/namespaces/${NAMESPACE}/services`
const MERGE = 'application/merge-patch+json'
const WITHIN_MS = 60_000

const gateway = (name: string, more = '') => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name}, namespace: default }
spec:
  gatewayClassName: portcullis
  infrastructure: { labels: { team: ${name} }, annotations: { example.com/pool: ${name} } }
  listeners:
    - { name: http, protocol: HTTP, port: 80 }
    - { name: https, protocol: HTTPS, port: 443, hostname: shop.example, tls: { certificateRefs: [{ name: ${name} }] } }
${more}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name}, namespace: default }
spec:
  parentRefs: [{ name: ${name} }]
  rules:
    - matches: [{ path: { type: PathPrefix, value: /${name} } }]
      backendRefs: [{ group: portcullis.dev, kind: Backend, name: items }]
---
`

/** What the host that both Gateways have answers on a port. */
async function shop(port: number, path: string) {
  const socket = await secure(port, { servername: 'shop.example', rejectUnauthorized: false })
  const answer = await ask(socket, 'shop.example', '', path)
  socket.destroy()
  return answer
}

const backend = (port: number) => `
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: items, namespace: default }
spec: { endpoints: [{ address: 127.0.0.1, port: ${port} }] }
`

interface Made {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly labels: Readonly<Record<string, string>>
    readonly annotations: Readonly<Record<string, string>>
  }
  readonly spec: {
    readonly type: string
    readonly clusterIP: string
    readonly externalTrafficPolicy: string
    readonly selector: Readonly<Record<string, string>>
    readonly ports: readonly {
      readonly port: number
      readonly protocol: string
      readonly targetPort: number
      readonly nodePort: number
    }[]
  }
}

suite('a Service for each Gateway, on a real API server', () => {
  let cluster: RealCluster | null = null

  before(async context => {
    cluster = await startInstalled(context as TestContext)
    cluster?.control('garbage-collector-controller')
  })

  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
  })

  const replica = (address: string): Promise<RunProcess> => {
    assert.ok(deployedFlags().includes('--gateway-services=LoadBalancer'))
    return startReplica(cluster!, address)
  }

  const services = async (): Promise<readonly Made[]> => {
    const { body } = await cluster!.ask('GET', SERVICES)
    return (JSON.parse(body) as { readonly items: readonly Made[] }).items
  }

  /** What is made for a Gateway, once it is as it is wanted. */
  const made = async (name: string, isSo: (service: Made) => boolean = () => true): Promise<Made> => {
    for (const end = performance.now() + WITHIN_MS; performance.now() < end; await delay(50)) {
      const own = (await services()).find(
        ({ metadata }) => metadata.annotations?.['portcullis.dev/gateway'] === `default/${name}`,
      )
      if (own !== undefined && isSo(own)) return own
    }
    throw new Error(`there is no such Service of ${name}: ${JSON.stringify(await services())}`)
  }

  const reached = (name: string, ip: string): Promise<void> =>
    made(name).then(async ({ metadata }) => {
      const status = { loadBalancer: { ingress: [{ ip }] } }
      await cluster!.ask('PATCH', `${SERVICES}/${metadata.name}/status`, { status }, MERGE)
      const wait = ['wait', '--for=condition=Programmed', `gateway/${name}`, '--timeout=60s']
      const { ok, said } = cluster!.tryKubectl(wait)
      assert.ok(ok, said)
      const address = `jsonpath={.status.addresses[0].value}`
      assert.equal(cluster!.kubectl(['get', 'gateway', name, '-o', address]), ip)
    })

  const secretOf = async (name: string): Promise<string> => {
    const { chain, key } = await selfSigned({ names: ['shop.example'] })
    const data = { 'tls.crt': btoa(chain), 'tls.key': btoa(key) }
    const metadata = { name, namespace: 'default' }
    return `${JSON.stringify({ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata, data })}\n---\n`
  }

  const targetOf = ({ spec }: Made, port: number, protocol = 'TCP'): number =>
    spec.ports.find(one => one.port === port && one.protocol === protocol)!.targetPort

  const gone = async (name: string): Promise<void> => {
    const isThere = async () =>
      (await services()).some(
        ({ metadata }) => metadata.annotations?.['portcullis.dev/gateway'] === `default/${name}`,
      )
    for (const end = performance.now() + WITHIN_MS; await isThere(); await delay(50))
      assert.ok(performance.now() < end, `the Service of ${name} is there still`)
  }

  test('it is made, kept, made again and deleted, and two Gateways have the same ports and host', async t => {
    if (cluster === null) return t.skip('no API server')
    await using upstream = await TestUpstream.start((_, response) => response.end('items'))
    const apply = (yaml: string) => cluster!.kubectl(['apply', '--server-side', '-f', '-'], yaml)
    await using first = await replica('127.0.0.1')
    await first.event('kubernetes.leads')
    apply(
      backend(upstream.port) +
        '---\n' +
        (await secretOf('a')) +
        (await secretOf('b')) +
        gateway('a') +
        gateway('b'),
    )
    await reached('a', '192.0.2.1')
    await reached('b', '192.0.2.2')
    for (const [own, other] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      const service = await made(own)
      assert.equal(service.metadata.labels['team'], own)
      assert.equal(service.metadata.annotations['example.com/pool'], own)
      assert.equal(service.spec.externalTrafficPolicy, 'Local')
      assert.equal(service.spec.selector['app.kubernetes.io/name'], 'portcullis')
      const port = targetOf(service, 80)
      assert.equal((await send(port, { path: `/${own}` })).body, 'items')
      assert.equal((await send(port, { path: `/${other}` })).status, 404)
      const secured = targetOf(service, 443)
      assert.equal((await shop(secured, `/${own}`)).body, 'items')
      assert.equal((await shop(secured, `/${other}`)).status, 404)
    }

    // A port more, and labels: what the cluster has given to the others stays, as do their ports.
    const was = await made('a')
    const udp = '    - { name: dns, protocol: UDP, port: 443 }'
    apply(gateway('a', udp).replace('labels: { team: a }', 'labels: { team: other }'))
    const more = await made('a', ({ spec }) => spec.ports.length === 3)
    for (const one of was.spec.ports)
      assert.deepEqual(
        more.spec.ports.find(({ port, protocol }) => port === one.port && protocol === one.protocol),
        one,
      )
    assert.notEqual(targetOf(more, 443, 'UDP'), targetOf(more, 443))
    assert.equal(more.metadata.labels['team'], 'other')
    assert.equal(more.metadata.uid, was.metadata.uid)

    // Another replica leads, after one that has died; it makes again what was deleted meanwhile, on the same ports.
    await using second = await replica('127.0.0.2')
    first.child.kill('SIGKILL')
    cluster.kubectl(['delete', 'service', more.metadata.name, '-n', NAMESPACE])
    cluster.kubectl(['delete', 'gateway', 'b'])
    await second.event('kubernetes.leads')
    const again = await made('a', ({ metadata }) => metadata.uid !== more.metadata.uid)
    assert.deepEqual(
      again.spec.ports.map(({ targetPort }) => targetPort),
      more.spec.ports.map(({ targetPort }) => targetPort),
    )
    await reached('a', '192.0.2.3')
    await gone('b')

    cluster.kubectl(['delete', 'gateway', 'a'])
    await gone('a')
    const told = second.log.all.map(line => JSON.stringify(line)).join('\n')
    assert.doesNotMatch(told, /forbidden|"level":"error"/i)
  })

  test('one that is reached from the cluster alone has no balancer, for as long as its Gateway asks for that', async t => {
    if (cluster === null) return t.skip('no API server')
    // Definitions of the standard channel would drop it.
    const definition = 'config/crd/experimental/gateway.networking.k8s.io_gateways.yaml'
    const file = join(process.env['GATEWAY_API']!, definition)
    // Who wants the experimental channel takes this policy away, as it says.
    const policy = 'safe-upgrades.gateway.networking.k8s.io'
    for (const kind of ['validatingadmissionpolicybinding', 'validatingadmissionpolicy'])
      cluster.kubectl(['delete', kind, policy])
    const install = ['apply', '--server-side', '--force-conflicts', '-f', file]
    while (!cluster.tryKubectl(install).ok) await delay(50)
    await using run = await replica('127.0.0.1')
    const apply = (addresses: string) =>
      cluster!.kubectl(
        ['apply', '--server-side', '-f', '-'],
        gateway('e').replace('  listeners:', `  addresses: ${addresses}\n  listeners:`),
      )
    cluster.kubectl(['apply', '--server-side', '-f', '-'], await secretOf('e'))
    const within = '[{ type: IPAddress, routability: Cluster }]'
    const addresses = () =>
      JSON.parse(
        cluster!.kubectl(['get', 'gateway', 'e', '-o', 'jsonpath={.status.addresses}']) || '[]',
      ) as readonly object[]
    const programmed = () => {
      const wait = ['wait', '--for=condition=Programmed', 'gateway/e', '--timeout=60s']
      const { ok, said } = cluster!.tryKubectl(wait)
      assert.ok(ok, said)
    }
    const asked = () =>
      cluster!.kubectl(['get', 'gateway', 'e', '-o', 'jsonpath={.spec.addresses[0].routability}'])
    // The server takes new definitions when it comes to it.
    for (apply(within); asked() !== 'Cluster'; apply(within)) await delay(50)
    const own = await made('e', ({ spec }) => spec.type === 'ClusterIP')
    programmed()
    assert.deepEqual(addresses(), [{ type: 'IPAddress', value: own.spec.clusterIP, routability: 'Cluster' }])

    apply('[]')
    const open = await made('e', ({ spec }) => spec.type === 'LoadBalancer')
    assert.ok(open.spec.ports.every(({ nodePort }) => nodePort > 0))
    await reached('e', '192.0.2.5')
    assert.deepEqual(addresses(), [{ type: 'IPAddress', value: '192.0.2.5' }])

    apply(within)
    const again = await made('e', ({ spec }) => spec.type === 'ClusterIP')
    assert.deepEqual(
      again.spec.ports.map(({ nodePort, targetPort }) => [nodePort, targetPort]),
      open.spec.ports.map(({ targetPort }) => [undefined, targetPort]),
    )
    assert.equal(again.metadata.uid, own.metadata.uid)
    const wanted = { type: 'IPAddress', value: again.spec.clusterIP, routability: 'Cluster' }
    for (
      const end = performance.now() + WITHIN_MS;
      !isDeepStrictEqual(addresses(), [wanted]);
      await delay(50)
    )
      assert.ok(performance.now() < end, JSON.stringify(addresses()))
    cluster.kubectl(['delete', 'gateway', 'e'])
    await gone('e')
    assert.equal(
      run.log.all.some(({ event }) => event === 'kubernetes.service_failed'),
      false,
    )
  })

  test('all of them go with the Service that they are made like', async t => {
    if (cluster === null) return t.skip('no API server')
    const run = await replica('127.0.0.1')
    cluster.kubectl(['apply', '--server-side', '-f', '-'], (await secretOf('c')) + gateway('c'))
    await made('c')
    assert.equal(await run.stop(), 0)
    cluster.kubectl(['delete', 'service', 'portcullis', '-n', NAMESPACE])
    await gone('c')
    await using later = await replica('127.0.0.1')
    const problem = await later.event('kubernetes.service_failed')
    assert.match(String(problem['message']), /not found/)
  })
})
