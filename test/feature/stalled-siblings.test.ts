import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { ServerHttp2Session } from 'node:http2'
import { buffer } from 'node:stream/consumers'
import { suite, test } from 'node:test'
import { settled } from '../support/settled.ts'
import { Seen } from '../support/until.ts'
import { wireClient, type Call } from '../support/wire-client.ts'
import { WireServer } from '../support/wire-server.ts'
import { patient, portFor, startBetween } from '../support/wires.ts'

const large = randomBytes(4_000_000)
/** More than a stream's window of 64 KiB. */
const small = randomBytes(200_000)

const bytesAt = (path: string | undefined): Buffer => (path === '/large' ? large : small)

suite('a stream that its client does not read', () => {
  for (const upstream of ['h1', 'h2c'] as const)
    test(`does not hold up others of its connection (upstream ${upstream})`, async () => {
      await using server = await WireServer.start(upstream, (request, response) =>
        response.end(bytesAt(request.url)),
      )
      await using running = await startBetween(upstream, server.port, { client: patient })
      // The window of Node's connection is 64 KiB: three streams that are not read leave room in it.
      await using peer = wireClient('h2c', portFor('h2c', running), { initialWindowSize: 16_384 })
      const stalled = await asked(() => peer.ask({ path: '/large' }), 3)
      for (let i = 0; i < 5; i++) assert.ok((await peer.send({ path: '/small' })).body.equals(small))
      for (const call of stalled) assert.ok((await buffer(call.response())).equals(large))
    })

  for (const client of ['h1', 'h2c'] as const)
    test(`does not hold up those of other clients on the connection to its upstream (clients ${client})`, async () => {
      await using server = await WireServer.start('h2c', (request, response) =>
        response.end(bytesAt(request.url)),
      )
      await using running = await startBetween('h2c', server.port, { client: patient })
      const port = portFor(client, running)
      const idlers = Array.from({ length: 20 }, () => wireClient(client, port))
      const stalled = await Promise.all(
        idlers.map(async idler => (await asked(() => idler.ask({ path: '/large' }), 1))[0]!),
      )
      await using peer = wireClient(client, port)
      for (let i = 0; i < 5; i++) assert.ok((await peer.send({ path: '/small' })).body.equals(small))
      for (const call of stalled) assert.ok((await buffer(call.response())).equals(large))
      assert.equal(server.connections, 1)
      for (const idler of idlers) await idler[Symbol.asyncDispose]()
    })
})

suite('a request that its upstream does not read', () => {
  for (const client of ['h1', 'h2c'] as const)
    test(`does not hold up others on the connection to it (clients ${client})`, async () => {
      const waiting = new Seen<() => void>()
      await using server = await WireServer.start('h2c', (request, response) => {
        const read = (): void => void buffer(request).then(body => response.end(String(body.length)))
        if (request.url === '/small') read()
        else waiting.push(read)
      })
      // As servers have it that mean to serve many: the connection's window is more than a stream's.
      server.server.on('session', (session: ServerHttp2Session) => session.setLocalWindowSize(1_000_000))
      await using running = await startBetween('h2c', server.port, { client: patient })
      const port = portFor(client, running)
      const idlers = Array.from({ length: 5 }, () => wireClient(client, port))
      const stalled = idlers.map(idler => idler.ask({ method: 'PUT', path: '/large', body: large }))
      await waiting.count(5)
      await settled(() => waiting.all.length)
      await using peer = wireClient(client, port)
      for (let i = 0; i < 5; i++) {
        const { body } = await peer.send({ method: 'PUT', path: '/small', body: small })
        assert.equal(body.toString(), String(small.length))
      }
      for (const read of waiting.all) read()
      // At once: Node drops what has come to its end before anybody reads it.
      for (const { body } of await Promise.all(stalled.map(call => call.whole())))
        assert.equal(body.toString(), String(large.length))
      assert.equal(server.connections, 1)
      for (const idler of idlers) await idler[Symbol.asyncDispose]()
    })

  test('does not hold up others on the connection of its client', async () => {
    const waiting = new Seen<() => void>()
    await using server = await WireServer.start('h1', (request, response) => {
      const read = (): void => void buffer(request).then(body => response.end(String(body.length)))
      if (request.url === '/small') read()
      else waiting.push(read)
    })
    await using running = await startBetween('h1', server.port, { client: patient })
    await using peer = wireClient('h2c', portFor('h2c', running))
    // More than the buffers of sockets take, so that the gateway's windows are full as well.
    const huge = Buffer.alloc(20_000_000)
    const stalled = Array.from({ length: 3 }, () => peer.ask({ method: 'PUT', path: '/huge', body: huge }))
    await waiting.count(3)
    await settled(() => waiting.all.length, 500)
    for (let i = 0; i < 5; i++) {
      const { body } = await peer.send({ method: 'PUT', path: '/small', body: small })
      assert.equal(body.toString(), String(small.length))
    }
    const answers = stalled.map(call => call.whole())
    for (const read of waiting.all) read()
    for (const { body } of await Promise.all(answers)) assert.equal(body.toString(), String(huge.length))
  })
})

/** Calls whose heads have come, and whose bodies nobody reads. */
async function asked(ask: () => Call, count: number): Promise<readonly Call[]> {
  const calls = Array.from({ length: count }, ask)
  for (const call of calls) await call.head
  return calls
}
