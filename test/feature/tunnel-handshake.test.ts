import assert from 'node:assert/strict'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { block, data, END_HEADERS, END_STREAM, headers } from '../support/http2/wire.ts'
import { FrameClient } from '../support/frame-client.ts'
import { freePort } from '../support/process.ts'
import { ok, RawUpstream, type Conversation } from '../support/raw-upstream.ts'
import { readTunnel } from '../support/tunnel-reader.ts'
import { acceptOf, switching, TunnelClient, tunnelServer } from '../support/tunnels.ts'
import { wireClient } from '../support/wire-client.ts'
import { combinations, portFor, speaksHttp2, startBetween, wires } from '../support/wires.ts'

const target = [':scheme', 'http', ':path', '/chat', ':authority', 'a.example'] as const
const asking = block(':method', 'CONNECT', ':protocol', 'websocket', ...target, 'sec-websocket-version', '13')

const smuggled = 'GET /admin HTTP/1.1\r\nHost: a.example\r\n\r\n'

const keyIn = (text: string): string => /sec-websocket-key: (.*)\r\n/i.exec(text)?.[1] ?? ''
const accepting = ({ text }: Conversation): string =>
  `HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${acceptOf(keyIn(text))}\r\n\r\n`
const behindHead = ({ text }: Conversation): string => text.slice(text.indexOf('\r\n\r\n') + 4)

