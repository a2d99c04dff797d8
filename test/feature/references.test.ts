import assert from 'node:assert/strict'
import { test } from 'node:test'
import { send } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

const named = (name: string) => TestUpstream.start((_, response) => void response.end(name))

/** Status and body of one request to these resources. */
async function answer(...objects: readonly object[]): Promise<string> {
  await using portcullis = await startGateway(yamlOf(gateway(), ...objects))
  const { status, body } = await send(portcullis.port())
  return status === 200 ? `200 ${body}` : String(status)
}

const service = (name: string, ports: readonly object[], more: object = {}, namespace = 'default') => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: { ports, ...more },
})

const slice = (name: string, of: string, ports: readonly object[], endpoints: readonly object[]) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name, labels: { 'kubernetes.io/service-name': of } },
  addressType: 'IPv4',
  ports,
  endpoints,
})

const toService = (name: string, port: number, more: object = {}) => ({ name, port, ...more })
const local = (conditions?: object) => ({
  addresses: ['127.0.0.1'],
  ...(conditions === undefined ? {} : { conditions }),
})

const grant = (from: object, target: object) => ({
  apiVersion: 'gateway.networking.k8s.io/v1beta1',
  kind: 'ReferenceGrant',
  metadata: { name: 'grant', namespace: 'store' },
  spec: { from: [from], to: [target] },
})
const routesOf = (namespace: string) => ({ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace })
const backends = { group: 'portcullis.dev', kind: 'Backend' }

const across = httpRoute('r', { rules: [{ backendRefs: [to('up', { namespace: 'store' })] }] })

for (const [what, grants, expected] of [
  ['without a ReferenceGrant is answered 500', [], '500'],
  ['with one is followed', [grant(routesOf('default'), backends)], '200 up'],
  ['with one for that name is followed', [grant(routesOf('default'), { ...backends, name: 'up' })], '200 up'],
  ['with one for another name is not', [grant(routesOf('default'), { ...backends, name: 'other' })], '500'],
  ['with one for another namespace is not', [grant(routesOf('elsewhere'), backends)], '500'],
  ['with one for another kind is not', [grant(routesOf('default'), { group: '', kind: 'Service' })], '500'],
  [
    'with one for other referrers is not',
    [grant({ group: 'gateway.networking.k8s.io', kind: 'GRPCRoute', namespace: 'default' }, backends)],
    '500',
  ],
] as const)
  test(`a reference to another namespace ${what}`, async () => {
    await using upstream = await named('up')
    assert.equal(await answer(across, backend('up', [upstream.port], 'store'), ...grants), expected)
  })

test('a ReferenceGrant that comes and goes takes effect with a reload', async () => {
  await using upstream = await named('up')
  const objects = [gateway(), across, backend('up', [upstream.port], 'store')]
  const granted = [...objects, grant(routesOf('default'), backends)]
  await using portcullis = await startGateway(yamlOf(...objects))
  const statuses: number[] = []
  for (const next of [granted, objects, granted]) {
    await portcullis.reload(yamlOf(...next))
    statuses.push((await send(portcullis.port())).status)
  }
  assert.deepEqual(statuses, [200, 500, 200])
})

for (const [from, allowed, expected] of [
  ['team', { namespaces: { from: 'All' } }, '200 up'],
  ['team', { namespaces: { from: 'Same' } }, '404'],
  ['team', { namespaces: { from: 'Selector', selector: { matchLabels: { gate: 'open' } } } }, '200 up'],
  ['other', { namespaces: { from: 'Selector', selector: { matchLabels: { gate: 'open' } } } }, '404'],
] as const)
  test(`a route of namespace ${from} at a listener that allows ${JSON.stringify(allowed)}: ${expected}`, async () => {
    await using upstream = await named('up')
    const objects = [
      gateway([{ name: 'http', allowedRoutes: allowed }]),
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team', labels: { gate: 'open' } } },
      httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }, from),
      backend('up', [upstream.port], from),
    ]
    await using portcullis = await startGateway(yamlOf(...objects))
    const { status, body } = await send(portcullis.port())
    assert.equal(status === 200 ? `200 ${body}` : String(status), expected)
  })

for (const [what, ref, objects, expected] of [
  ['a Backend that does not exist', to('nobody'), [], '500'],
  ['a Service that does not exist', toService('nobody', 80), [], '500'],
  ['a port that the Service has not', toService('s', 81), [service('s', [{ port: 80 }])], '500'],
  ['a kind that is no backend', { group: 'example.dev', kind: 'Bucket', name: 'b' }, [], '500'],
  ['a Service without endpoints', toService('s', 80), [service('s', [{ port: 80 }])], '503'],
  [
    'a Service whose slice is empty',
    toService('s', 80),
    [service('s', [{ port: 80 }]), slice('s1', 's', [{ port: 1 }], [])],
    '503',
  ],
] as const)
  test(`a reference to ${what} is answered ${expected}`, async () => {
    assert.equal(await answer(httpRoute('r', { rules: [{ backendRefs: [ref] }] }), ...objects), expected)
  })

const toWeb = httpRoute('r', { rules: [{ backendRefs: [toService('s', 80)] }] })

test('a Service is its ready endpoints, by the name of the port', async () => {
  await using web = await named('web')
  await using admin = await named('admin')
  const objects = [
    service('s', [
      { name: 'admin', port: 81 },
      { name: 'web', port: 80 },
    ]),
    slice(
      's1',
      's',
      [
        { name: 'admin', port: admin.port },
        { name: 'web', port: web.port },
      ],
      [local()],
    ),
  ]
  assert.equal(await answer(toWeb, ...objects), '200 web')
  const toAdmin = httpRoute('r', { rules: [{ backendRefs: [toService('s', 81)] }] })
  assert.equal(await answer(toAdmin, ...objects), '200 admin')
})

for (const [conditions, expected] of [
  [{ ready: true }, '200 up'],
  [{}, '200 up'],
  [{ ready: false }, '503'],
  // It ends, and there is no other.
  [{ ready: false, serving: true, terminating: true }, '200 up'],
  [{ ready: false, serving: false, terminating: true }, '503'],
] as const)
  test(`an endpoint with conditions ${JSON.stringify(conditions)}: ${expected}`, async () => {
    await using upstream = await named('up')
    const objects = [
      service('s', [{ port: 80 }]),
      slice('s1', 's', [{ port: upstream.port }], [local(conditions)]),
    ]
    assert.equal(await answer(toWeb, ...objects), expected)
  })

test('requests go to the ready endpoints of all slices, and never to the others', async () => {
  await using one = await named('one')
  await using two = await named('two')
  await using sick = await named('sick')
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      toWeb,
      service('s', [{ port: 80 }]),
      slice('s1', 's', [{ port: one.port }], [local()]),
      slice('s2', 's', [{ port: two.port }], [local()]),
      slice('s3', 's', [{ port: sick.port }], [local({ ready: false })]),
      slice('s4', 'other', [{ port: sick.port }], [local()]),
    ),
  )
  const bodies = await Promise.all(
    Array.from({ length: 20 }, async () => (await send(portcullis.port())).body),
  )
  assert.deepEqual(new Set(bodies), new Set(['one', 'two']))
})
