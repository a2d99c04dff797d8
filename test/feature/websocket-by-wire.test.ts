import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { suite, test } from 'node:test'
import { Agent, H2CClient, WebSocket as UndiciSocket } from 'undici'
import { WebSocket, WebSocketServer, type ServerOptions } from 'ws'
import { messageOf, TunnelClient, tunnelServer, type TunnelRequest } from '../support/tunnels.ts'
import { Seen } from '../support/until.ts'
import type { WireServer } from '../support/wire-server.ts'
import {
  clientTls,
  combinations,
  isSecure,
  portFor,
  speaksHttp2,
  startBetween,
  type Wire,
} from '../support/wires.ts'

/** A WebSocket server by others (ws) on a wire. */
class SocketServer implements AsyncDisposable {
  readonly sockets = new Seen<WebSocket>()
  readonly requests: TunnelRequest[] = []
  private readonly server: WireServer

  private constructor(server: WireServer) {
    this.server = server
  }

  static async start(wire: Wire, options: ServerOptions = {}): Promise<SocketServer> {
    const accepting = new WebSocketServer({
      noServer: true,
      handleProtocols: ([first = '']) => first,
      perMessageDeflate: { threshold: 0 },
      maxPayload: 64 * 1024 * 1024,
      ...options,
    })
    const started: { server: SocketServer | null } = { server: null }
    const wired = await tunnelServer(wire, request => {
      started.server?.requests.push(request)
      accepting.handleUpgrade(messageOf(request), request.socket, request.head, socket =>
        started.server?.sockets.push(socket),
      )
    })
    started.server = new SocketServer(wired)
    return started.server
  }

  get port(): number {
    return this.server.port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
  }
}

async function opened(
  client: TunnelClient,
  protocols: string[] = [],
  options: WebSocket.ClientOptions = {},
): Promise<WebSocket> {
  const connection: Duplex = await client.socket()
  const socket = new WebSocket('ws://a.example/chat?room=1', protocols, {
    createConnection: () => connection as Socket,
    ...options,
  })
  await once(socket, 'open')
  return socket
}

async function heard(socket: WebSocket): Promise<{ data: Buffer; isBinary: boolean }> {
  const [data, isBinary] = (await once(socket, 'message')) as [Buffer, boolean]
  return { data, isBinary }
}

async function end(socket: WebSocket): Promise<readonly [number, string]> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
  return [code, reason.toString()]
}

