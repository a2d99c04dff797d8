import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Seen } from '../support/until.ts'
import { wireClient } from '../support/wire-client.ts'
import { WireServer } from '../support/wire-server.ts'
import { combinations, portFor, speaksHttp2, startBetween } from '../support/wires.ts'

for (const [client, upstream] of combinations)
  suite(`${client} to ${upstream}`, () => {
    test('trailers of the request and of the response', async () => {
      const seen = new Seen<readonly string[]>()
      await using server = await WireServer.start(upstream, (request, response) => {
        request.resume()
        request.on('end', () => {
          seen.push(request.rawTrailers)
          response.writeHead(200, { trailer: 'x-after, x-more' })
          response.write('body')
          response.addTrailers({ 'x-after': 'later', 'x-more': '1', 'set-cookie': 'a=b' })
          response.end()
        })
      })
      await using running = await startBetween(upstream, server.port)
      await using peer = wireClient(client, portFor(client, running))
      // Whether or not a client says TE: trailers; some that read them never say so.
      for (const te of [undefined, 'trailers']) {
        const headers = {
          trailer: 'x-sum, content-length',
          ...(te === undefined ? {} : { te, ...(speaksHttp2(client) ? {} : { connection: 'TE' }) }),
          ...(speaksHttp2(client) ? {} : { 'transfer-encoding': 'chunked' }),
        }
        const trailers = { 'x-sum': 'abc', 'x-forwarded-for': '1.2.3.4' }
        const answer = await peer.send({ method: 'POST', headers, body: 'hello', trailers })
        assert.equal(answer.body.toString(), 'body')
        assert.deepEqual(answer.trailers, { 'x-after': 'later', 'x-more': '1' })
        assert.equal(answer.headers['trailer'], 'x-after, x-more')
        assert.deepEqual(
          seen.all.at(-1)?.map(text => text.toLowerCase()),
          ['x-sum', 'abc'],
        )
      }
    })
  })
