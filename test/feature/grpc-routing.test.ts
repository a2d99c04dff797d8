import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttp1 } from 'node:http'
import { createServer as createHttp2 } from 'node:http2'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import { Authority, caConfigMap } from '../support/certificates.ts'
import { send } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { grpcRoute } from '../support/grpc-gateway.ts'
import { NamedClient, NamedServer } from '../support/grpc-named.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'

// None of the Backends here says that it speaks HTTP/2: a GRPCRoute implies it.

const method = (service?: string, name?: string, type = 'Exact', headers: readonly object[] = []) => ({
  method: {
    type,
    ...(service === undefined ? {} : { service }),
    ...(name === undefined ? {} : { method: name }),
  },
  headers,
})
const rule = (name: string, ...matches: readonly object[]) => ({ matches, backendRefs: [to(name)] })

test('calls are routed by service, method, header, and host', async t => {
  await using items = await NamedServer.start('items')
  await using carts = await NamedServer.start('carts')
  await using canary = await NamedServer.start('canary')
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      grpcRoute('shop', {
        hostnames: ['a.example'],
        rules: [
          rule('items', method('shop.Items')),
          rule('carts', method('shop.Carts', 'Get'), method('sh[a-z]+[.]C.*', 'L.*', 'RegularExpression')),
          rule('canary', method('shop.Items', undefined, 'Exact', [{ name: 'Version', value: 'two' }])),
          rule('canary', method(undefined, 'Check')),
        ],
      }),
      grpcRoute('other', { hostnames: ['*.b.example'], rules: [{ backendRefs: [to('carts')] }] }),
      httpRoute('web', { hostnames: ['web.example'], rules: [{ backendRefs: [to('items')] }] }),
      backend('items', [items.port]),
      backend('carts', [carts.port]),
      backend('canary', [canary.port]),
    ),
  )
  for (const [authority, path, metadata, expected] of [
    ['a.example', '/shop.Items/Get', {}, 'items'],
    ['a.example', '/shop.Items/Get', { version: 'two' }, 'canary'],
    ['a.example', '/shop.Items/Get', { version: 'three' }, 'items'],
    // A service that is named comes before a method alone.
    ['a.example', '/shop.Items/Check', {}, 'items'],
    ['a.example', '/shop.Carts/Check', {}, 'canary'],
    ['a.example', '/shop.Carts/Get', {}, 'carts'],
    ['a.example', '/shop.Carts/List', {}, 'carts'],
    ['a.example', '/shop.Orders/Get', {}, 'UNIMPLEMENTED'],
    ['a.example', '/shop.Carts/GetAll', {}, 'UNIMPLEMENTED'],
    // Known to the gateway, and not to the server behind it.
    ['a.example', '/shop.Items/Put', {}, 'UNIMPLEMENTED'],
    ['x.b.example', '/shop.Items/Get', {}, 'carts'],
    ['nobody.example', '/shop.Items/Get', {}, 'UNIMPLEMENTED'],
  ] as const)
    await t.test(`${authority}${path} ${JSON.stringify(metadata)} is answered by ${expected}`, async () => {
      using client = new NamedClient(portcullis.port(), authority)
      assert.equal(await client.call(path, metadata), expected)
    })
})

test('calls are shared by weights, and the share of a backend that cannot be had is UNAVAILABLE', async () => {
  await using a = await NamedServer.start('a')
  await using b = await NamedServer.start('b')
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      grpcRoute('r', {
        rules: [
          {
            backendRefs: [
              to('a', { weight: 5 }),
              to('b', { weight: 3 }),
              to('nobody', { weight: 2 }),
              to('b', { weight: 0 }),
            ],
          },
        ],
      }),
      backend('a', [a.port]),
      backend('b', [b.port]),
    ),
  )
  using client = new NamedClient(portcullis.port())
  const counts = new Map<string, number>()
  const calls = 600
  for (let i = 0; i < calls; i++) {
    const who = await client.call('/shop.Items/Get')
    counts.set(who, (counts.get(who) ?? 0) + 1)
  }
  for (const [who, share] of [
    ['a', 0.5],
    ['b', 0.3],
    ['UNAVAILABLE', 0.2],
  ] as const) {
    // Six standard deviations of a binomial share.
    const tolerance = 6 * Math.sqrt(calls * share * (1 - share))
    const count = counts.get(who) ?? 0
    assert.ok(Math.abs(count - calls * share) <= tolerance, `${who}: ${count} of ${calls}`)
  }
  assert.deepEqual([...counts.keys()].sort(), ['UNAVAILABLE', 'a', 'b'])
})