for (const [client, upstream] of combinations)
  suite(`${client} to ${upstream}`, () => {
    test('handshake, messages of every kind, ping and pong', async () => {
      await using server = await SocketServer.start(upstream)
      await using running = await startBetween(upstream, server.port)
      await using peer = await TunnelClient.to(client, running)
      for (const perMessageDeflate of [true, false]) {
        const socket = await opened(peer, ['chat.v2', 'chat.v1'], {
          perMessageDeflate,
          headers: { 'x-one': '1', authorization: 'Bearer t' },
        })
        const far = server.sockets.all.at(-1)!
        assert.equal(socket.protocol, 'chat.v2')
        assert.equal(socket.extensions.includes('permessage-deflate'), perMessageDeflate)
        assert.equal(far.extensions.includes('permessage-deflate'), perMessageDeflate)
        const { url, headers } = server.requests.at(-1)!
        assert.equal(url, '/chat?room=1')
        assert.equal(headers['x-one'], '1')
        assert.equal(headers['authorization'], 'Bearer t')
        assert.equal(headers['sec-websocket-version'], '13')
        assert.equal(headers['x-forwarded-for'], '127.0.0.1')
        far.on('message', (data: Buffer, isBinary) => far.send(data, { binary: isBinary }))
        for (const text of ['', 'hello', 'é€😀', 'x'.repeat(125), 'x'.repeat(126), 'x'.repeat(65_536)]) {
          const answer = heard(socket)
          socket.send(text)
          const { data, isBinary } = await answer
          assert.deepEqual([data.toString(), isBinary], [text, false])
        }
        for (const size of [0, 1, 65_535, 65_536, 1_048_576]) {
          const answer = heard(socket)
          const sent = randomBytes(size)
          socket.send(sent)
          const { data, isBinary } = await answer
          assert.ok(data.equals(sent))
          assert.equal(isBinary, true)
        }
        // Fragments, with a ping between them (RFC 6455 §5.4).
        const whole = heard(socket)
        const pong = once(socket, 'pong')
        socket.send('one ', { fin: false })
        socket.ping('are you there')
        socket.send('two', { fin: true })
        assert.equal(String((await pong)[0]), 'are you there')
        assert.equal((await whole).data.toString(), 'one two')
        const ponged = once(far, 'pong')
        far.ping('and you')
        assert.equal(String((await ponged)[0]), 'and you')
        const closed = end(far)
        socket.close(4001, 'enough')
        assert.deepEqual(await closed, [4001, 'enough'])
      }
      const line = await running.line(({ 'url.path': path }) => path === '/chat')
      assert.equal(line['portcullis.failure'], undefined)
    })

    // The other client's handshake by HTTP/2 is the tests' own; this one is of somebody who knows nothing of them.
    if (speaksHttp2(client))
      test('undici shakes hands by HTTP/2', async () => {
        await using server = await SocketServer.start(upstream, { perMessageDeflate: false })
        await using running = await startBetween(upstream, server.port)
        const address = `127.0.0.1:${portFor(client, running)}`
        const secure = isSecure(client)
        const { ca, servername } = clientTls
        const dispatcher = secure
          ? new Agent({ allowH2: true, connect: { ca, servername } })
          : new H2CClient(`http://${address}`)
        const socket = new UndiciSocket(`${secure ? 'wss' : 'ws'}://${address}/chat`, {
          dispatcher,
          protocols: ['chat.v1'],
        })
        await once(socket, 'open')
        const [far] = server.sockets.all
        const answer = once(socket, 'message')
        far!.once('message', (data: Buffer) => far!.send(`${data.toString()} heard`))
        socket.send('hello')
        const [message] = (await answer) as [{ data: unknown }]
        assert.deepEqual([socket.protocol, message.data], ['chat.v1', 'hello heard'])
        const closed = end(far!)
        socket.close(4001, 'enough')
        assert.deepEqual(await closed, [4001, 'enough'])
        const line = await running.line(() => true)
        assert.deepEqual([line['network.protocol.version'], line['portcullis.failure']], ['2', undefined])
        await dispatcher.destroy()
      })

    test('a server that closes is heard, with its code', async () => {
      await using server = await SocketServer.start(upstream)
      await using running = await startBetween(upstream, server.port)
      await using peer = await TunnelClient.to(client, running)
      const socket = await opened(peer)
      const closed = end(socket)
      server.sockets.all[0]!.close(4002, 'go away')
      assert.deepEqual(await closed, [4002, 'go away'])
      const line = await running.line(() => true)
      assert.equal(line['portcullis.failure'], undefined)
    })

    for (const who of ['client', 'server'] as const)
      test(`a ${who} that is gone without a word takes the other with it`, async () => {
        await using server = await SocketServer.start(upstream)
        await using running = await startBetween(upstream, server.port)
        await using peer = await TunnelClient.to(client, running)
        const socket = await opened(peer)
        const far = server.sockets.all[0]!
        const closed = end(who === 'client' ? far : socket)
        ;(who === 'client' ? socket : far).terminate()
        assert.deepEqual(await closed, [1006, ''])
        await running.line(() => true)
      })

    test('many at once do not meet', async () => {
      await using server = await SocketServer.start(upstream)
      await using running = await startBetween(upstream, server.port)
      await using peer = await TunnelClient.to(client, running)
      const sockets = await Promise.all(Array.from({ length: 20 }, () => opened(peer)))
      for (const far of await server.sockets.count(20))
        far.on('message', (data: Buffer) => far.send(`${data.toString()} heard`))
      const answers = await Promise.all(
        sockets.map(async (socket, i) => {
          const answer = heard(socket)
          socket.send(`client ${i}`)
          return (await answer).data.toString()
        }),
      )
      assert.deepEqual(
        answers,
        sockets.map((_, i) => `client ${i} heard`),
      )
    })
  })
