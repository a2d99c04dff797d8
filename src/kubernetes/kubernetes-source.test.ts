import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { HTTPRoute } from '../model/kinds/http-route.ts'
import { Service } from '../model/kinds/service.ts'
import { ApiServer } from '../../test/support/kubernetes/api-server.ts'
import { allKinds, ClusterSource, namesOf } from '../../test/support/kubernetes/cluster-source.ts'
import { Seen } from '../../test/support/until.ts'

const Policy = allKinds.find('portcullis.dev', 'TrafficPolicy')!

const objects = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: route }
spec: { rules: [{ matches: [{ path: { value: / } }] }] }
---
apiVersion: portcullis.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: policy }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: route }]
  addresses: { allow: [10.0.0.0/8] }
---
apiVersion: v1
kind: Service
metadata: { name: service }
spec: { ports: [{ port: 80 }] }
`
const TIMEOUT = { timeout: 20_000 }

/** How often the collection of a kind has been listed. */
const listed = (api: ApiServer, plural: string): number =>
  api.requests.all.filter(({ path, query }) => path.endsWith(`/${plural}`) && !query.has('watch')).length

const listedOften = (api: ApiServer, plural: string): Promise<unknown> => {
  const before = listed(api, plural)
  return api.requests.first(() => listed(api, plural) > before + 10)
}

suite('a 404', () => {
  test('of a proxy that has no server takes nothing away', TIMEOUT, async () => {
    await using api = await ApiServer.start()
    api.apply(objects)
    using cluster = new ClusterSource(api, [HTTPRoute, Policy, Service])
    await cluster.load()
    api.fault = (_, response) => {
      response.writeHead(404)
      response.end('default backend - 404')
      return true
    }
    api.breakWatches()
    await Promise.all(['httproutes', 'trafficpolicies', 'services'].map(plural => listedOften(api, plural)))
    assert.deepEqual(cluster.results.all.map(namesOf), ['policy,route,service'])
    assert.equal(
      cluster.log.all.some(({ event }) => event === 'kubernetes.failing'),
      true,
    )
  })

  for (const [plural, name] of [
    ['trafficpolicies', 'policy'],
    ['services', 'service'],
  ] as const)
    test(`of ${plural} at the start is not believed where the server has them`, TIMEOUT, async () => {
      await using api = await ApiServer.start()
      api.apply(objects)
      let left = 2
      api.fault = ({ path }, response) => {
        if (!path.endsWith(`/${plural}`) || left-- <= 0) return false
        response.writeHead(404)
        response.end('404 page not found')
        return true
      }
      using cluster = new ClusterSource(api, [HTTPRoute, Policy, Service])
      assert.match(namesOf(await cluster.load()), new RegExp(name))
      assert.equal(left < 0, true)
    })

  test('of policies that are there in another version keeps it from being ready', TIMEOUT, async () => {
    await using api = await ApiServer.start()
    api.apply(objects)
    api.serveAs('TrafficPolicy', ['v9'])
    using cluster = new ClusterSource(api, [HTTPRoute, Policy])
    let isLoaded = false
    const loading = cluster.load()
    void loading.then(() => (isLoaded = true))
    const line = await cluster.log.first(({ event }) => event === 'kubernetes.version_unknown')
    assert.equal(line['kind'], 'TrafficPolicy.portcullis.dev')
    await listedOften(api, 'trafficpolicies')
    assert.equal(isLoaded, false)
    api.serveAs('TrafficPolicy', null)
    assert.equal(namesOf(await loading), 'policy,route')
    api.serveAs('TrafficPolicy', ['v9'])
    api.breakWatches('TrafficPolicy')
    await listedOften(api, 'trafficpolicies')
    assert.equal(cluster.results.all.length, 1)
  })

  test('of all kinds of a group that is gone takes their objects in one step', TIMEOUT, async () => {
    await using api = await ApiServer.start()
    api.apply(objects)
    using cluster = new ClusterSource(api, [HTTPRoute, Policy, Service])
    await cluster.load()
    api.define('TrafficPolicy', false)
    api.define('HTTPRoute', false)
    // Of routes it is noticed later.
    api.breakWatches('TrafficPolicy')
    await cluster.names('service')
    assert.deepEqual(cluster.results.all.map(namesOf), ['policy,route,service', 'service'])
  })
})

test('kinds whose watches are cut ask again with the pauses of each', TIMEOUT, async () => {
  await using api = await ApiServer.start()
  api.apply(objects)
  const times = { backoff: { firstMs: 200, mostMs: 60_000 }, silenceMs: 60_000, absentMs: 10 }
  using cluster = new ClusterSource(api, [HTTPRoute, Policy, Service], { times })
  await cluster.load()
  await api.watched.count(3)
  const cut = new Seen<number>()
  api.fault = ({ query }, response) => {
    if (!query.has('watch')) return false
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    // Behind its head, which has come by then.
    setTimeout(() => response.destroy(), 10)
    cut.push(performance.now())
    return true
  }
  api.breakWatches()
  // Between five of one kind there are at least 200, 400, 800 and 1600 ms.
  const all = await cut.count(13)
  assert.equal(all[12]! - all[0]! > 2_900, true)
})

test('of a broken object a change of its status alone is nothing new', TIMEOUT, async () => {
  await using api = await ApiServer.start()
  api.apply(objects)
  using cluster = new ClusterSource(api, [HTTPRoute, Service])
  await cluster.load()
  api.apply(objects.split('---')[0]!.replace('rules:', 'rulez:'))
  const [first] = (await cluster.results.first(({ held }) => held.length > 0)).held
  assert.equal(first?.resource.metadata.name, 'route')
  for (let i = 0; i < 3; i++) api.setStatus('HTTPRoute', 'route', { parents: [], i })
  api.setStatus('HTTPRoute', 'route', { parents: [], last: true })
  const before = cluster.results.all.length
  api.apply(objects.split('---')[2]!.replace('port: 80', 'port: 81'))
  await cluster.results.first(result => cluster.results.all.indexOf(result) >= before)
  const statusOf = () => cluster.source.known({ ...HTTPRoute, namespace: 'default', name: 'route' })?.status
  while (JSON.stringify(statusOf()) !== '{"parents":[],"last":true}') await nextTurn()
  assert.equal(cluster.results.all.length, before + 1)
  assert.deepEqual(cluster.results.all.at(-1)?.held, [first])
})

for (const [what, depth] of [
  ['deeply', 2_000],
  ['as deeply as servers take', 9_000],
] as const)
  test(`an object that nests ${what} keeps nobody else from being listed`, TIMEOUT, async () => {
    await using api = await ApiServer.start()
    api.apply(objects)
    api.fault = ({ path, query }, response) => {
      if (!path.endsWith('/trafficpolicies') || query.has('watch')) return false
      const item = (name: string, spec: string): string =>
        `{"metadata":{"name":"${name}","namespace":"default","resourceVersion":"3"},"spec":${spec}}`
      const target = '"targetRefs":[{"group":"gateway.networking.k8s.io","kind":"HTTPRoute","name":"route"}]'
      const deep = `{${target},"addresses":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`
      const fine = `{${target},"addresses":{"allow":["10.0.0.0/8"]}}`
      response.writeHead(200)
      response.end(
        `{"metadata":{"resourceVersion":"5"},"items":[${item('deep', deep)},${item('fine', fine)}]}`,
      )
      return true
    }
    using cluster = new ClusterSource(api, [HTTPRoute, Policy])
    const { resources, problems } = await cluster.load()
    assert.equal(resources.list.map(({ metadata }) => metadata.name).join(), 'route,fine')
    assert.deepEqual(
      resources.unenforced.map(({ resource, targeting }) => [
        resource.metadata.name,
        targeting?.refs[0]?.name,
      ]),
      [['deep', 'route']],
    )
    assert.match(problems[0]?.message ?? '', /nested too deeply/)
  })

test('Services of one more namespace than is read, and nothing else of it', TIMEOUT, async () => {
  await using api = await ApiServer.start()
  const inNamespace = (namespace: string, name: string): string =>
    objects.replaceAll(
      /metadata: { name: (\w+) }/g,
      `metadata: { name: $1-${name}, namespace: ${namespace} }`,
    )
  api.apply(`${inNamespace('read', 'one')}---${inNamespace('pods', 'two')}---${inNamespace('else', 'three')}`)
  using cluster = new ClusterSource(api, [HTTPRoute, Policy, Service], {
    namespaces: ['read'],
    servicesIn: 'pods',
  })
  const result = await cluster.load()
  assert.equal(namesOf(result), 'policy-one,route-one,service-one,service-two')
})
