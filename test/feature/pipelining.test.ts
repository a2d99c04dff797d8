import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { messages, status } from '../support/messages.ts'
import { plain } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'
import { settled } from '../support/settled.ts'
import { TestUpstream } from '../support/upstream.ts'

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const post = (path: string, body: string) =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`
const chunked = (path: string, body: string) =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

/** Answers with method, path and body. */
const telling = () =>
  RawUpstream.answering(({ start, body }) => ok(`${start.split(' ').slice(0, 2).join(' ')} ${body}`))
const some = { rule: { matches: [{ path: { type: 'PathPrefix', value: '/up' } }] } }
const bodies = (text: string) =>
  messages(text).map(message => (status(message) === 200 ? message.body.trim() : String(status(message))))

suite('pipelining', () => {
  const asked = [
    [get('/up/1'), 'GET /up/1'],
    [get('/no'), '404'],
    [post('/up/2', 'two'), 'POST /up/2 two'],
    [post('/no', 'nothing'), '404'],
    [chunked('/up/3', 'three'), 'POST /up/3 three'],
    [chunked('/up/4', 'GET / HTTP/1.1\r\n\r\n'), 'POST /up/4 GET / HTTP/1.1'],
    [post('/up/5', ''), 'POST /up/5'],
    [get('/no'), '404'],
    [get('/up/6'), 'GET /up/6'],
  ] as const

  test('requests with and without bodies, forwarded or answered here, are answered in their order', async () => {
    await using upstream = await telling()
    await using gateway = await startGateway(plain(upstream.port, some))
    const bytes = asked.map(([request]) => request).join('')
    for (const cut of [0, 1, 40, 100, 150, 200, 260, 333, bytes.length - 1]) {
      await using client = await RawClient.to(gateway.port())
      client.write(bytes.slice(0, cut))
      client.write(bytes.slice(cut))
      const text = await client.until(received => messages(received).length === asked.length)
      assert.deepEqual(
        bodies(text),
        asked.map(([, answer]) => answer),
        `cut at ${cut}`,
      )
    }
  })

  test('one request waits for the answer of the one before it', async () => {
    await using upstream = await RawUpstream.start(() => {})
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write(get('/1') + get('/2') + get('/3'))
    for (let i = 1; i <= 3; i++) {
      await upstream.until(({ requests }) => requests.length === i)
      assert.equal(upstream.requests.length, i)
      upstream.conversations[0]!.write(ok(`answer ${i}`))
      await client.until(text => messages(text).length === i)
    }
    assert.deepEqual(bodies(client.text), ['answer 1', 'answer 2', 'answer 3'])
  })

  test('after a request that is refused nothing is read', async () => {
    await using upstream = await telling()
    await using gateway = await startGateway(plain(upstream.port))
    const text = await RawClient.exchange(
      gateway.port(),
      get('/1') + 'GET /2 HTTP/1.1\r\nHost : a\r\n\r\n' + get('/3'),
    )
    assert.deepEqual(bodies(text), ['GET /1', '400'])
    assert.deepEqual(
      upstream.requests.map(({ start }) => start),
      ['GET /1 HTTP/1.1'],
    )
  })

  test('after a body that breaks the rules nothing is read', async () => {
    await using upstream = await telling()
    await using gateway = await startGateway(plain(upstream.port))
    const broken = 'POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX'
    const text = await RawClient.exchange(gateway.port(), get('/1') + broken + get('/3'))
    assert.deepEqual(bodies(text), ['GET /1', '400'])
    assert.deepEqual(
      upstream.requests.map(({ start }) => start),
      ['GET /1 HTTP/1.1'],
    )
  })

  test('after a failed upstream the next request is served', async () => {
    await using upstream = await RawUpstream.answering(({ start }) =>
      start.includes('/bad') ? 'this is not HTTP\r\n\r\n' : ok('good'),
    )
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write(get('/1') + post('/bad', 'x') + get('/2') + get('/bad') + get('/3'))
    const text = await client.until(received => messages(received).length === 5)
    assert.deepEqual(bodies(text), ['good', '502', 'good', '502', 'good'])
  })

  // What waits because the client does not read must be bounded, whoever answers.
  for (const [name, path] of [
    ['the upstream', '/up'],
    ['the gateway', '/no'],
  ] as const)
    test(`a client that does not read stops being read: answers by ${name}`, async () => {
      await using upstream = await TestUpstream.start((_, response) => response.end('y'.repeat(10_000)))
      await using gateway = await startGateway(plain(upstream.port, some))
      await using client = await RawClient.to(gateway.port())
      const count = path === '/up' ? 2_000 : 40_000
      client.socket.pause()
      client.write(
        get(path).repeat(count - 1) + get(path).replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
      )
      await gateway.line(() => true)
      const answered = await settled(() => gateway.lines.length)
      assert.ok(answered < count, `${answered} of ${count} were answered`)
      client.socket.resume()
      await client.closed()
      assert.equal(client.text.split('HTTP/1.1 ').length - 1, count)
    })
})
