import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough, type Duplex } from 'node:stream'
import { suite, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { systemClock } from '../../upstream/clock.ts'
import { FrameSocket, type FrameSocketOptions } from './frame-socket.ts'
import { framesOfWs } from './frames.ts'
import type { Tunnel } from './tunnel.ts'

const tunnelOf = (socket: Duplex): Tunnel => ({
  incoming: socket,
  write: async bytes => {
    if (!socket.write(bytes)) await once(socket, 'drain')
  },
  end: () => socket.end(),
  abort: () => socket.destroy(),
})

const socketOf = async (socket: Duplex, side: 'client' | 'server', more: Partial<FrameSocketOptions> = {}) =>
  new FrameSocket({
    tunnel: tunnelOf(socket),
    side,
    frames: await framesOfWs(),
    clock: systemClock,
    limits: {},
    slow: {},
    ...more,
  })

/** Serves WebSockets by `serve`, and gives a client of `ws` to them. */
async function withServer(
  serve: (socket: FrameSocket) => unknown,
  use: (client: WebSocket) => Promise<void>,
) {
  const server = createServer().on('upgrade', ({ headers }, socket: Duplex) => {
    const accept = createHash('sha1').update(
      `${headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`,
    )
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept.digest('base64')}\r\n\r\n`,
    )
    void socketOf(socket, 'server').then(serve)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  try {
    await once(client, 'open')
    await use(client)
  } finally {
    client.terminate()
    server.close()
  }
}

const echo = async (socket: FrameSocket) => {
  for (let one = await socket.receive(); one !== null; one = await socket.receive())
    await socket.send(one, null)
}

suite('a WebSocket with one of another implementation', () => {
  test('at the client: messages of all lengths, in fragments, pings, and the end', async () => {
    await withServer(echo, async client => {
      for (const length of [0, 1, 125, 126, 65_535, 65_536, 300_000]) {
        client.send('é'.repeat(length / 2))
        const [data, isBinary] = (await once(client, 'message')) as [Buffer, boolean]
        assert.deepEqual([data.toString(), isBinary], ['é'.repeat(length / 2), false])
        client.send(Buffer.alloc(length, 7))
        const [bytes] = (await once(client, 'message')) as [Buffer]
        assert.deepEqual(bytes, Buffer.alloc(length, 7))
      }
      client.send('a', { fin: false })
      client.ping('here')
      client.send('b', { fin: true })
      const [[pong], [whole]] = (await Promise.all([once(client, 'pong'), once(client, 'message')])) as [
        [Buffer],
        [Buffer],
      ]
      assert.deepEqual([pong.toString(), whole.toString()], ['here', 'ab'])
      client.close(4000, 'done')
      assert.deepEqual((await once(client, 'close'))[0], 4000)
    })
  })

  test('at the client: closes that it begins', async () => {
    await withServer(
      socket => socket.close(1013, 'é'.repeat(100)),
      async client => {
        const [code, reason] = (await once(client, 'close')) as [number, Buffer]
        // No more than fits, and no half of a character.
        assert.deepEqual([code, reason.toString()], [1013, 'é'.repeat(61)])
      },
    )
  })

  test('at the server: messages both ways, masked, and the end', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(server, 'listening')
    server.on('connection', peer => {
      peer.on('message', (data, isBinary) => peer.send(data as Buffer, { binary: isBinary }))
    })
    const asked = request({
      port: (server.address() as AddressInfo).port,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': Buffer.alloc(16).toString('base64'),
      },
    }).end()
    const [, socket] = (await once(asked, 'upgrade')) as [unknown, Duplex]
    const client = await socketOf(socket, 'client')
    try {
      for (const message of ['', 'one', 'é'.repeat(40_000), Buffer.alloc(70_000, 9)]) {
        await client.send(message, null)
        const back = await client.receive()
        assert.deepEqual(typeof message === 'string' ? back : Buffer.from(back as Uint8Array), message)
      }
      client.close(1000, 'bye')
      assert.deepEqual(await client.closed, { code: 1000, reason: 'bye' })
    } finally {
      server.close()
    }
  })
})

suite('what has come and nobody has taken', () => {
  const frame = (opcode: number, bytes: number): Buffer =>
    Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | bytes, 0, 0, 0, 0]), Buffer.alloc(bytes)])

  /** A socket, what its holder counts, and the other side. */
  async function held(what: readonly Buffer[], isEnded = false) {
    const incoming = new PassThrough()
    const state = { bytes: 0, isOpen: true }
    const leave = () => void (state.isOpen = false)
    const tunnel = { incoming, write: () => Promise.resolve(), end: leave, abort: leave }
    const holding = { add: (bytes: number) => void (state.bytes += bytes) }
    const socket = await socketOf(incoming, 'server', { tunnel, holding })
    for (const part of what) incoming.write(part)
    if (isEnded) incoming.end()
    return { socket, state, incoming }
  }

  for (const [how, what, isEnded] of [
    ['closed', [frame(2, 100), frame(2, 50), frame(8, 0)], false],
    ['ended', [frame(2, 100), frame(2, 50)], true],
  ] as const) {
    test(`counts as its client's until it is taken, once the other side has ${how}`, async () => {
      const { socket, state } = await held(what, isEnded)
      await socket.closed
      assert.deepEqual(state, { bytes: 150 + 2 * 64, isOpen: true })
      assert.equal((await socket.receive())?.length, 100)
      assert.deepEqual(state, { bytes: 50 + 64, isOpen: true })
      assert.equal((await socket.receive())?.length, 50)
      assert.deepEqual(state, { bytes: 0, isOpen: false })
      assert.equal(await socket.receive(), null)
    })

    test(`is let go where it is given up, once the other side has ${how}`, async () => {
      const { socket, state } = await held(what, isEnded)
      await socket.closed
      socket.abort()
      assert.deepEqual(state, { bytes: 0, isOpen: false })
      assert.equal(await socket.receive(), null)
    })
  }

  test('is no more when this side has closed, however long the other goes on', async () => {
    const { socket, state, incoming } = await held([frame(2, 100)])
    assert.equal((await socket.receive())?.length, 100)
    socket.close(1000)
    for (let n = 0; n < 1000; n++) incoming.write(frame(2, 100))
    incoming.write(frame(8, 0))
    await socket.closed
    // Of the frame that closes nobody takes anything away.
    assert.ok(state.bytes < 10, String(state.bytes))
    assert.equal(await socket.receive(), null)
  })
})
