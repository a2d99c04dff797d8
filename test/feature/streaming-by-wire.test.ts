import assert from 'node:assert/strict'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { Seen } from '../support/until.ts'
import { wireClient } from '../support/wire-client.ts'
import { WireServer, type WireRequest, type WireResponse } from '../support/wire-server.ts'
import { combinations, portFor, startBetween } from '../support/wires.ts'

const EVENTS = 20

/** An upstream that answers when it is told to. */
class Told {
  readonly request: WireRequest
  readonly response: WireResponse
  readonly gone: Promise<unknown>

  constructor(request: WireRequest, response: WireResponse) {
    this.request = request
    this.response = response
    this.gone = once(response, 'close')
  }
}

function eventOf(n: number): string {
  return `id: ${n}\ndata: event ${n}\n\n`
}

for (const [client, upstream] of combinations)
  suite(`${client} to ${upstream}`, () => {
    test('each event is at the client before the next is sent, and a client that leaves is heard of', async () => {
      const asked = new Seen<Told>()
      await using server = await WireServer.start(upstream, (request, response) =>
        asked.push(new Told(request, response)),
      )
      await using running = await startBetween(upstream, server.port)
      await using peer = wireClient(client, portFor(client, running))
      const call = peer.ask({ path: '/events', headers: { accept: 'text/event-stream' } })
      const { response, gone } = await asked.first()
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      response.write(eventOf(0))
      const { status, headers } = await call.head
      assert.deepEqual([status, headers['content-type']], [200, 'text/event-stream'])
      assert.equal(headers['content-length'], undefined)
      let text = ''
      const seen = new Seen<string>()
      call.response().on('data', (data: Buffer) => {
        text += data.toString()
        seen.push(text)
      })
      call.response().on('error', () => {})
      for (let n = 0; n < EVENTS; n++) {
        await seen.first(now => now.endsWith(eventOf(n)))
        if (n + 1 < EVENTS) response.write(eventOf(n + 1))
      }
      assert.equal(text, Array.from({ length: EVENTS }, (_, n) => eventOf(n)).join(''))
      call.abort()
      await gone
      const line = await running.line(({ 'url.path': path }) => path === '/events')
      assert.equal(line['portcullis.failure'], 'client_gone')
      assert.equal(line['http.response.body.size'], text.length)
    })

    test('each piece of an upload is answered before the next is sent', async () => {
      await using server = await WireServer.start(upstream, (request, response) => {
        response.writeHead(200)
        request.pipe(response)
      })
      await using running = await startBetween(upstream, server.port)
      await using peer = wireClient(client, portFor(client, running))
      const call = peer.ask({ method: 'POST', path: '/upload' })
      call.request.write('piece 0;')
      await call.head
      let text = ''
      const seen = new Seen<string>()
      call.response().on('data', (data: Buffer) => {
        text += data.toString()
        seen.push(text)
      })
      for (let n = 0; n < EVENTS; n++) {
        await seen.first(now => now.endsWith(`piece ${n};`))
        if (n + 1 < EVENTS) call.request.write(`piece ${n + 1};`)
      }
      call.request.end()
      await once(call.response(), 'end')
      const line = await running.line(({ 'url.path': path }) => path === '/upload')
      assert.equal(line['portcullis.failure'], undefined)
      assert.equal(line['http.request.body.size'], text.length)
    })
  })
