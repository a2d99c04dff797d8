import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { startGateway } from '../support/gateway.ts'
import { messages, status, value } from '../support/messages.ts'
import { plain } from '../support/policies.ts'
import { ok, RawUpstream, type Conversation } from '../support/raw-upstream.ts'
import { RawClient, RawServer } from '../support/raw.ts'
import { aroundLimit, settled } from '../support/settled.ts'

class SocketServer implements AsyncDisposable {
  readonly http = createServer()
  readonly sockets = new WebSocketServer({ server: this.http, handleProtocols: ([first = '']) => first })

  static async start(): Promise<SocketServer> {
    const server = new SocketServer()
    server.http.listen(0, '127.0.0.1')
    await once(server.http, 'listening')
    return server
  }

  get port(): number {
    return (this.http.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets.clients) socket.terminate()
    this.http.closeAllConnections()
    this.http.close()
    await once(this.http, 'close')
  }
}

/** Sends back what comes, and says at its end how it ended. */
function echoing(server: SocketServer): void {
  server.sockets.on('connection', socket => {
    socket.on('message', (data: Buffer, isBinary) => socket.send(data, { binary: isBinary }))
  })
}

async function opened(port: number, protocols: string[] = []): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/chat?room=1`, protocols)
  await once(socket, 'open')
  return socket
}

async function answerTo(
  socket: WebSocket,
  data: string | Buffer,
): Promise<{ data: Buffer; isBinary: boolean }> {
  const answer = new Promise<{ data: Buffer; isBinary: boolean }>(resolve => {
    socket.once('message', (received: Buffer, isBinary) => resolve({ data: received, isBinary }))
  })
  socket.send(data)
  return answer
}

suite('WebSocket', () => {
  test('text and binary, small and large, pass both ways as they are', async () => {
    await using server = await SocketServer.start()
    await using gateway = await startGateway(plain(server.port))
    echoing(server)
    const client = await opened(gateway.port())
    for (const data of ['', 'hello', 'é€😀', 'x'.repeat(125), 'x'.repeat(126), 'x'.repeat(70_000)]) {
      const answer = await answerTo(client, data)
      assert.deepEqual([answer.data.toString(), answer.isBinary], [data, false])
    }
    for (const size of [0, 1, 65_536, 5_000_000]) {
      const data = randomBytes(size)
      const answer = await answerTo(client, data)
      assert.ok(answer.data.equals(data))
      assert.equal(answer.isBinary, true)
    }
    client.close()
    await once(client, 'close')
  })

  test('ping, pong, the chosen protocol and the closing code pass', async () => {
    await using server = await SocketServer.start()
    await using gateway = await startGateway(plain(server.port))
    const closed = new Promise<[number, string]>(resolve => {
      server.sockets.on('connection', (socket, request) => {
        assert.equal(request.url, '/chat?room=1')
        assert.equal(request.headers['x-forwarded-for'], '127.0.0.1')
        socket.on('close', (code, reason) => resolve([code, reason.toString()]))
      })
    })
    const client = await opened(gateway.port(), ['chat.v2', 'chat.v1'])
    assert.equal(client.protocol, 'chat.v2')
    client.ping('are you there')
    const [pong] = (await once(client, 'pong')) as [Buffer]
    assert.equal(pong.toString(), 'are you there')
    client.close(4001, 'enough')
    assert.deepEqual(await closed, [4001, 'enough'])
    const line = await gateway.line(({ 'url.path': path }) => path === '/chat')
    assert.equal(line['http.response.status_code'], 101)
    assert.equal(line['portcullis.failure'], undefined)
  })

  test('a server that closes is heard', async () => {
    await using server = await SocketServer.start()
    await using gateway = await startGateway(plain(server.port))
    server.sockets.on('connection', socket => socket.on('message', () => socket.close(4002, 'go away')))
    const client = await opened(gateway.port())
    client.send('x')
    const [code, reason] = (await once(client, 'close')) as [number, Buffer]
    assert.deepEqual([code, reason.toString()], [4002, 'go away'])
  })

  test('a client that is gone without a word takes its upstream with it', async () => {
    await using server = await SocketServer.start()
    await using gateway = await startGateway(plain(server.port))
    const closed = new Promise<number>(resolve => {
      server.sockets.on('connection', socket => socket.on('close', resolve))
    })
    const client = await opened(gateway.port())
    client.terminate()
    assert.equal(await closed, 1006)
  })

  test('a server that is gone without a word takes its client with it', async () => {
    await using server = await SocketServer.start()
    await using gateway = await startGateway(plain(server.port))
    server.sockets.on('connection', socket => socket.terminate())
    const client = await opened(gateway.port())
    const [code] = (await once(client, 'close')) as [number]
    assert.equal(code, 1006)
  })

  test('many at once do not meet', async () => {
    await using server = await SocketServer.start()
    await using gateway = await startGateway(plain(server.port))
    echoing(server)
    const clients = await Promise.all(Array.from({ length: 50 }, () => opened(gateway.port())))
    const answers = await Promise.all(clients.map((client, i) => answerTo(client, `client ${i}`)))
    assert.deepEqual(
      answers.map(({ data }) => data.toString()),
      clients.map((_, i) => `client ${i}`),
    )
    for (const client of clients) client.terminate()
  })

  test('a refused upgrade is an answer like any other', async () => {
    await using upstream = await RawUpstream.answering(
      () => 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno',
    )
    await using gateway = await startGateway(plain(upstream.port))
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port()}/`)
    const [error] = (await once(socket, 'error')) as [Error]
    assert.match(error.message, /401/)
  })
})

