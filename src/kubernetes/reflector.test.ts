import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { suite, test } from 'node:test'
import { HTTPRoute } from '../../src/model/kinds/http-route.ts'
import { GatewayClass } from '../../src/model/kinds/gateway-class.ts'
import { Secret } from '../../src/model/kinds/secret.ts'
import { Service } from '../../src/model/kinds/service.ts'
import { ApiServer, type ApiRequest } from '../../test/support/kubernetes/api-server.ts'
import { ClusterSource } from '../../test/support/kubernetes/cluster-source.ts'

const route = (name: string, path = '/', namespace = 'default') => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name}, namespace: ${namespace} }
spec: { rules: [{ matches: [{ path: { value: ${path} } }] }] }
---`

const isList = ({ method, path, query }: ApiRequest): boolean =>
  method === 'GET' && path.endsWith('/httproutes') && !query.has('watch')
const isWatch = ({ query }: ApiRequest): boolean => query.has('watch')

const lists = (api: ApiServer): number => api.requests.all.filter(isList).length

/** Two routes, followed. */
async function followed() {
  const api = await ApiServer.start()
  api.apply(route('a') + route('b'))
  const cluster = new ClusterSource(api, [HTTPRoute])
  await cluster.load()
  await cluster.names('a', 'b')
  await api.watched.first()
  return {
    api,
    cluster,
    async [Symbol.asyncDispose]() {
      cluster.source.close()
      await api.stop()
    },
  }
}

/** What goes wrong, and whether all has to be listed again for it. */
const faults: readonly (readonly [
  what: string,
  act: (api: ApiServer) => void | Promise<void>,
  relists: boolean,
])[] = [
  ['a watch that breaks', api => api.breakWatches(), false],
  ['a watch that breaks within an event', api => api.breakWatches(null, '{"type":"MODIFIED","obj'), false],
  ['a line that is no JSON', api => api.say('HTTPRoute', 'garbage'), false],
  [
    'an event without a version',
    api => api.say('HTTPRoute', '{"type":"ADDED","object":{"metadata":{}}}'),
    false,
  ],
  [
    'an event of an unknown type',
    api => api.say('HTTPRoute', '{"type":"LATER","object":{"metadata":{"resourceVersion":"9"}}}'),
    false,
  ],
  [
    'an object without a name',
    api => api.say('HTTPRoute', '{"type":"ADDED","object":{"metadata":{"resourceVersion":"9"}}}'),
    false,
  ],
  [
    'an error of the server',
    api =>
      api.say(
        'HTTPRoute',
        '{"type":"ERROR","object":{"kind":"Status","code":500,"message":"etcd is not well"}}',
      ),
    false,
  ],
  [
    'a version that is forgotten while it is watched',
    api => api.say('HTTPRoute', '{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}}'),
    true,
  ],
  [
    'a version that is forgotten meanwhile',
    api => {
      api.forget()
      api.breakWatches()
    },
    true,
  ],
  [
    'a server that is started anew',
    async api => {
      await api.stop()
      await api.listen()
    },
    false,
  ],
]

suite('a collection is followed', () => {
  for (const [what, act, relists] of faults)
    test(`over ${what}`, { timeout: 20_000 }, async () => {
      await using run = await followed()
      const { api, cluster } = run
      const before = lists(api)
      await act(api)
      api.delete('HTTPRoute', 'a')
      api.apply(route('c'))
      await cluster.names('b', 'c')
      assert.equal(lists(api) > before, relists)
    })

  test('what was deleted while nobody looked is gone', { timeout: 20_000 }, async () => {
    await using run = await followed()
    const { api, cluster } = run
    await api.stop()
    api.delete('HTTPRoute', 'a')
    api.forget()
    await api.listen()
    await cluster.names('b')
  })

  test('from the last bookmark', { timeout: 20_000 }, async () => {
    await using run = await followed()
    const { api } = run
    const from = (): number => Number(api.requests.all.findLast(isWatch)?.query.get('resourceVersion'))
    const first = from()
    // Something of another kind, so that versions go on.
    api.apply(
      '{ apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: { name: x }, spec: { controllerName: a/b } }',
    )
    api.bookmark('HTTPRoute')
    api.say('HTTPRoute', '{"type":"ERROR","object":{"code":500}}')
    await api.watched.count(2)
    assert.equal(from(), first + 1)
  })

  test('events that come twice change nothing', { timeout: 20_000 }, async () => {
    await using run = await followed()
    const { api, cluster } = run
    const before = cluster.results.all.length
    const object = api.get('HTTPRoute', 'a')
    for (let i = 0; i < 3; i++) api.say('HTTPRoute', JSON.stringify({ type: 'MODIFIED', object }))
    api.apply(route('c'))
    await cluster.names('a', 'b', 'c')
    assert.equal(cluster.results.all.length, before + 1)
  })

  test('a status that is written leaves objects what they are', { timeout: 20_000 }, async () => {
    await using run = await followed()
    const { api, cluster } = run
    const [before] = cluster.results.all
    api.setStatus('HTTPRoute', 'a', { parents: [] })
    api.apply(route('c'))
    const after = await cluster.names('a', 'b', 'c')
    const find = (result = before) => result?.resources.list.find(({ metadata }) => metadata.name === 'a')
    assert.equal(find(after), find())
    assert.notEqual(find(), undefined)
  })

  test('in pages, of which each is asked for once', { timeout: 20_000 }, async () => {
    await using api = await ApiServer.start()
    for (let i = 0; i < 1_200; i++) api.apply(route(`r${i}`))
    using cluster = new ClusterSource(api, [HTTPRoute])
    const { resources } = await cluster.load()
    assert.equal(resources.list.length, 1_200)
    assert.equal(lists(api), 3)
  })

  test('where pages are forgotten on the way, all at once', { timeout: 20_000 }, async () => {
    await using api = await ApiServer.start()
    for (let i = 0; i < 600; i++) api.apply(route(`r${i}`))
    api.fault = request => {
      if (request.query.has('continue')) api.forget()
      return false
    }
    using cluster = new ClusterSource(api, [HTTPRoute])
    const { resources } = await cluster.load()
    assert.equal(resources.list.length, 600)
    const last = api.requests.all.filter(isList).at(-1)
    assert.equal(last?.query.has('limit'), false)
  })

  test('a watch that says nothing is made anew', { timeout: 20_000 }, async () => {
    await using api = await ApiServer.start()
    api.apply(route('a'))
    const times = { backoff: { firstMs: 5, mostMs: 20 }, silenceMs: 50, absentMs: 10 }
    using cluster = new ClusterSource(api, [HTTPRoute], { times })
    await cluster.load()
    await api.requests.first(one => isWatch(one) && api.requests.all.filter(isWatch).length >= 3)
    assert.equal(lists(api), 1)
  })
})

suite('a server that fails', () => {
  const answers =
    (status: number, body = ''): ((response: ServerResponse) => void) =>
    response => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(body)
    }
  for (const [what, say] of [
    ['is busy', answers(429, '{"message":"too many requests"}')],
    ['is not well', answers(500, 'a page of a proxy')],
    ['does not know us yet', answers(401)],
    ['answers no JSON', answers(200, '<html>')],
    ['answers no list', answers(200, '{"kind":"Status"}')],
    ['ends the connection', (response: ServerResponse) => void response.destroy()],
  ] as const)
    test(`since it ${what} is asked again`, { timeout: 20_000 }, async () => {
      await using api = await ApiServer.start()
      api.apply(route('a'))
      let left = 3
      api.fault = (request, response) => {
        if (!isList(request) || left-- <= 0) return false
        say(response)
        return true
      }
      using cluster = new ClusterSource(api, [HTTPRoute])
      await cluster.load()
      await cluster.names('a')
      assert.equal(lists(api), 4)
      assert.equal(cluster.log.all.filter(({ event }) => event === 'kubernetes.failing').length, 1)
    })

  test('of a second page keeps nothing from being listed whole', { timeout: 20_000 }, async () => {
    await using api = await ApiServer.start()
    for (let i = 0; i < 600; i++) api.apply(route(`r${i}`))
    let left = 2
    api.fault = (request, response) => {
      if (!request.query.has('continue') || left-- <= 0) return false
      response.destroy()
      return true
    }
    using cluster = new ClusterSource(api, [HTTPRoute])
    const { resources } = await cluster.load()
    assert.equal(resources.list.length, 600)
  })
})

suite('kinds', () => {
  test('that are not there are said, and found when they come', { timeout: 20_000 }, async () => {
    await using api = await ApiServer.start()
    api.define('HTTPRoute', false)
    using cluster = new ClusterSource(api, [HTTPRoute, GatewayClass])
    await cluster.load()
    const line = await cluster.log.first(({ event }) => event === 'kubernetes.listed')
    assert.deepEqual(line['missing'], ['HTTPRoute.gateway.networking.k8s.io'])
    api.define('HTTPRoute', true)
    api.apply(route('a'))
    await cluster.names('a')
  })

  test('that are not served for a moment keep their objects', { timeout: 20_000 }, async () => {
    await using run = await followed()
    const { api, cluster } = run
    let missed = 0
    api.fault = request => {
      if (isList(request) && ++missed === 2) api.define('HTTPRoute', true)
      return false
    }
    api.define('HTTPRoute', false)
    api.breakWatches()
    await cluster.log.first(({ event }) => event === 'kubernetes.kind_found')
    api.apply(route('c'))
    await cluster.names('a', 'b', 'c')
    assert.equal(
      cluster.results.all.every(({ resources }) => resources.list.length >= 2),
      true,
    )
  })

  test('whose definition is gone lose them', { timeout: 20_000 }, async () => {
    await using run = await followed()
    run.api.define('HTTPRoute', false)
    run.api.breakWatches()
    await run.cluster.names()
  })

  test('that may not be seen are waited for', { timeout: 20_000 }, async () => {
    await using api = await ApiServer.start()
    api.apply(route('a'))
    api.forbid('Service', true)
    using cluster = new ClusterSource(api, [HTTPRoute, Service])
    let isLoaded = false
    const loading = cluster.load().then(() => (isLoaded = true))
    await cluster.log.first(({ event }) => event === 'kubernetes.forbidden')
    await api.requests.first(
      () => api.requests.all.filter(({ path }) => path === '/api/v1/services').length > 3,
    )
    assert.equal(isLoaded, false)
    api.forbid('Service', false)
    await loading
  })
})

suite('objects', () => {
  test('of some namespaces, without those of others', { timeout: 20_000 }, async () => {
    await using api = await ApiServer.start()
    api.apply(route('a', '/', 'one') + route('b', '/', 'two') + route('c', '/', 'three'))
    api.forbid('GatewayClass', true)
    using cluster = new ClusterSource(api, [HTTPRoute, GatewayClass], { namespaces: ['one', 'two'] })
    await cluster.load()
    await cluster.names('a', 'b')
    api.delete('HTTPRoute', 'a', 'one')
    api.apply(route('d', '/', 'three') + route('e', '/', 'two'))
    await cluster.names('b', 'e')
    api.forget()
    api.delete('HTTPRoute', 'b', 'two')
    api.breakWatches()
    await cluster.names('e')
  })

  test('that are broken keep their last good version', { timeout: 20_000 }, async () => {
    await using run = await followed()
    const { api, cluster } = run
    api.apply(route('a').replace('rules:', 'ruels:'))
    const result = await cluster.results.first(({ held }) => held.length > 0)
    assert.equal(result.resources.list.length, 2)
    assert.deepEqual(result.problems[0]?.path, ['spec', 'ruels'])
  })

  test(
    "of Kubernetes' own kinds have what is looked at, whatever a newer cluster says",
    { timeout: 20_000 },
    async () => {
      await using api = await ApiServer.start()
      api.apply(`
apiVersion: v1
kind: Service
metadata: { name: s, annotations: { kubectl.kubernetes.io/last-applied-configuration: '{}' } }
spec: { clusterIP: 10.0.0.1, futureField: 1, ports: [{ port: 80, nodePort: 30000, future: 2 }] }
---
apiVersion: v1
kind: Secret
metadata: { name: helm }
type: helm.sh/release.v1
data: { release: AAAA }
`)
      using cluster = new ClusterSource(api, [Service, Secret])
      const { resources, problems } = await cluster.load()
      assert.deepEqual(problems, [])
      assert.equal(resources.list.length, 1)
      assert.deepEqual(resources.list[0]?.body, { spec: { clusterIP: '10.0.0.1', ports: [{ port: 80 }] } })
      assert.deepEqual(Object.keys(resources.list[0]?.metadata ?? {}).toSorted(), [
        'creationTimestamp',
        'generation',
        'name',
        'namespace',
      ])
    },
  )
})
