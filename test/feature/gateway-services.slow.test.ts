import assert from 'node:assert/strict'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { connect } from 'node:tls'
import { send } from '../support/client.ts'
import {
  aliasOf,
  balance,
  gateway,
  GatewayBed,
  made,
  programmed,
  reason,
  serviceOf,
  specOf,
  statusOf,
  targetOf,
  until,
} from '../support/kubernetes/gateway-bed.ts'

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
    await using bed = await GatewayBed.start()
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
    await using bed = await GatewayBed.start()
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
    await using bed = await GatewayBed.start()
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
    await using bed = await GatewayBed.start()
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
    await using bed = await GatewayBed.start()
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

  for (const [what, flags, isNamed] of [
    ['a name in its own namespace, also where few are read', ['--namespace', 'default'], true],
    ['no name there where none is wanted', ['--no-gateway-aliases'], false],
  ] as const)
    test(`has ${what}, and the class says so`, async () => {
      await using bed = await GatewayBed.start()
      const { api } = bed
      api.apply(`
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: portcullis }
spec: { controllerName: portcullis.dev/gateway }`)
      const first = await bed.run('127.0.0.1', 'LoadBalancer', ...flags)
      await bed.gateway('a')
      await bed.reached('a', '192.0.2.1')
      if (isNamed) await until(api, () => aliasOf(api, 'a') !== undefined)
      else assert.equal(aliasOf(api, 'a'), undefined)
      const { supportedFeatures: features } = api.get('GatewayClass', 'portcullis')!.status as {
        readonly supportedFeatures: readonly { readonly name: string }[]
      }
      assert.equal(
        features.some(({ name }) => name === 'GatewayInfrastructure'),
        isNamed,
      )
      // Whoever follows has them in order, and writes none anew.
      const before = aliasOf(api, 'a')
      assert.equal(await first.stop(), 0)
      const second = await bed.run('127.0.0.1', 'LoadBalancer', ...flags)
      await second.event('kubernetes.leads')
      await bed.gateway('b')
      await bed.reached('b', '192.0.2.2')
      assert.deepEqual(aliasOf(api, 'a'), before)
    })

  test('another replica that leads goes on with what there is', async () => {
    await using bed = await GatewayBed.start()
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
    await using bed = await GatewayBed.start()
    const { api } = bed
    await bed.run()
    await bed.gateway('a', '  addresses: [{ value: 192.0.2.5 }]')
    await made(api, 'a')
    assert.equal(specOf(serviceOf(api, 'a')).loadBalancerIP, '192.0.2.5')
    balance(api, 'a', '192.0.2.1')
    await reason(api, 'a', 'AddressNotUsable')
    await bed.reached('a', '192.0.2.5')
    await bed.gateway('b', '  addresses: [{ value: 192.0.2.6 }, { value: 192.0.2.7 }]')
    await reason(api, 'b', 'AddressNotUsable')
  })

  test('by the address of the cluster', async () => {
    await using bed = await GatewayBed.start()
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