const asking = (more = '', protocol = 'echo/1') =>
  `GET /up HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: ${protocol}\r\n${more}\r\n`
const switching = (protocol = 'echo/1') =>
  `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`
const tunnelled = (text: string) => text.slice(text.indexOf('\r\n\r\n') + 4)

/** An upstream that switches when it has the request. */
const switcher = (early = '') => {
  const switched = new Set<Conversation>()
  return RawUpstream.start(conversation => {
    if (switched.has(conversation) || !conversation.text.includes('\r\n\r\n')) return
    switched.add(conversation)
    conversation.write(switching() + early)
  })
}

suite('other protocols', () => {
  test('the switch is asked for hop by hop, and bytes of both sides that come with the heads are not lost', async () => {
    await using upstream = await switcher('early from the server ')
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write(asking('X-A: 1\r\n') + 'early from the client')
    await client.until(/early from the server $/)
    await upstream.until(({ conversations }) => conversations[0]!.text.endsWith('early from the client'))
    const [request] = upstream.requests
    assert.equal(value(request!, 'connection').toLowerCase(), 'upgrade')
    assert.equal(value(request!, 'upgrade'), 'echo/1')
    assert.equal(value(request!, 'x-a'), '1')
    const head = client.text.slice(0, client.text.indexOf('\r\n\r\n'))
    assert.match(head, /^HTTP\/1\.1 101 Switching Protocols\r\n/)
    assert.match(head, /^Upgrade: echo\/1$/im)
    assert.doesNotMatch(head, /content-length|transfer-encoding/i)
  })

  test('what goes through is not read: it may look like HTTP', async () => {
    await using upstream = await switcher()
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write(asking())
    await client.until(/\r\n\r\n$/)
    client.write('GET /evil HTTP/1.1\r\nHost: b\r\n\r\n')
    await upstream.until(({ conversations }) => tunnelled(conversations[0]!.text).endsWith('Host: b\r\n\r\n'))
    upstream.conversations[0]!.write('HTTP/1.1 200 OK\r\n\r\n\0\xff')
    await client.until(/\0\xff$/)
    assert.equal(tunnelled(upstream.conversations[0]!.text), 'GET /evil HTTP/1.1\r\nHost: b\r\n\r\n')
    assert.equal(gateway.lines.length, 0)
  })

  test('of several protocols the upstream chooses one', async () => {
    await using upstream = await RawUpstream.answering(() => switching('beta'))
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write(asking('', 'alpha, beta'))
    const text = await client.until(/\r\n\r\n$/)
    assert.match(text, /^HTTP\/1\.1 101 /)
    assert.match(text, /^Upgrade: beta$/im)
  })

  for (const [name, answer] of [
    ['another protocol', switching('other')],
    ['no protocol', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n'],
    ['no Connection', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo/1\r\n\r\n'],
  ] as const)
    test(`a 101 to ${name} is 502, and no tunnel`, async () => {
      await using upstream = await RawUpstream.answering(() => answer)
      await using gateway = await startGateway(plain(upstream.port))
      await using client = await RawClient.to(gateway.port())
      client.write(asking())
      const text = await client.until(/HTTP\/1\.1 502 [^]*\}\n$/)
      assert.doesNotMatch(text, /^HTTP\/1\.1 101/m)
      await upstream.until(({ conversations }) => conversations[0]!.ended)
      // The client's connection still speaks HTTP.
      client.write(asking())
      await client.until(received => messages(received).length === 2)
    })

  test('an upstream that does not switch answers, and the connection goes on', async () => {
    await using upstream = await RawUpstream.answering(({ start }) => ok(start.split(' ')[1]!))
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write(asking() + 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n')
    const text = await client.until(received => messages(received).length === 2)
    assert.deepEqual(
      messages(text).map(({ body }) => body),
      ['/up', '/next'],
    )
    assert.equal(upstream.conversations.length, 1)
  })

  for (const [name, request] of [
    ['h2c', asking('', 'h2c')],
    ['h2c with its settings', asking('HTTP2-Settings: AAMAAABkAAQAAP__\r\n', 'h2c')],
    ['h2c among others', asking('', 'echo/1, h2c')],
    ['TLS', asking('', 'TLS/1.0')],
    ['without Connection: upgrade', asking().replace('keep-alive, Upgrade', 'keep-alive')],
    ['in HTTP/1.0', asking().replace('HTTP/1.1', 'HTTP/1.0')],
    ['with a body', asking('Content-Length: 1\r\n').replace('GET', 'POST') + 'x'],
  ] as const)
    test(`${name} is served as if it had not asked`, async () => {
      await using upstream = await RawUpstream.answering(() => ok('plain'))
      await using gateway = await startGateway(plain(upstream.port))
      await using client = await RawClient.to(gateway.port())
      client.write(request)
      const text = await client.until(/plain$/)
      assert.deepEqual(messages(text).map(status), [200])
      const [seen] = upstream.requests
      assert.deepEqual([value(seen!, 'upgrade'), value(seen!, 'connection')], ['', ''])
      assert.doesNotMatch(upstream.conversations[0]!.text, /h2c/)
    })

  test('each direction ends by itself: the client first', async () => {
    await using upstream = await switcher()
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write(asking())
    await client.until(/\r\n\r\n$/)
    client.socket.end('the last of the client')
    await upstream.until(({ conversations }) => conversations[0]!.ended)
    assert.equal(tunnelled(upstream.conversations[0]!.text), 'the last of the client')
    const size = 3_000_000
    upstream.conversations[0]!.socket.end('y'.repeat(size))
    await client.closed()
    assert.equal(tunnelled(client.text).length, size)
    const line = await gateway.line(() => true)
    assert.equal(line['portcullis.failure'], undefined)
    assert.equal(line['http.response.body.size'], size)
  })

  test('each direction ends by itself: the upstream first, and what the client said last still reaches it', async () => {
    await using upstream = await switcher()
    await using gateway = await startGateway(plain(upstream.port))
    await aroundLimit(async size => {
      await using client = await RawClient.to(gateway.port())
      client.write(asking(`X-Size: ${size}\r\n`))
      await client.until(/\r\n\r\n$/)
      const conversation = upstream.conversations.at(-1)!
      conversation.socket.pause()
      conversation.socket.end('the last of the upstream')
      await client.closed()
      assert.match(client.text, /the last of the upstream$/)
      const lines = gateway.lines.length
      client.socket.end('z'.repeat(size))
      await settled(() => gateway.lines.length)
      const finished = gateway.lines.length > lines
      conversation.socket.resume()
      await upstream.until(() => conversation.ended || conversation.closed)
      assert.equal(tunnelled(conversation.text).length, size)
      return finished
    })
  })

  for (const slow of ['upstream', 'client'] as const)
    test(`a fast sender waits for a slow ${slow}`, async () => {
      await using server = await RawServer.start(socket =>
        socket.once('data', () => socket.write(switching())),
      )
      await using gateway = await startGateway(plain(server.port))
      await using client = await RawClient.to(gateway.port())
      client.write(asking())
      await client.until(/\r\n\r\n$/)
      const [far] = server.sockets
      const [sender, receiver] = slow === 'upstream' ? [client.socket, far!] : [far!, client.socket]
      receiver.removeAllListeners('data')
      receiver.pause()
      let received = 0
      receiver.on('data', (data: Buffer) => (received += data.length))
      receiver.pause()
      const piece = Buffer.alloc(65_536, 'p')
      let sent = 0
      const pump = (): void => {
        sent += piece.length
        if (sent < 100_000_000 && !sender.destroyed) sender.write(piece, pump)
      }
      sender.write(piece, pump)
      const stopped = await settled(() => sent)
      // Two pairs of socket buffers, and little between them.
      assert.ok(stopped < 40_000_000, `${stopped} bytes went into the tunnel`)
      assert.equal(received, 0)
      receiver.resume()
      while (received < sent || sent < 100_000_000) await settled(() => received, 1)
    })
})