suite('extended CONNECT to an upstream of HTTP/1', () => {
  for (const [name, answer] of [
    ['404', 'HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno'],
    ['200', ok('no tunnel')],
  ] as const)
    test(`what a client says before the answer is not sent to an upstream that answers ${name}`, async () => {
      await using upstream = await RawUpstream.start(() => {})
      await using running = await startBetween('h1', upstream.port)
      await using client = await FrameClient.to(running)
      client.write(headers(1, asking, END_HEADERS), data(1, smuggled))
      await upstream.until(({ conversations }) => conversations[0]?.requests.length === 1)
      // Another request of the same connection is all the way through: what came before it would have gone too.
      client.write(
        headers(3, block(':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'a.example')),
      )
      await upstream.until(({ conversations }) => conversations[1]?.requests.length === 1)
      upstream.conversations[0]!.write(answer)
      const { heads } = await client.over(1)
      assert.equal(heads[0]?.[1], name === '200' ? '502' : name)
      assert.equal(behindHead(upstream.conversations[0]!), '')
      const line = await running.line(({ 'url.path': path }) => path === '/chat')
      assert.equal(line['http.response.status_code'], name === '200' ? 502 : 404)
      assert.equal(line['portcullis.failure'], name === '200' ? 'http_upgrade_failed' : undefined)
    })

  test('what a client says before the answer, and its end, follow the 101', async () => {
    await using upstream = await RawUpstream.start(() => {})
    await using running = await startBetween('h1', upstream.port)
    await using client = await FrameClient.to(running)
    client.write(headers(1, asking, END_HEADERS), data(1, 'early '), data(1, 'bird', END_STREAM))
    await upstream.until(({ conversations }) => conversations[0]?.requests.length === 1)
    const [conversation] = upstream.conversations
    conversation!.write(accepting(conversation!))
    await upstream.until(() => conversation!.ended)
    assert.equal(behindHead(conversation!), 'early bird')
    conversation!.socket.end('answer')
    const { heads, body } = await client.over(1)
    assert.deepEqual([heads[0]?.[1], body], ['200', 'answer'])
    const line = await running.line(() => true)
    assert.deepEqual(
      [line['portcullis.failure'], line['http.request.body.size'], line['http.response.body.size']],
      [undefined, 10, 6],
    )
  })

  for (const [name, accept] of [
    ['a wrong', 'Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n'],
    ['no', ''],
  ] as const)
    test(`a 101 with ${name} Sec-WebSocket-Accept opens nothing, and the upstream is left`, async () => {
      await using upstream = await RawUpstream.answering(
        () =>
          `HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n${accept}\r\n`,
      )
      await using running = await startBetween('h1', upstream.port)
      await using client = await FrameClient.to(running)
      client.write(headers(1, asking, END_HEADERS))
      const { heads, body } = await client.over(1)
      assert.equal(heads[0]?.[1], '502')
      assert.match(body, /"reason":"http_upgrade_failed"/)
      await upstream.until(({ conversations }) => conversations[0]!.closed || conversations[0]!.ended)
      const line = await running.line(() => true)
      assert.deepEqual(
        [line['http.response.status_code'], line['portcullis.failure']],
        [502, 'http_upgrade_failed'],
      )
    })
})

suite('Upgrade to an upstream of HTTP/2', () => {
  for (const [asked, protocol] of [
    ['websocket', 'websocket'],
    ['WebSocket', 'websocket'],
    ['echo, websocket', 'echo'],
  ] as const)
    test(`Upgrade: ${asked} asks for ${protocol}`, async () => {
      const seen: unknown[] = []
      await using server = await tunnelServer('h2c', request => {
        seen.push(request.headers[':protocol'])
        request.socket.end(switching(request))
      })
      await using running = await startBetween('h2c', server.port)
      await using client = await TunnelClient.to('h1', running)
      const socket = await client.socket()
      socket.write(
        `GET / HTTP/1.1\r\nHost: a.example\r\nConnection: upgrade\r\nUpgrade: ${asked}\r\nSec-WebSocket-Key: x\r\n\r\n`,
      )
      const { head } = await readTunnel(socket)
      assert.match(head, new RegExp(`^HTTP/1.1 101 .*\r\n(.*\r\n)*Upgrade: ${protocol}\r\n`, 'i'))
      assert.deepEqual(seen, [protocol])
    })

  test('an endpoint that is down is passed over, and the key is not forgotten', async () => {
    const keys: unknown[] = []
    await using server = await tunnelServer('h2c', request => {
      keys.push(request.headers[':protocol'])
      request.socket.end(switching(request))
    })
    await using running = await startBetween('h2c', 0, { endpoints: [await freePort(), server.port] })
    await using client = await TunnelClient.to('h1', running)
    for (let i = 0; i < 2; i++) {
      const socket = await client.socket()
      socket.write(
        `GET / HTTP/1.1\r\nHost: a.example\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n`,
      )
      const { head } = await readTunnel(socket)
      assert.match(head, new RegExp(`\r\nsec-websocket-accept: ${escaped(acceptOf('x'))}\r\n`, 'i'))
    }
    assert.equal(keys.length, 2)
  })
})

for (const [client, upstream] of combinations)
  suite(`${client} to ${upstream}`, () => {
    for (const status of [403, 404, 503])
      test(`an upstream that answers ${status} is heard, and the connection goes on`, async () => {
        await using server = await tunnelServer(upstream, ({ socket }) =>
          socket.end(`HTTP/1.1 ${status} No\r\nX-Why: because\r\nConnection: close\r\n\r\nnot you`),
        )
        await using running = await startBetween(upstream, server.port)
        await using peer = await TunnelClient.to(client, running)
        const socket = await peer.socket()
        socket.write(handshake)
        const { head, until } = await readTunnel(socket)
        assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `))
        assert.match(head, /\r\nx-why: because\r\n/i)
        await until(/not you/)
        const line = await running.line(() => true)
        assert.deepEqual([line['http.response.status_code'], line['portcullis.failure']], [status, undefined])
      })
  })

const handshake =
  'GET /chat HTTP/1.1\r\nHost: a.example\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'

for (const client of wires)
  for (const upstream of wires.filter(speaksHttp2))
    test(`${client} to ${upstream}: a server that takes no extended CONNECT is not asked, and its connection stays`, async () => {
      await using server = await tunnelServer(
        upstream,
        ({ headers: asked, socket }) => {
          assert.equal(asked[':protocol'], undefined)
          socket.end('HTTP/1.1 200 OK\r\n\r\nfine')
        },
        { enableConnectProtocol: false },
      )
      await using running = await startBetween(upstream, server.port)
      await using peer = await TunnelClient.to(client, running)
      const socket = await peer.socket()
      socket.write(handshake)
      const { head, until } = await readTunnel(socket)
      assert.match(head, /^HTTP\/1\.1 502 /)
      await until(/http_upgrade_failed/)
      const line = await running.line(() => true)
      assert.equal(line['portcullis.failure'], 'http_upgrade_failed')
      await using plain = wireClient(client, portFor(client, running))
      assert.equal((await plain.send()).body.toString(), 'fine')
      assert.equal(server.connections, 1)
    })

test('a server of HTTP/1 that answers 200 is heard by a client of HTTP/1', async () => {
  await using upstream = await RawUpstream.answering(() => ok('no tunnel'))
  await using running = await startBetween('h1', upstream.port)
  await using peer = await TunnelClient.to('h1', running)
  const socket = await peer.socket()
  socket.write(handshake)
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  assert.match(chunk.toString(), /^HTTP\/1\.1 200 OK\r\n[^]*no tunnel$/)
})

function escaped(text: string): string {
  return text.replaceAll(/[+/=]/g, match => `\\${match}`)
}
