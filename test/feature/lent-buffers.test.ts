import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { plain } from '../support/policies.ts'
import { RawClient, RawServer } from '../support/raw.ts'
import { aroundLimit, settled } from '../support/settled.ts'

// Long responses are written to clients from the memory that they were read into. Here slow clients keep such memory
// waiting while other responses are read: nobody may ever get a byte of somebody else's.

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`

/** Answers `/<letter>/<bytes>` with so many of that letter. */
async function letters(onRequest: (letter: string) => void = () => {}): Promise<RawServer> {
  return RawServer.start(socket => {
    socket.on('data', (data: Buffer) => {
      for (const [, letter = '', bytes = ''] of data.toString('latin1').matchAll(/GET \/(.)\/(\d+) /g)) {
        onRequest(letter)
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`)
        socket.write(Buffer.alloc(Number(bytes), letter))
      }
    })
  })
}

/** How many bytes of the body there are, and the first place where one is not this letter. */
function foreign(text: string, letter: string): { bytes: number; at: number } {
  const body = text.slice(text.indexOf('\r\n\r\n') + 4)
  return { bytes: body.length, at: body.search(new RegExp(`[^${letter}]`)) }
}

suite('memory lent to a slow client', () => {
  test('who waited for the connection gets it before the slow client has all: the slow one gets its own bytes', async () => {
    const bulk = 256 * 1024
    let second = 0
    await using upstream = await letters(letter => {
      if (letter === 'b') second++
    })
    const limit = { upstream: { connections: { max: 1, maxPending: 10 } } }
    await using gateway = await startGateway(plain(upstream.port, limit))

    /** Whether the whole response to a client that reads nothing left the upstream's connection, so that the next got it. */
    const fits = async (size: number): Promise<boolean> => {
      await using slow = await RawClient.to(gateway.port())
      slow.socket.pause()
      slow.write(get(`/a/${size}`))
      await using waiting = await RawClient.to(gateway.port())
      const before = second
      waiting.write(get(`/b/${bulk}`))
      await settled(() => upstreamProgress(upstream) + waiting.text.length)
      const granted = second > before
      slow.socket.resume()
      await slow.until(text => text.length > size && foreign(text, 'a').bytes === size)
      await waiting.until(text => text.length > bulk && foreign(text, 'b').bytes === bulk)
      assert.equal(foreign(slow.text, 'a').at, -1, `bytes of another response after a response of ${size}`)
      assert.equal(foreign(waiting.text, 'b').at, -1)
      return granted
    }
    await aroundLimit(fits)
  })

  for (const max of [0, 3])
    test(`many slow clients, ${max === 0 ? 'no limit' : `${max} connections`}: every response has its checksum`, async () => {
      await using upstream = await letters()
      const more = max === 0 ? {} : { upstream: { connections: { max, maxPending: 1000 } } }
      await using gateway = await startGateway(plain(upstream.port, more))
      const clients = Array.from({ length: 12 }, (_, i) => slowClient(gateway, 'abcdefghijkl'[i]!))
      await Promise.all(clients)
    })
})

function upstreamProgress({ sockets }: RawServer): number {
  let written = 0
  for (const socket of sockets) written += socket.bytesWritten - socket.writableLength
  return written
}

/** Asks for several long responses one after another, stops reading again and again, and checks all it gets. */
async function slowClient(gateway: TestGateway, letter: string): Promise<void> {
  await using client = await RawClient.to(gateway.port())
  client.socket.removeAllListeners('data')
  for (const bytes of [3_000_001, 70_000, 5_000_003, 131_072]) {
    client.write(get(`/${letter}/${bytes}`))
    const digest = await readSlowly(client.socket, bytes)
    const expected = createHash('sha256').update(Buffer.alloc(bytes, letter)).digest('hex')
    assert.equal(digest, expected, `${bytes} times ${letter}`)
  }
}

/** The digest of a body of so many bytes; after every piece the client does something else for some turns. */
function readSlowly(socket: Socket, bytes: number): Promise<string> {
  const hash = createHash('sha256')
  let head = ''
  let left = bytes
  const { promise, resolve } = Promise.withResolvers<string>()
  const take = (data: Buffer): void => {
    const from = head.endsWith('\r\n\r\n') ? 0 : endOfHead(head, data)
    head = from === 0 ? head : from < 0 ? head + data.toString('latin1') : '\r\n\r\n'
    if (from < 0) return
    hash.update(data.subarray(from))
    left -= data.length - from
    socket.pause()
    if (left > 0) return void turns(5).then(() => socket.resume())
    socket.off('data', take)
    resolve(hash.digest('hex'))
  }
  socket.on('data', take)
  socket.resume()
  return promise
}

/** Where the body begins in the data that follows this beginning of a head, or -1. */
function endOfHead(head: string, data: Buffer): number {
  const at = (head + data.toString('latin1')).indexOf('\r\n\r\n')
  return at < 0 ? -1 : at + 4 - head.length
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await setImmediate()
}
