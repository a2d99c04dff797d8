import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { attacker, connectFrom, neighbour } from '../support/from.ts'
import { startGateway } from '../support/gateway.ts'
import { plain } from '../support/policies.ts'
import { WireServer } from '../support/wire-server.ts'

/** 128 MiB of memory for encoders, of which a body with gzip takes 384 KiB: one client comes to half. */
const ONE_CLIENT = 171

/** Asks for a body that does not end, and reads the head of the answer and no more. */
async function hold(from: string, port: number): Promise<{ readonly head: string; end(): void }> {
  const socket = await connectFrom(from, port)
  socket.pause()
  let head = ''
  socket.on('data', (piece: Buffer) => {
    head += piece.toString('latin1')
    if (head.includes('\r\n\r\n')) socket.pause()
  })
  socket.write('GET /endless HTTP/1.1\r\nHost: a.example\r\nAccept-Encoding: gzip\r\n\r\n')
  socket.resume()
  while (!head.includes('\r\n\r\n')) await once(socket, 'data')
  return { head, end: () => socket.destroy() }
}

test('who holds many encoders is sent the rest as it is, and a neighbour is still compressed', async () => {
  await using server = await WireServer.start('h1', (_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', etag: '"a"' })
    response.write('a'.repeat(20_000))
  })
  await using running = await startGateway(plain(server.port, { client: { compression: {} } }))
  const held: { head: string; end(): void }[] = []
  for (let i = 0; i < ONE_CLIENT + 30; i++) held.push(await hold(attacker, running.port()))
  const encoded = held.filter(({ head }) => /\r\nContent-Encoding: gzip\r\n/.test(head))
  assert.equal(encoded.length, ONE_CLIENT)
  for (const { head } of held) {
    assert.match(head, /^HTTP\/1\.1 200 /)
    assert.match(head, /\r\nVary: Accept-Encoding\r\n/)
    // The tag is that of the bytes that are sent.
    assert.equal(/\r\nETag: W\/"a"\r\n/i.test(head), /\r\nContent-Encoding: gzip\r\n/.test(head))
  }
  assert.match(running.metrics(), /^portcullis_compression_refused_total 30$/m)
  for (let i = 0; i < 50; i++) {
    const other = await hold(neighbour, running.port())
    assert.match(other.head, /\r\nContent-Encoding: gzip\r\n/, `neighbour ${i}`)
    held.push(other)
  }
  for (const { end } of held) end()
})
