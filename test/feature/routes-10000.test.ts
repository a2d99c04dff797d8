import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ruleOf, send, type Asked } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { backend, exact, gateway, httpRoute, prefix, regex, tagged, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

const HOSTS = 1_000
const ROUTES = 10_000

/** Ten routes for each of 1,000 hosts, and every kind of match among them; `X-Rule` is host/route. */
function routeOf(i: number): object {
  const host = i % HOSTS
  const n = Math.floor(i / HOSTS)
  const tag = `${host}/${n}`
  const hostname = n < 8 ? `h${host}.example` : `*.w${host}.example`
  const match = [
    prefix('/'),
    prefix(`/p${host}`),
    exact(`/p${host}/exact`),
    prefix(`/p${host}/deep/er`),
    regex(`/r${host}/[0-9]+`),
    { ...prefix(`/p${host}`), method: 'DELETE' },
    { ...prefix(`/p${host}`), headers: [{ name: 'tenant', value: String(host) }] },
    { ...prefix(`/p${host}`), queryParams: [{ name: 'v', value: String(host) }] },
    prefix('/'),
    exact('/only'),
  ][n]
  return httpRoute(`r${i}`, { hostnames: [hostname], rules: [tagged(tag, match ?? {})] })
}

function requestsOf(host: number): readonly (readonly [Asked, string | number])[] {
  const name = `h${host}.example`
  const path = `/p${host}/x`
  return [
    [{ host: name }, `${host}/0`],
    [{ host: name, path: `/p${host === 0 ? 1 : 0}` }, `${host}/0`],
    [{ host: name, path }, `${host}/1`],
    [{ host: name, path: `/p${host}/exact` }, `${host}/2`],
    [{ host: name, path: `/p${host}/deep/er/x` }, `${host}/3`],
    [{ host: name, path: `/p${host}/deep/e` }, `${host}/1`],
    [{ host: name, path: `/r${host}/42` }, `${host}/4`],
    [{ host: name, path: `/r${host}/x` }, `${host}/0`],
    [{ host: name, path, method: 'DELETE' }, `${host}/5`],
    [{ host: name, path, headers: { Tenant: String(host) } }, `${host}/6`],
    [{ host: name, path: `${path}?v=${host}` }, `${host}/7`],
    [{ host: name, path: `${path}?v=${host + 1}` }, `${host}/1`],
    [{ host: `a.w${host}.example` }, `${host}/8`],
    [{ host: `a.b.w${host}.example`, path: '/only' }, `${host}/9`],
    [{ host: `w${host}.example` }, 404],
  ]
}

suite(`${ROUTES} HTTPRoutes`, () => {
  const routes = Array.from({ length: ROUTES }, (_, i) => routeOf(i))
  const resources = (port: number, list: readonly object[]): string =>
    yamlOf(gateway(), backend('up', [port]), ...list)

  test('all of them are served, each by its own host and match', async () => {
    await using upstream = await TestUpstream.start()
    await using portcullis = await startGateway(resources(upstream.port, routes))
    // Hosts from all over the table, the first and the last among them.
    for (let host = 0; host < HOSTS; host += host === 0 ? 99 : 100)
      for (const [asked, met] of requestsOf(host))
        assert.equal(ruleOf(await send(portcullis.port(), asked)), met, JSON.stringify(asked))
    assert.equal((await send(portcullis.port(), { host: 'other.example' })).status, 404)
  })

  test('one that changes is changed, the others stay, and one that goes is gone', async () => {
    await using upstream = await TestUpstream.start()
    await using portcullis = await startGateway(resources(upstream.port, routes))
    const host = 'h7.example'
    assert.equal(ruleOf(await send(portcullis.port(), { host })), '7/0')
    const changed = routes
      .with(7, httpRoute('r7', { hostnames: [host], rules: [tagged('changed')] }))
      .toSpliced(8, 1)
    await portcullis.reload(resources(upstream.port, changed))
    assert.equal(ruleOf(await send(portcullis.port(), { host })), 'changed')
    assert.equal(ruleOf(await send(portcullis.port(), { host: 'h9.example' })), '9/0')
    assert.equal((await send(portcullis.port(), { host: 'h8.example' })).status, 404)
    assert.equal(ruleOf(await send(portcullis.port(), { host: 'h8.example', path: '/p8' })), '8/1')
  })
})
