import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { snapshotOf, startGateway, type TestGateway } from '../support/gateway.ts'
import { plain } from '../support/policies.ts'
import { RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'
import { backend, gateway as gatewayOf, httpRoute, to, yamlOf } from '../support/resources.ts'

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const limit = { upstream: { connections: { max: 1, maxPending: 10, connectTimeout: '1s' } } }
const pending = /portcullis_upstream_requests_pending\{cluster="[^"]*"\} (\d+)/

const elsewhere = (port: number): string =>
  yamlOf(gatewayOf(), httpRoute('all', { rules: [{ backendRefs: [to('other')] }] }), backend('other', [port]))

const changes: [string, (gateway: TestGateway, yaml: string, port: number) => unknown][] = [
  ['endpoint', ({ engine }, yaml) => engine.setEndpoints(snapshotOf(yaml).clusters[0]!.name, [])],
  ['cluster', gateway => gateway.reload(yamlOf(gatewayOf()))],
  ['such cluster (the route has another)', (gateway, _, port) => gateway.reload(elsewhere(port))],
]

suite('a request that waits for a connection', () => {
  for (const [what, change] of changes)
    test(`is answered when the wait is over, although there is no ${what} any more`, async () => {
      // Never answers: the one connection stays busy.
      await using upstream = await RawUpstream.start(() => {})
      const yaml = plain(upstream.port, limit)
      await using gateway = await startGateway(yaml)
      await using busy = await RawClient.to(gateway.port())
      busy.write(get)
      await upstream.until(({ requests }) => requests.length === 1)
      await using waiting = await RawClient.to(gateway.port())
      waiting.write(get)
      // It waits as soon as there are two exchanges, for nothing is asynchronous before that.
      while (!/^portcullis_requests_active 2$/m.test(gateway.metrics())) await setImmediate()
      await change(gateway, yaml, upstream.port)
      const answer = await waiting.until(/\r\n\r\n[^]*}/)
      assert.match(answer, /^HTTP\/1\.1 503 [^]*"connection_limit_reached"/)
      assert.doesNotMatch(busy.text, /HTTP/)
      const left = pending.exec(gateway.metrics())
      if (left !== null) assert.equal(left[1], '0')
    })

  test('is answered although cluster and endpoint are gone, and the last connection with them', async () => {
    await using upstream = await RawUpstream.start(() => {})
    const yaml = plain(upstream.port, limit)
    await using gateway = await startGateway(yaml)
    await using busy = await RawClient.to(gateway.port())
    busy.write(get)
    await upstream.until(({ requests }) => requests.length === 1)
    await using waiting = await RawClient.to(gateway.port())
    waiting.write(get)
    while (!/^portcullis_requests_active 2$/m.test(gateway.metrics())) await setImmediate()
    gateway.engine.setEndpoints(snapshotOf(yaml).clusters[0]!.name, [])
    await gateway.reload(yamlOf(gatewayOf()))
    await busy[Symbol.asyncDispose]()
    assert.match(await waiting.until(/\r\n\r\n[^]*}/), /^HTTP\/1\.1 503 [^]*"connection_limit_reached"/)
  })
})
