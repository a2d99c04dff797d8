import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'
import { send } from '../support/client.ts'
import { snapshotOf, startGateway } from '../support/gateway.ts'
import { plain } from '../support/policies.ts'
import { to } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

const setHost = (value: string) => ({
  type: 'RequestHeaderModifier',
  requestHeaderModifier: { set: [{ name: 'Host', value }] },
})
const mirror = { type: 'RequestMirror', requestMirror: { backendRef: to('up') } }

suite('a Host that no request can have', () => {
  for (const host of ['a b', 'a/b', 'a@b', 'a:b', 'a:99999', '[::1', '..'])
    test(`${host} in a route is a condition, and the route is not served`, async () => {
      let asked = 0
      await using upstream = await TestUpstream.start((_, response) => {
        asked++
        response.end()
      })
      await using gateway = await startGateway(plain(upstream.port, { rule: { filters: [setHost(host)] } }))
      assert.equal((await send(gateway.port())).status, 404)
      assert.equal(asked, 0)
    })

  for (const host of ['shop.example', 'shop.example:8080', '127.0.0.1:1', '[::1]:80'])
    test(`${host} is one`, async () => {
      await using upstream = await TestUpstream.start(
        (request, response) => void response.end(request.headers.host),
      )
      await using gateway = await startGateway(plain(upstream.port, { rule: { filters: [setHost(host)] } }))
      assert.equal((await send(gateway.port())).body, host)
    })

  test('one that comes to a worker all the same ends the request, not the worker', async () => {
    await using upstream = await TestUpstream.start((_, response) => void response.end('served'))
    const yaml = plain(upstream.port, { rule: { filters: [setHost('marked.example'), mirror] } })
    await using gateway = await startGateway(yaml)
    assert.equal((await send(gateway.port())).status, 200)
    await gateway.engine.apply(withHost(snapshotOf(yaml, 2), 'a b'))
    for (let i = 0; i < 3; i++) {
      const { status, body } = await send(gateway.port())
      assert.equal(status, 500)
      assert.match(body, /proxy_internal_error/)
    }
    await gateway.reload(yaml)
    assert.equal((await send(gateway.port())).status, 200)
    assert.match(gateway.metrics(), /^portcullis_requests_active 0$/m)
  })
})

function withHost(snapshot: Snapshot, host: string): Snapshot {
  return JSON.parse(JSON.stringify(snapshot).replaceAll('marked.example', host)) as Snapshot
}
