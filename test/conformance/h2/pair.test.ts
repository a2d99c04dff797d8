import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Fields } from '../../../src/http/fields.ts'
import { CHUNKED, NO_BODY } from '../../../src/http/head.ts'
import { localHead } from '../../../src/http/local.ts'
import { ClientBench, request } from './client-bench.ts'
import { ServerBench } from './harness.ts'

/** Carries what the two say to each other, in pieces of `cut` bytes, until both are silent. */
function talk(client: ClientBench, server: ServerBench, cut: number): void {
  for (;;) {
    client.turn()
    server.turn()
    const toServer = client.transport.take()
    const toClient = server.transport.take()
    if (toServer.length + toClient.length === 0) return
    for (let at = 0; at < toServer.length; at += cut) server.session.receive(toServer.subarray(at, at + cut))
    for (let at = 0; at < toClient.length; at += cut) client.session.receive(toClient.subarray(at, at + cut))
  }
}

/** The bench's `turn` reads what was said; here it must stay for the other side. */
class Server extends ServerBench {
  override turn(): string[] {
    this.runDeferred()
    return []
  }
}

const body = fc.array(fc.integer({ min: 1, max: 90_000 }), { maxLength: 4 })
const message = fc.record({
  request: body,
  response: body,
  trailers: fc.boolean(),
  fields: fc.array(fc.constantFrom('x-a', 'Accept', 'cookie', 'X-Long'), { maxLength: 4 }),
})

test('property: what one side says the other hears, whatever the sizes, windows and cuts', () => {
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 30, max: 40_000 }),
      fc.constantFrom(100, 5_000, 65_535, 200_000),
      (messages, cut, windowBytes) => {
        const limits = {
          windowBytes,
          settings: { burst: 1000, perSecond: 1 },
          windowUpdates: { burst: 100_000, perSecond: 1 },
        }
        const server = new Server({ raw: true, limits })
        const client = new ClientBench({ windowBytes, windowUpdates: limits.windowUpdates }, null)
        const sent = messages.map(({ request: pieces, fields, trailers }) => {
          const list = fields.flatMap(name => [name, name === 'X-Long' ? 'l'.repeat(5000) : 'v'])
          const head = request('POST', {
            fields: new Fields(list),
            length: pieces.length === 0 && !trailers ? NO_BODY : CHUNKED,
          })
          const { stream, answer } = client.send(head)
          for (const bytes of pieces) stream.write(Buffer.alloc(bytes, 'q'), 0, bytes)
          if (head.length !== NO_BODY) stream.end(trailers ? new Fields(['x-request', 'done']) : null)
          stream.flush()
          return answer
        })
        talk(client, server, cut)
        assert.equal(server.requests.length, messages.length)
        for (const [i, { request: asked, response, trailers }] of messages.entries()) {
          const seen = server.requests[i]!
          assert.equal(
            seen.body.length,
            asked.reduce((sum, bytes) => sum + bytes, 0),
          )
          assert.ok(/^q*$/.test(seen.body))
          assert.deepEqual(seen.trailers?.list, trailers ? ['x-request', 'done'] : undefined)
          seen.stream.head({
            ...localHead(200, [], 0),
            length: response.length === 0 && !trailers ? NO_BODY : CHUNKED,
            hasLength: false,
          })
          for (const bytes of response) seen.stream.data(Buffer.alloc(bytes, 'r'), 0, bytes)
          seen.stream.end(trailers && response.length > 0 ? new Fields(['x-response', 'done']) : null)
          seen.stream.flush()
        }
        talk(client, server, cut)
        for (const [i, answer] of sent.entries()) {
          const { response, trailers } = messages[i]!
          assert.equal(answer.failure, '')
          assert.equal(
            answer.body.length,
            response.reduce((sum, bytes) => sum + bytes, 0),
          )
          assert.ok(/^r*$/.test(answer.body))
          assert.deepEqual(
            answer.trailers?.list,
            trailers && response.length > 0 ? ['x-response', 'done'] : undefined,
          )
          assert.equal(answer.ended, true)
        }
        assert.equal(client.session.streamCount + server.session.streamCount, 0)
        for (const { shared } of [client.session, server.session])
          assert.deepEqual([shared.open, shared.waitingBytes], [0, 0])
        assert.deepEqual([client.closed, server.closed], [null, null])
      },
    ),
    { numRuns: 150 },
  )
})

test('both ends shut down in good order', () => {
  const server = new Server({ raw: true })
  const client = new ClientBench({}, null)
  const { answer } = client.send()
  talk(client, server, 1000)
  server.session.shutdown()
  talk(client, server, 1000)
  assert.equal(client.draining, 1)
  server.last.stream.head(localHead(204, [], 0))
  server.last.stream.end(null)
  talk(client, server, 1000)
  assert.equal(answer.head?.status, 204)
  assert.deepEqual([client.transport.ended, server.transport.ended], [true, true])
})
