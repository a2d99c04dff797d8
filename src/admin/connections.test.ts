import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import { text } from 'node:stream/consumers'
import { Connections } from './connections.ts'
import { seenIn } from '../../test/support/seen.ts'
import { AdminListener } from './listener.ts'
import { AdminPaths } from './paths.ts'

test('where all places are taken a new one has that of the oldest of the client that has most', async () => {
  const connections = new Connections(4)
  const server = createServer(socket => {
    connections.add(socket)
    socket.resume()
    socket.write('.')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const open = async (localAddress: string): Promise<Socket> => {
    const socket = connect({ port, host: '127.0.0.1', localAddress })
    await once(socket, 'data')
    return socket
  }
  const first = await open('127.0.0.2')
  const greedy = [await open('127.0.0.3'), await open('127.0.0.3'), await open('127.0.0.3')]
  const ended = once(greedy[0]!, 'close')
  const late = await open('127.0.0.4')
  await ended
  assert.deepEqual(
    [first, ...greedy, late].map(({ closed }) => closed),
    [false, true, false, false, false],
  )
  // It frees its place for one more, and no other is ended for that.
  greedy[1]!.destroy()
  await once(greedy[1]!, 'close')
  for (const socket of [first, ...greedy, late]) socket.destroy()
  server.close()
})

test('what two programs may read in two ways is refused', async () => {
  const admin = new AdminListener({
    seen: seenIn(),
    paths: new AdminPaths(),
    metrics: () => Promise.resolve(''),
  })
  const { port } = await admin.listen('127.0.0.1', 0)
  const rows = [
    [200, 'GET /healthz HTTP/1.1', 'Host: a'],
    [400, 'GET /healthz HTTP/1.1'],
    [400, 'GET /healthz HTTP/1.1', 'Host: a', 'Content-Length: 1', 'Transfer-Encoding: chunked'],
    [400, 'GET /healthz HTTP/1.1', 'Host: a', 'Content-Length: 1', 'Content-Length: 2'],
    [400, 'GET /healthz HTTP/1.1', 'Host: a', 'Content-Length: +1'],
    [400, 'GET /healthz HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked, gzip'],
    [400, 'GET /healthz HTTP/1.1', 'Host: a', 'Transfer-Encoding : chunked'],
    [400, 'GET /healthz HTTP/1.1', 'Host: a', 'X: a', ' folded'],
    [400, 'GET /healthz HTTP/1.1', 'Host: a', 'X: a\rb'],
    [400, 'GET /healthz HTTP/1.1', 'Host: a', 'X: a\nY: b'],
    [400, 'GET /healthz HTTP/2.7', 'Host: a'],
    [431, 'GET /healthz HTTP/1.1', 'Host: a', `X: ${'x'.repeat(20_000)}`],
  ] as const
  for (const [status, ...lines] of rows) {
    const connection = connect(port, '127.0.0.1')
    connection.end(`${lines.join('\r\n')}\r\n\r\n`)
    const answer = await text(connection)
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), JSON.stringify(lines).slice(0, 200))
    assert.equal(answer.match(/HTTP\/1\.1 /g)?.length, 1)
  }
  admin.close()
})

test('of requests that do not wait for answers one is answered at most, and the rest costs nothing', async t => {
  let made = 0
  const admin = new AdminListener({
    seen: seenIn(),
    paths: new AdminPaths(),
    metrics: () => Promise.resolve(`m ${++made}\n`),
  })
  t.after(() => admin.close())
  const { port } = await admin.listen('127.0.0.1', 0)
  const connection = connect(port, '127.0.0.1')
  connection.on('error', () => {})
  const closed = new Promise(resolve => connection.once('close', resolve))
  connection.resume().write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3_000))
  await closed
  // One after the other, as programs do, a connection has as many as it likes.
  for (let i = 0; i < 3; i++) await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  assert.ok(made <= 4, `${made} texts`)
})
