import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { block, data, headers, hello, post, settings } from '../support/http2/wire.ts'
import { PREFACE } from '../../src/http/h2/codes.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { backendPolicy } from '../support/policies.ts'
import {
  backend as backendOf,
  gateway as gatewayOf,
  httpRoute,
  prefix,
  to,
  yamlOf,
} from '../support/resources.ts'
import { RawClient } from '../support/raw.ts'
import { RawHttp2Client } from '../support/raw-http2.ts'
import { Seen } from '../support/until.ts'
import { wireClient } from '../support/wire-client.ts'
import { WireServer } from '../support/wire-server.ts'
import { portFor, startBetween } from '../support/wires.ts'

const pending = (gateway: TestGateway): number =>
  Number(/^portcullis_upstream_requests_pending\{[^}]*\} (\d+)$/m.exec(gateway.metrics())?.[1] ?? 0)

/** Asked for by one client of many behind a proxy that is believed. */
const of = (address: string) => ({ headers: { 'X-Forwarded-For': address } })

suite('those who wait for a connection', () => {
  const client = { trustedHops: 1, limits: { streams: 1000 } }

  /** Answers everything at once but what is asked first, which waits until it is told; `asked` is who has asked, in order. */
  async function start() {
    const asked = new Seen<string>()
    const first = new Seen<() => void>()
    const server = await WireServer.start('h1', (request, response) => {
      asked.push(String(request.headers['x-forwarded-for']).split(', ')[0]!)
      if (asked.all.length === 1) first.push(() => response.end('ok'))
      else response.end('ok')
    })
    return { server, asked, first }
  }

  test('are served in turn by client, an IPv6 client being a /64', async () => {
    const { server, asked, first } = await start()
    await using _ = server
    const backend = { connections: { max: 1, connectTimeout: '1m' } }
    await using gateway = await startBetween('h1', server.port, { client, backend })
    await using peer = wireClient('h2c', portFor('h2c', gateway))
    const all = [peer.send(of('192.0.2.1'))]
    const [release] = await first.count(1)
    for (let i = 0; i < 500; i++) all.push(peer.send(of(`2001:db8::${i.toString(16)}`)))
    all.push(peer.send(of('2001:db8:0:1::1')), peer.send(of('192.0.2.2')))
    // The metric is set by the sweep.
    while (pending(gateway) < 502) await setImmediate()
    release!()
    for (const { status } of await Promise.all(all)) assert.equal(status, 200)
    assert.deepEqual(asked.all.slice(1, 4), ['2001:db8::0', '2001:db8:0:1::1', '192.0.2.2'])
    assert.equal(asked.all.length, 503)
  })

  test('find a place where one client has all of them, who loses its last', async () => {
    const { server, asked, first } = await start()
    await using _ = server
    const backend = { connections: { max: 1, maxPending: 50, connectTimeout: '1m' } }
    await using gateway = await startBetween('h1', server.port, { client, backend })
    await using peer = wireClient('h2c', portFor('h2c', gateway))
    const all = [peer.send(of('192.0.2.1'))]
    const [release] = await first.count(1)
    for (let i = 0; i < 50; i++) all.push(peer.send(of('192.0.2.1')))
    while (pending(gateway) < 50) await setImmediate()
    assert.equal((await peer.send(of('192.0.2.1'))).status, 503)
    const neighbour = peer.send(of('192.0.2.2'))
    const { status, body } = await all.pop()!
    assert.deepEqual([status, String(body).includes('"reason":"connection_limit_reached"')], [503, true])
    release!()
    assert.equal((await neighbour).status, 200)
    for (const one of await Promise.all(all)) assert.equal(one.status, 200)
    assert.deepEqual(asked.all.slice(0, 4), ['192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.1'])
  })
})

