import assert from 'node:assert/strict'
import { test } from 'node:test'
import { block, headers } from '../support/http2/wire.ts'
import { FrameClient } from '../support/frame-client.ts'
import { RawUpstream } from '../support/raw-upstream.ts'
import { startBetween } from '../support/wires.ts'

type Sent = readonly string[]

const target = [':scheme', 'http', ':path', '/p', ':authority', 'a.example'] as const

/** What the upstream says, and what the client gets, without Date. */
// oxfmt-ignore
const responses = [
  ['a length', 'HTTP/1.1 200 Fine\r\nX-A: 1\r\nContent-Length: 5\r\n\r\nhello', ['x-a', '1', 'content-length', '5'], 'hello', []],
  ['chunks and trailers', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\n\r\n', ['trailer', 'X-Sum'], 'hello', ['x-sum', '1']],
  ['to the connection’s end', 'HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\nhello', ['x-a', '1'], 'hello', []],
  ['fields of the connection', 'HTTP/1.1 200 OK\r\nConnection: X-Hop, close\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\nUpgrade: h2c\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nok', ['x-a', '1', 'content-length', '2'], 'ok', []],
  ['several of one name', 'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n', ['set-cookie', 'a=1', 'set-cookie', 'b=2', 'content-length', '0'], '', []],
  ['upper case and obs-text', 'HTTP/1.1 200 OK\r\nX-UPPER: \xe4\r\nContent-Length: 0\r\n\r\n', ['x-upper', '\xe4', 'content-length', '0'], '', []],
  ['204', 'HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n', ['x-a', '1'], '', []],
] as readonly (readonly [string, string, Sent, string, Sent])[]

for (const [name, sent, fields, body, trailers] of responses)
  test(name, async () => {
    await using upstream = await RawUpstream.start(conversation => {
      conversation.write(sent)
      if (!/Content-Length|chunked|204/.test(sent)) conversation.socket.end()
    })
    await using running = await startBetween('h1', upstream.port)
    await using client = await FrameClient.to(running)
    client.write(headers(1, block(':method', 'GET', ...target)))
    const answer = await client.over(1)
    const [head = [], ...rest] = answer.heads
    assert.deepEqual([head[0], head[1]], [':status', name === '204' ? '204' : '200'])
    assert.deepEqual(undated(head.slice(2)), fields)
    assert.deepEqual([answer.body, rest], [body, trailers.length === 0 ? [] : [trailers]])
    assert.equal(answer.reset, null)
  })

for (const [name, sent] of [
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
  [
    'length and chunks',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n'],
  ['a NUL', 'HTTP/1.1 200 OK\r\nX: \0\r\nContent-Length: 0\r\n\r\n'],
  ['a folded line', 'HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\nContent-Length: 0\r\n\r\n'],
  ['a name with a space', 'HTTP/1.1 200 OK\r\nX : 1\r\nContent-Length: 0\r\n\r\n'],
  ['no status', 'HTTP/1.1 OK\r\n\r\n'],
  ['HTTP/2', 'HTTP/2 200\r\n\r\n'],
] as const)
  test(`${name}: 502`, async () => {
    await using upstream = await RawUpstream.answering(() => sent)
    await using running = await startBetween('h1', upstream.port)
    await using client = await FrameClient.to(running)
    client.write(headers(1, block(':method', 'POST', ...target)))
    const { heads } = await client.over(1)
    assert.equal(heads[0]?.[1], '502')
    await upstream.until(({ conversations }) => conversations[0]!.closed || conversations[0]!.ended)
  })

for (const [name, sent] of [
  ['ends before its length', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello'],
  ['ends without its last chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
  ['has a malformed chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n'],
] as const)
  test(`one that ${name} is reset: nobody may take it for complete`, async () => {
    await using upstream = await RawUpstream.start(conversation => {
      conversation.write(sent)
      conversation.socket.end()
    })
    await using running = await startBetween('h1', upstream.port)
    await using client = await FrameClient.to(running)
    client.write(headers(1, block(':method', 'GET', ...target)))
    const { ended, reset, heads } = await client.over(1)
    assert.ok(heads[0]?.[1] === '502' || (!ended && reset !== null && reset !== 0))
  })

function undated(fields: Sent): string[] {
  const at = fields.indexOf('date')
  return at === -1 ? [...fields] : fields.toSpliced(at, 2)
}
