import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { suite, test } from 'node:test'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { heldBytes } from '../support/held.ts'
import { plain } from '../support/policies.ts'
import { RawClient, RawServer } from '../support/raw.ts'
import { settled } from '../support/settled.ts'

const total = 200 * 1024 * 1024
const piece = Buffer.alloc(64 * 1024, 'b')

/** What may wait in the process beyond what kernels hold: a few pieces being moved for each direction and end. */
const slack = 8 * 1024 * 1024

/** Writes `total` bytes as fast as they are taken; `written` tells how many were handed over. */
class Pump {
  written = 0
  private readonly socket: Socket

  constructor(socket: Socket, head: string) {
    this.socket = socket
    socket.write(head, 'latin1')
    this.more()
  }

  private more(): void {
    if (this.written >= total || this.socket.destroyed) return
    this.written += piece.length
    this.socket.write(piece, () => this.more())
  }
}

/** Counts and digests without keeping. */
class Drain {
  received = 0
  private readonly hash = createHash('sha256')

  /** Takes over from whoever read the socket before. */
  constructor(socket: Socket) {
    socket.removeAllListeners('data')
    socket.on('data', (data: Buffer) => {
      this.received += data.length
      this.hash.update(data)
    })
  }

  digest(): string {
    return this.hash.digest('hex')
  }
}

/** Lets all come, and looks at times at what is held meanwhile. */
async function flow(drain: Drain, before: number, onTurn?: () => void): Promise<void> {
  let look = 0
  while (drain.received < total) {
    await settled(() => drain.received, 1)
    onTurn?.()
    if (drain.received < look) continue
    look = drain.received + total / 10
    const more = (await heldBytes(3)) - before
    assert.ok(more < slack, `${more} bytes more while it flows`)
  }
}

/** Resolves when everything that was under way has arrived. */
async function arrival(gateway: TestGateway, drain: Drain): Promise<void> {
  await gateway.line(() => true)
  await settled(() => drain.received)
}

suite('a slow reader stops a fast writer', () => {
  for (const [name, head, framed] of [
    ['Content-Length', `HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`, false],
    ['until the connection closes', 'HTTP/1.1 200 OK\r\n\r\n', true],
  ] as const)
    test(`a client and its upstream, ${name}: the upstream is paused, memory stays, nothing is lost`, async () => {
      let pump: Pump | null = null
      await using server = await RawServer.start(socket => {
        socket.once('data', () => {
          pump = new Pump(socket, head)
        })
      })
      await using gateway = await startGateway(plain(server.port))
      await using client = await RawClient.to(gateway.port())
      const drain = new Drain(client.socket)
      client.socket.pause()
      const before = await heldBytes()
      client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      const stopped = await settled(() => pump?.written ?? -1, 500)
      assert.ok(stopped > 0 && stopped < 32 * 1024 * 1024, `the upstream could write ${stopped} bytes`)
      const more = (await heldBytes()) - before
      assert.ok(more < slack, `${more} bytes more`)
      client.socket.resume()
      await flow(drain, before, () => {
        if (framed && pump!.written >= total)
          for (const socket of server.sockets) if (!socket.writableEnded) socket.end()
      })
      await arrival(gateway, drain)
      const line = gateway.lines[0]!
      assert.equal(line['http.response.body.size'], total)
      assert.equal(line['portcullis.failure'], undefined)
    })

  test('an upstream and its client: the client is paused, memory stays, nothing is lost', async () => {
    let drain: Drain | null = null
    await using server = await RawServer.start(socket => {
      drain = new Drain(socket)
      socket.pause()
    })
    await using gateway = await startGateway(plain(server.port))
    await using client = await RawClient.to(gateway.port())
    const before = await heldBytes()
    const pump = new Pump(client.socket, `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${total}\r\n\r\n`)
    const stopped = await settled(() => pump.written, 500)
    assert.ok(stopped < 32 * 1024 * 1024, `the client could write ${stopped} bytes`)
    const more = (await heldBytes()) - before
    assert.ok(more < slack, `${more} bytes more`)
    const [upstream] = server.sockets
    upstream!.resume()
    await flow(drain!, before)
    upstream!.write('HTTP/1.1 204 No Content\r\n\r\n')
    await arrival(gateway, drain!)
    assert.equal(gateway.lines[0]!['http.request.body.size'], total)
  })
})

suite('what goes slowly goes whole', () => {
  test('bytes that stop and go arrive in their order', async () => {
    const body = Buffer.alloc(8 * 1024 * 1024)
    for (let i = 0; i < body.length; i += 4) body.writeUInt32LE(i, i)
    await using server = await RawServer.start(socket => {
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`)
        socket.write(body)
      })
    })
    await using gateway = await startGateway(plain(server.port))
    await using client = await RawClient.to(gateway.port())
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.until(/\r\n\r\n/)
    const headLength = client.text.indexOf('\r\n\r\n') + 4
    // A little is read, then nothing for some turns, over and over.
    while (client.text.length < headLength + body.length) {
      client.socket.pause()
      await settled(() => 0, 5)
      client.socket.resume()
      await settled(() => client.text.length, 1)
    }
    const received = Buffer.from(client.text.slice(headLength), 'latin1')
    assert.ok(received.equals(body))
  })

  test('clients that do not read hold little, however many they are', async () => {
    await using server = await RawServer.start(socket => {
      socket.on('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`)
        for (let sent = 0; sent < total; sent += piece.length) socket.write(piece)
      })
    })
    await using gateway = await startGateway(plain(server.port))
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.to(gateway.port())))
    for (const client of clients) client.socket.pause()
    const before = await heldBytes()
    for (const client of clients) client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await settled(() => server.sockets.size, 500)
    assert.equal(server.sockets.size, 20)
    const more = (await heldBytes()) - before
    assert.ok(more < slack, `${more} bytes more`)
    await Promise.all(clients.map(client => client[Symbol.asyncDispose]()))
  })
})