suite('what is ended for others is named', () => {
  const backend = { connections: { max: 2 }, pressure: { patience: '300ms', bodyStart: 0 } }
  const large = Buffer.alloc(16 * 1024 * 1024, 'x')
  const start = (): Promise<WireServer> =>
    WireServer.start('h1', (request, response) => {
      if (request.url === '/large') response.end(large)
      else if (request.url === '/quick') response.end('ok')
      else request.resume()
    })
  const ended = (gateway: TestGateway, failure: string): Promise<unknown> =>
    gateway.line(line => line['portcullis.failure'] === failure)

  test('bodies: 408 with a reason, and the connection closes', async () => {
    await using server = await start()
    await using gateway = await startBetween('h1', server.port, { backend })
    await using slow = await RawClient.to(gateway.port(80))
    slow.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx')
    await using other = await RawClient.to(gateway.port(80))
    other.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n')
    await using neighbour = wireClient('h1', gateway.port(80))
    assert.equal((await neighbour.send({ path: '/quick' })).status, 200)
    await Promise.race([slow.closed(), other.closed()])
    const { text } = slow.ended ? slow : other
    assert.match(text, /^HTTP\/1\.1 408 [^]*\r\nConnection: close\r\n[^]*"reason":"http_request_too_slow"/i)
    await ended(gateway, 'http_request_too_slow')
    assert.match(gateway.metrics(), /^portcullis_failures_total\{failure="http_request_too_slow"\} 1$/m)
  })

  test('bodies by HTTP/2: the same on their stream, and others of the connection go on', async () => {
    await using server = await start()
    await using gateway = await startBetween('h1', server.port, { backend })
    await using peer = await RawHttp2Client.to(gateway.port(80), { first: hello })
    for (const stream of [1, 3]) peer.says(headers(stream, post(), 4), data(stream, 'x'))
    await using neighbour = wireClient('h2c', gateway.port(80))
    assert.equal((await neighbour.send({ path: '/quick' })).status, 200)
    await peer.until(/^DATA [13] \d+ END$/)
    await peer.until(/^RST [13] NO_ERROR$/)
    assert.equal(peer.ended, false)
    await ended(gateway, 'http_request_too_slow')
  })

  test('responses: a reset with CANCEL', async () => {
    await using server = await start()
    await using gateway = await startBetween('h1', server.port, { backend })
    const first = Buffer.concat([PREFACE, settings([4, 0])])
    await using peer = await RawHttp2Client.to(gateway.port(80), { first })
    const get = block(':method', 'GET', ':scheme', 'http', ':path', '/large', ':authority', 'a')
    for (const stream of [1, 3]) peer.says(headers(stream, get))
    await peer.until(() => peer.said.includes('HEADERS 1') && peer.said.includes('HEADERS 3'))
    await using neighbour = wireClient('h2c', gateway.port(80))
    assert.equal((await neighbour.send({ path: '/quick' })).status, 200)
    await peer.until(/^RST [13] CANCEL$/)
    await ended(gateway, 'http_response_not_taken')
    const line = gateway.lines.find(one => one['portcullis.failure'] === 'http_response_not_taken')
    assert.equal(line?.['http.response.status_code'], 200)
  })
})

suite('copies of slow requests', () => {
  for (const [what, bodyStart] of [
    ['are lost where others wait for their connections', 0],
    ['have none before their body has begun', '8Ki'],
  ] as const)
    test(`${what}, and their requests go on`, async () => {
      const serve = (): Promise<WireServer> =>
        WireServer.start('h1', (request, response) => {
          request.resume().on('end', () => response.end('ok'))
        })
      await using main = await serve()
      await using mirror = await serve()
      const filter = { type: 'RequestMirror', requestMirror: { backendRef: to('up') } }
      await using gateway = await startGateway(
        yamlOf(
          gatewayOf(),
          httpRoute('r', {
            rules: [
              { matches: [prefix('/mirror')], backendRefs: [to('up')] },
              { filters: [filter], backendRefs: [to('main')] },
            ],
          }),
          backendOf('main', [main.port]),
          backendOf('up', [mirror.port]),
          backendPolicy({ connections: { max: 2 }, pressure: { patience: '300ms', bodyStart } }),
        ),
      )
      const slow = await Promise.all(Array.from({ length: 4 }, () => RawClient.to(gateway.port())))
      for (const one of slow) one.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx')
      while (main.connections < 4) await setImmediate()
      await using neighbour = wireClient('h1', gateway.port())
      for (let i = 0; i < 3; i++) assert.equal((await neighbour.send({ path: '/mirror' })).status, 200)
      for (const one of slow) one.write('y')
      for (const one of slow) await one.until(/^HTTP\/1\.1 200 [^]*ok$/)
      for (const one of slow) await one[Symbol.asyncDispose]()
    })
})
