import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { wireClient } from '../support/wire-client.ts'
import { WireServer } from '../support/wire-server.ts'
import { combinations, portFor, startBetween } from '../support/wires.ts'

for (const [client, upstream] of combinations)
  suite(`${client} to ${upstream}`, () => {
    test('a client that waits for 100 is told to go on, by the gateway', async () => {
      let expected: unknown
      await using server = await WireServer.start(upstream, (request, response) => {
        expected = request.headers['expect']
        request.pipe(response)
      })
      await using running = await startBetween(upstream, server.port)
      await using peer = wireClient(client, portFor(client, running))
      const call = peer.ask({ method: 'POST', headers: { expect: '100-continue', 'content-length': '5' } })
      await call.interim.first(({ status }) => status === 100)
      call.request.end('hello')
      const { status, body } = await call.whole()
      assert.deepEqual([status, body.toString(), expected], [200, 'hello', undefined])
    })

    for (const status of [417, 413, 200])
      test(`an upstream that answers ${status} without the body is heard before the body is sent`, async () => {
        await using server = await WireServer.start(upstream, (_request, response) => {
          response.writeHead(status, { 'content-length': '5' })
          response.end('early')
        })
        await using running = await startBetween(upstream, server.port)
        await using peer = wireClient(client, portFor(client, running))
        const call = peer.ask({
          method: 'POST',
          headers: { expect: '100-continue', 'content-length': '5000000' },
        })
        const answer = await call.whole()
        assert.deepEqual([answer.status, answer.body.toString()], [status, 'early'])
        call.abort()
      })

    test('another expectation is refused, and the upstream hears nothing', async () => {
      await using server = await WireServer.start(upstream, (_request, response) => response.end())
      await using running = await startBetween(upstream, server.port)
      await using peer = wireClient(client, portFor(client, running))
      const { status } = await peer.send({ method: 'POST', headers: { expect: 'more' }, body: '' })
      assert.deepEqual([status, server.connections], [417, 0])
    })
  })