test('one target takes requests by HTTP/1.1 and calls by HTTP/2', async () => {
  const http1 = createHttp1((_request, response) => response.end('by HTTP/1.1'))
  const http2 = createHttp2()
  http2.on('stream', stream => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    const name = Buffer.from('by HTTP/2')
    stream.resume().end(Buffer.concat([Buffer.from([0, 0, 0, 0, name.length]), name]))
  })
  const sockets = new Set<Socket>()
  const either = createServer(socket => {
    sockets.add(socket)
    socket.once('readable', () => {
      const first = socket.read() as Buffer
      socket.unshift(first)
      const server = first.toString('latin1').startsWith('PRI ') ? http2 : http1
      server.emit('connection', socket)
    })
  })
  either.listen(0, '127.0.0.1')
  await once(either, 'listening')
  try {
    await using portcullis = await startGateway(
      yamlOf(
        gateway(),
        grpcRoute('calls', { hostnames: ['calls.example'], rules: [{ backendRefs: [to('up')] }] }),
        httpRoute('web', { hostnames: ['web.example'], rules: [{ backendRefs: [to('up')] }] }),
        backend('up', [(either.address() as AddressInfo).port]),
      ),
    )
    using client = new NamedClient(portcullis.port(), 'calls.example')
    assert.equal(await client.call('/any.Service/Get'), 'by HTTP/2')
    assert.equal((await send(portcullis.port(), { host: 'web.example' })).body, 'by HTTP/1.1')
    assert.equal(await client.call('/any.Service/Get'), 'by HTTP/2')
    const metrics = portcullis.metrics()
    for (const cluster of ['Backend/default/up', 'Backend/default/up (h2)'])
      assert.ok(metrics.includes(`cluster="${cluster}"`), `${cluster} in the metrics`)
  } finally {
    for (const socket of sockets) socket.destroy()
    either.close()
  }
})

test('a hostname that a reload gives to an older HTTPRoute takes no calls of a GRPCRoute', async () => {
  await using up = await NamedServer.start('up')
  const calls = grpcRoute('calls', { hostnames: ['a.example'], rules: [{ backendRefs: [to('up')] }] })
  // Of routes without a date the first by name is the older.
  const web = (name: string) =>
    httpRoute(name, {
      hostnames: ['*.example'],
      rules: [{ matches: [{ path: { type: 'Exact', value: '/web' } }], backendRefs: [to('up')] }],
    })
  const resources = (...routes: readonly object[]) => yamlOf(gateway(), ...routes, backend('up', [up.port]))
  await using portcullis = await startGateway(resources(calls, web('web')))
  using client = new NamedClient(portcullis.port())
  assert.equal(await client.call('/shop.Items/Get'), 'up')
  await portcullis.reload(resources(calls, web('before')))
  assert.equal(await client.call('/shop.Items/Get'), 'UNIMPLEMENTED')
  await portcullis.reload(resources(calls))
  assert.equal(await client.call('/shop.Items/Get'), 'up')
})

const service = (port: number): object[] => [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'up' },
    spec: { clusterIP: '10.0.0.1', ports: [{ name: 'grpc', port: 443 }] },
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'up-1', labels: { 'kubernetes.io/service-name': 'up' } },
    addressType: 'IPv4',
    ports: [{ name: 'grpc', port }],
    endpoints: [{ addresses: ['127.0.0.1'] }],
  },
]
const secured = (port: number): object[] => [
  {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Backend',
    metadata: { name: 'up' },
    spec: { endpoints: [{ address: '127.0.0.1', port }], protocol: 'https' },
  },
]

for (const [what, objects, ref, target] of [
  ['a Service that says nothing', service, { name: 'up', port: 443 }, { group: '', kind: 'Service' }],
  ['a Backend of protocol https', secured, to('up'), { group: 'portcullis.dev', kind: 'Backend' }],
] as const)
  test(`calls to ${what} behind a BackendTLSPolicy go by HTTP/2 over TLS`, async () => {
    const authority = await Authority.make('backends')
    await using up = await NamedServer.start('up', await authority.issue({ names: ['up.example'] }))
    await using portcullis = await startGateway(
      yamlOf(
        gateway(),
        grpcRoute('calls', { rules: [{ backendRefs: [ref] }] }),
        ...objects(up.port),
        caConfigMap('ca', authority.root),
        {
          apiVersion: 'gateway.networking.k8s.io/v1',
          kind: 'BackendTLSPolicy',
          metadata: { name: 'up' },
          spec: {
            targetRefs: [{ ...target, name: 'up' }],
            validation: {
              hostname: 'up.example',
              caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }],
            },
          },
        },
      ),
    )
    using client = new NamedClient(portcullis.port())
    assert.equal(await client.call('/shop.Items/Get'), 'up')
  })
