import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { send } from '../support/client.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { RawClient, RawServer } from '../support/raw.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { ended, Seen } from '../support/until.ts'
import { TestUpstream } from '../support/upstream.ts'

const with_ = (port: number, rule: object): Promise<TestGateway> =>
  startGateway(
    yamlOf(
      gateway(),
      httpRoute('r', { rules: [{ backendRefs: [to('up')], ...rule }] }),
      backend('up', [port]),
    ),
  )

/** An upstream that says these bytes once it has the request's head, and then nothing. */
async function saying(bytes: string): Promise<{ server: RawServer; sockets: Seen<Socket> }> {
  const sockets = new Seen<Socket>()
  const server = await RawServer.start(socket => {
    sockets.push(socket)
    socket.once('data', () => socket.write(bytes))
    socket.resume()
  })
  return { server, sockets }
}

const half = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'

for (const name of ['request', 'backendRequest'] as const) {
  test(`${name}: an upstream that does not answer is 504, and its connection is closed`, async () => {
    const { server, sockets } = await saying('')
    await using upstream = server
    await using portcullis = await with_(upstream.port, { timeouts: { [name]: '150ms' } })
    const began = performance.now()
    const { status } = await send(portcullis.port())
    const took = performance.now() - began
    assert.equal(status, 504)
    assert.ok(took >= 145, `${took} ms, not before its time`)
    const line = await portcullis.line(() => true)
    assert.deepEqual(
      [line['http.response.status_code'], line['portcullis.failure'], line['portcullis.attempts']],
      [504, 'http_response_timeout', 1],
    )
    const socket = await sockets.first()
    await ended(socket)
  })

  test(`${name}: an answer that has begun is broken off, so that nobody takes it for whole`, async () => {
    const { server } = await saying(half)
    await using upstream = server
    await using portcullis = await with_(upstream.port, { timeouts: { [name]: '150ms' } })
    await using client = await RawClient.to(portcullis.port())
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.until(/hello$/)
    await client.closed()
    assert.match(client.text, /^HTTP\/1\.1 200 OK\r\n/)
    const line = await portcullis.line(() => true)
    assert.deepEqual(
      [line['http.response.status_code'], line['portcullis.failure'], line['http.response.body.size']],
      [200, 'http_response_timeout', 5],
    )
  })

  test(`${name}: what is in time is not touched, nor is the request after it`, async () => {
    await using upstream = await TestUpstream.start()
    await using portcullis = await with_(upstream.port, { timeouts: { [name]: '5s' } })
    await using client = await RawClient.to(portcullis.port())
    client.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.until(/"url":"\/1"/)
    client.write('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.until(/"url":"\/2"/)
    assert.equal(upstream.connections, 1)
  })

  test(`${name}: 0s switches it off`, async () => {
    const answers = new Seen<() => void>()
    await using upstream = await TestUpstream.start((_, response) => answers.push(() => response.end('late')))
    await using portcullis = await with_(upstream.port, { timeouts: { [name]: '0s' } })
    const asked = send(portcullis.port())
    const answer = await answers.first()
    answer()
    assert.equal((await asked).body, 'late')
  })
}

test('the request timeout spans all attempts, the other each of them', async () => {
  const { server, sockets } = await saying('')
  await using upstream = server
  await using portcullis = await with_(upstream.port, {
    timeouts: { request: '500ms', backendRequest: '100ms' },
    retry: { attempts: 50, backoff: '10ms' },
  })
  const began = performance.now()
  assert.equal((await send(portcullis.port())).status, 504)
  const took = performance.now() - began
  // A pause for which there is no time any more is not made: then it is answered a little before.
  assert.ok(took >= 450, `${took} ms`)
  // More than one was tried, and not all of them; how many depends on how busy the machine is.
  assert.ok(sockets.all.length > 1 && sockets.all.length <= 5, `${sockets.all.length} attempts`)
})

test('a request whose body does not come is given up in its time too', async () => {
  const { server } = await saying('')
  await using upstream = server
  await using portcullis = await with_(upstream.port, { timeouts: { request: '150ms' } })
  await using client = await RawClient.to(portcullis.port())
  client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhel')
  const text = await client.until(/\r\n\r\n/)
  assert.match(text, /^HTTP\/1\.1 504 /)
})

test('a tunnel outlives the timeouts of its request', async () => {
  await using upstream = await RawServer.start(socket => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
      socket.on('data', chunk => socket.write(chunk))
    })
  })
  await using portcullis = await with_(upstream.port, {
    timeouts: { request: '200ms', backendRequest: '200ms' },
  })
  // Whoever has no tunnel is given up at that time: when this one is, the tunnel has lived as long.
  await using client = await RawClient.to(portcullis.port())
  client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
  await client.until(/ 101 /)
  await using other = await RawClient.to(portcullis.port())
  other.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n')
  await other.until(/HTTP\/1\.1 50\d /)
  client.write('still there')
  await client.until(/still there$/)
})
