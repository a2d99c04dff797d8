import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { send } from '../support/client.ts'
import { ApiServer } from '../support/kubernetes/api-server.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { Seen } from '../support/until.ts'
import { TestUpstream } from '../support/upstream.ts'

/** A Gateway, and the Service that a route leads to, at an upstream of this test. */
function cluster(port: number, upstream: number, more = ''): string {
  return `
apiVersion: v1
kind: Namespace
metadata: { name: default }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front }
spec:
  gatewayClassName: portcullis
  addresses: [{ value: 127.0.0.1 }]
  listeners: [{ name: http, protocol: HTTP, port: ${port} }]
---
apiVersion: v1
kind: Service
metadata: { name: items }
spec: { clusterIP: 10.0.0.1, ports: [{ port: 80 }], futureField: { of: a newer cluster } }
---
${slice(upstream)}
---
${route('items', '/items')}
${more}`
}

function slice(port: number): string {
  return `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: items-1, labels: { kubernetes.io/service-name: items } }
addressType: IPv4
endpoints: [{ addresses: [127.0.0.1], conditions: { ready: true } }]
ports: [{ port: ${port} }]
`
}

function route(name: string, path: string): string {
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name} }
spec:
  parentRefs: [{ name: front }]
  rules:
    - matches: [{ path: { value: ${path} } }]
      backendRefs: [{ name: items, port: 80 }]
`
}

function configured(folder: Folder, api: ApiServer): readonly string[] {
  const file = join(folder.path, 'kubeconfig')
  writeFileSync(file, api.kubeconfig)
  return ['--kubernetes', '--kubeconfig', file, '--workers', '1', '--publish', '192.0.2.1']
}

const statusOf = async (port: number, target: string): Promise<number> =>
  (await send(port, { path: target })).status

/** Resolves when an object has a status. */
async function written(api: ApiServer, kind: string, name: string): Promise<void> {
  const seen = new Seen<unknown>()
  const stop = api
    .collectionOf(kind)
    .follow(0, ({ object }) => seen.push(object.metadata.name === name && object.status))
  await seen.first(status => status !== undefined && status !== false)
  stop()
}

suite('a cluster as a source', () => {
  test('routes are served as they are applied, changed and deleted', async () => {
    await using api = await ApiServer.start()
    await using upstream = await TestUpstream.start()
    await using other = await TestUpstream.start((_, response) => response.end('other'))
    using folder = new Folder()
    const port = await freePort()
    api.apply(cluster(port, upstream.port))
    api.define('BackendPolicy', false)
    await using run = await RunProcess.start([], ...configured(folder, api))
    const listed = await run.event('kubernetes.listed')
    assert.deepEqual(listed['missing'], ['BackendPolicy.portcullis.dev'])
    await run.started()
    assert.equal(await statusOf(port, '/items'), 200)
    assert.equal(await statusOf(port, '/more'), 404)
    await run.event('kubernetes.leads')
    await written(api, 'HTTPRoute', 'items')

    api.apply(route('more', '/more'))
    await run.event('snapshot.applied', line => line['version'] === 2)
    assert.equal(await statusOf(port, '/more'), 200)

    api.apply(slice(other.port))
    await run.event('endpoints.applied')
    assert.equal((await send(port, { path: '/items' })).body, 'other')

    api.delete('HTTPRoute', 'more')
    await run.event('snapshot.applied', line => line['version'] === 3)
    assert.equal(await statusOf(port, '/more'), 404)
    assert.equal(await run.stop(), 0)
  })

  test('what a file has comes first', async () => {
    await using api = await ApiServer.start()
    await using upstream = await TestUpstream.start()
    using folder = new Folder({ 'resources/route.yaml': route('items', '/of-file') })
    const port = await freePort()
    api.apply(cluster(port, upstream.port))
    await using run = await RunProcess.start([join(folder.path, 'resources')], ...configured(folder, api))
    await run.started()
    assert.equal(await statusOf(port, '/of-file'), 200)
    assert.equal(await statusOf(port, '/items'), 404)
    const line = await run.log.first(({ message }) => String(message).includes('Conflicted'))
    assert.match(
      String(line['message']),
      /what kubernetes has is not in force: it is in files \(.*route\.yaml/,
    )
  })

  test('without an API server it serves what it knew, also after its own restart', async () => {
    await using api = await ApiServer.start()
    await using upstream = await TestUpstream.start()
    using folder = new Folder()
    const port = await freePort()
    const args = [...configured(folder, api), '--data', join(folder.path, 'data')]
    api.apply(cluster(port, upstream.port))
    {
      await using run = await RunProcess.start([], ...args)
      await run.started()
      await api.stop()
      await run.event('kubernetes.failing')
      assert.equal(await statusOf(port, '/items'), 200)
      assert.equal(await run.stop(), 0)
    }
    await using again = await RunProcess.start([], ...args)
    await again.event('kubernetes.kept')
    await again.started()
    assert.equal(await statusOf(port, '/items'), 200)
    api.delete('HTTPRoute', 'items')
    await api.listen()
    await again.event('snapshot.applied', line => Number(line['version']) > 1)
    assert.equal(await statusOf(port, '/items'), 404)
  })

  test('it is not ready before all of a cluster has been seen, and can be ended', async () => {
    await using api = await ApiServer.start()
    using folder = new Folder()
    api.forbid('TrafficPolicy', true)
    await using run = await RunProcess.start([], ...configured(folder, api))
    const line = await run.event('kubernetes.forbidden')
    assert.equal(line['kind'], 'TrafficPolicy.portcullis.dev')
    assert.equal((await run.get('/readyz')).status, 503)
    assert.equal(await run.stop(), 0)
  })
})
