import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { wireClient } from '../support/wire-client.ts'
import { WireServer } from '../support/wire-server.ts'
import { combinations, portFor, startBetween } from '../support/wires.ts'

for (const [client, upstream] of combinations)
  suite(`${client} to ${upstream}`, () => {
    for (const [name, method, status] of [
      ['HEAD', 'HEAD', 200],
      ['204', 'GET', 204],
      ['304', 'GET', 304],
      ['HEAD of a 404', 'HEAD', 404],
    ] as const)
      test(`${name} has fields and no body, and the connection goes on`, async () => {
        await using server = await WireServer.start(upstream, (request, response) => {
          const length = status === 204 ? {} : { 'content-length': '12' }
          if (request.url === '/next') response.setHeader('content-length', '4')
          else response.writeHead(status, { etag: '"1"', 'content-type': 'text/plain', ...length })
          response.end(request.url === '/next' ? 'next' : undefined)
        })
        await using running = await startBetween(upstream, server.port)
        await using peer = wireClient(client, portFor(client, running))
        const answer = await peer.send({ method })
        assert.equal(answer.status, status)
        assert.equal(answer.body.length, 0)
        assert.deepEqual([answer.headers['etag'], answer.headers['content-type']], ['"1"', 'text/plain'])
        assert.equal(answer.headers['content-length'], status === 204 ? undefined : '12')
        assert.equal(answer.headers['transfer-encoding'], undefined)
        assert.equal((await peer.send({ path: '/next' })).body.toString(), 'next')
        assert.equal(server.connections, 1)
      })
  })
