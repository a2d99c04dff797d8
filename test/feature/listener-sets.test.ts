import assert from 'node:assert/strict'
import { test } from 'node:test'
import { send } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

function listenerSet(name: string, listeners: readonly object[]): object {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'ListenerSet',
    metadata: { name },
    spec: {
      parentRef: { name: 'gw' },
      listeners: listeners.map(one => ({ protocol: 'HTTP', port: 80, ...one })),
    },
  }
}

/** The Gateway, with what its `allowedListeners` take. */
function front(from: string): object {
  const made = gateway([{ name: 'http', hostname: 'front.example' }]) as { readonly spec: object }
  return { ...made, spec: { ...made.spec, allowedListeners: { namespaces: { from } } } }
}

const denied = (kind: string, name: string): object => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'TrafficPolicy',
  metadata: { name: `of-${kind.toLowerCase()}` },
  spec: {
    targetRefs: [{ group: 'gateway.networking.k8s.io', kind, name }],
    addresses: { deny: ['127.0.0.0/8'] },
  },
})

test('what a ListenerSet adds is served with its own routes and policies, as long as the Gateway takes it', async () => {
  await using upstream = await TestUpstream.start((_, response) => response.end('up'))
  const shop = listenerSet('shop', [
    { name: 'http', hostname: 'shop.example' },
    { name: 'more', port: 81 },
  ])
  const later = listenerSet('zoo', [{ name: 'http', hostname: 'shop.example' }])
  const route = (name: string, parent: object, path: string): object =>
    httpRoute(name, {
      parentRefs: [parent],
      rules: [{ matches: [{ path: { value: path } }], backendRefs: [to('up')] }],
    })
  const routes = [
    backend('up', [upstream.port]),
    route('front', { name: 'gw' }, '/front'),
    route('shop', { kind: 'ListenerSet', name: 'shop' }, '/shop'),
    route('more', { kind: 'ListenerSet', name: 'shop', sectionName: 'more' }, '/more'),
    route('zoo', { kind: 'ListenerSet', name: 'zoo' }, '/zoo'),
  ]
  await using served = await startGateway(yamlOf(front('Same'), shop, later, ...routes))
  const ask = async (host: string, path: string, port = 80): Promise<number> =>
    (await send(served.port(port), { path, host })).status
  for (const [host, path, port, expected] of [
    ['front.example', '/front', 80, 200],
    ['front.example', '/shop', 80, 404],
    ['shop.example', '/shop', 80, 200],
    ['shop.example', '/front', 80, 404],
    // Taken by the ListenerSet before it.
    ['shop.example', '/zoo', 80, 404],
    ['shop.example', '/more', 80, 404],
    ['any.example', '/more', 81, 200],
    ['any.example', '/shop', 81, 200],
  ] as const)
    assert.equal(await ask(host, path, port), expected, `${host}:${port}${path}`)

  await served.reload(yamlOf(front('Same'), shop, later, ...routes, denied('ListenerSet', 'shop')))
  assert.deepEqual([await ask('front.example', '/front'), await ask('shop.example', '/shop')], [200, 403])
  assert.equal(await ask('any.example', '/more', 81), 403)

  await served.reload(yamlOf(front('Same'), shop, later, ...routes, denied('Gateway', 'gw')))
  assert.deepEqual([await ask('front.example', '/front'), await ask('shop.example', '/shop')], [403, 403])

  await served.reload(yamlOf(front('Same'), later, ...routes))
  assert.deepEqual([await ask('shop.example', '/shop'), await ask('shop.example', '/zoo')], [404, 200])

  await served.reload(yamlOf(front('None'), shop, later, ...routes))
  assert.deepEqual([await ask('front.example', '/front'), await ask('shop.example', '/zoo')], [200, 404])
})
