import assert from 'node:assert/strict'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { RawClient } from '../support/raw.ts'
import { readTunnel } from '../support/tunnel-reader.ts'
import { Tunnel } from '../support/tunnel.ts'
import { ended as over } from '../support/until.ts'
import { wireClient } from '../support/wire-client.ts'
import { WireServer } from '../support/wire-server.ts'
import { between, portFor } from '../support/wires.ts'

const HOUR_MS = 3_600_000

/** Says something into one end, and waits for it at the other. */
async function passes(tunnel: Tunnel): Promise<void> {
  for (const [from, to] of [
    [tunnel.near, tunnel.far],
    [tunnel.far, tunnel.near],
  ] as const) {
    const heard = once(to, 'data')
    from.write('still here')
    assert.equal(String((await heard)[0]), 'still here')
  }
}

for (const [client, upstream] of [
  ['h1', 'h1'],
  ['h1', 'h2c'],
  ['h2c', 'h1'],
  ['h2c', 'h2c'],
] as const)
  suite(`a tunnel from ${client} to ${upstream}`, () => {
    test('outlives the timeouts of its route', async () => {
      await using tunnel = await Tunnel.open(client, upstream, {
        rule: { timeouts: { request: '100ms', backendRequest: '100ms' } },
      })
      await readTunnel(tunnel.near)
      // One of the same rule that began later has reached them.
      await using peer = wireClient(client, portFor(client, tunnel.running))
      assert.equal((await peer.send({ path: '/late' })).status, 504)
      await passes(tunnel)
    })

    test('outlives reloads, also of its route and its upstream', async () => {
      await using tunnel = await Tunnel.open(client, upstream)
      await readTunnel(tunnel.near)
      await using other = await WireServer.start('h1', (_request, response) => response.end('other'))
      await tunnel.running.reload(between(upstream, tunnel.server.port))
      await passes(tunnel)
      await tunnel.running.reload(between('h1', other.port))
      await using peer = wireClient(client, portFor(client, tunnel.running))
      assert.equal((await peer.send()).body.toString(), 'other')
      await passes(tunnel)
      const ended = once(tunnel.far, 'end')
      tunnel.far.resume()
      tunnel.near.end()
      tunnel.far.end()
      await ended
      const line = await tunnel.running.line(({ 'url.path': path }) => path === '/tunnel')
      assert.equal(line['portcullis.failure'], undefined)
    })

    test('goes on while the gateway drains, which waits for it', async () => {
      await using tunnel = await Tunnel.open(client, upstream)
      const { ended } = await readTunnel(tunnel.near)
      const away = tunnel.client.session === null ? null : once(tunnel.client.session, 'goaway')
      let drained = false
      const drain = tunnel.running.engine.drain(60_000).then(() => (drained = true))
      await away
      await passes(tunnel)
      assert.equal(drained, false)
      tunnel.near.end()
      tunnel.far.end()
      await ended
      tunnel.client.session?.close()
      await drain
    })

    test('is cut when the time to drain is over, and both ends see it', async () => {
      await using tunnel = await Tunnel.open(client, upstream)
      const { ended } = await readTunnel(tunnel.near)
      const cut = over(tunnel.far)
      tunnel.far.resume()
      await tunnel.running.engine.drain(1)
      await ended
      await cut
      await tunnel.running.line(({ 'url.path': path }) => path === '/tunnel')
    })

    test('meets the filters of its route, and is logged whole', async () => {
      const change = (add: string, remove: string): object => ({
        set: [{ name: add, value: 'set' }],
        remove: [remove],
      })
      await using tunnel = await Tunnel.open(client, upstream, {
        rule: {
          filters: [
            { type: 'RequestHeaderModifier', requestHeaderModifier: change('x-added', 'x-drop') },
            { type: 'ResponseHeaderModifier', responseHeaderModifier: change('x-answer', 'x-from') },
          ],
        },
      })
      const { head, ended } = await readTunnel(tunnel.near)
      assert.match(head, /^HTTP\/1\.1 101 /)
      assert.match(head, /\r\nx-answer: set\r\n/i)
      assert.doesNotMatch(head, /x-from/i)
      const { headers } = tunnel.request
      assert.deepEqual([headers['x-added'], headers['x-drop']], ['set', undefined])
      await passes(tunnel)
      assert.equal(tunnel.running.lines.length, 0)
      tunnel.near.end()
      tunnel.far.end()
      await ended
      const line = await tunnel.running.line(() => true)
      assert.deepEqual(
        {
          method: line['http.request.method'],
          path: line['url.path'],
          status: line['http.response.status_code'],
          version: line['network.protocol.version'],
          route: line['http.route'],
          failure: line['portcullis.failure'],
          sizes: [line['http.request.body.size'], line['http.response.body.size']],
        },
        {
          method: 'GET',
          path: '/tunnel',
          status: 101,
          version: client === 'h1' ? '1.1' : '2',
          route: 'httproute/default/all/0',
          failure: undefined,
          sizes: [10, 10],
        },
      )
    })

    test('that nobody says anything in for an hour is given up, and not before', async t => {
      await using tunnel = await Tunnel.open(client, upstream)
      const { ended } = await readTunnel(tunnel.near)
      let aheadMs = 0
      const real = performance.now.bind(performance)
      t.mock.method(performance, 'now', () => real() + aheadMs)
      /** Resolves when the gateway has seen the time: when it has closed a connection that nobody used since. */
      const later = async (ms: number): Promise<void> => {
        await using idle = await RawClient.to(tunnel.running.port(80))
        aheadMs += ms
        await idle.closed()
      }
      await passes(tunnel)
      await later(HOUR_MS / 2)
      await passes(tunnel)
      await later(HOUR_MS - 60_000)
      await passes(tunnel)
      const cut = over(tunnel.far)
      tunnel.far.resume()
      await later(HOUR_MS + 60_000)
      await ended
      await cut
      const line = await tunnel.running.line(({ 'url.path': path }) => path === '/tunnel')
      assert.equal(line['portcullis.failure'], 'http_response_timeout')
    })
  })
