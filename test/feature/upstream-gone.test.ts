import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { messages, status } from '../support/messages.ts'
import { plain } from '../support/policies.ts'
import { ok, RawUpstream, type Conversation } from '../support/raw-upstream.ts'
import { RawClient, RawServer } from '../support/raw.ts'

type Fault = (conversation: Conversation) => void

const says =
  (bytes: string): Fault =>
  ({ socket }) =>
    void socket.write(bytes, 'latin1')
const saysAndEnds =
  (bytes: string): Fault =>
  ({ socket }) =>
    void socket.end(bytes, 'latin1')
const resets: Fault = ({ socket }) => void socket.resetAndDestroy()
const ok5 = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n'

/** What the upstream does when it has the request, and what the access log calls it. */
const faults = [
  ['closes before the head', saysAndEnds(''), 'connection_terminated'],
  ['resets before the head', resets, 'connection_terminated'],
  [
    'closes after an interim head',
    saysAndEnds('HTTP/1.1 103 Early Hints\r\n\r\n'),
    'http_response_incomplete',
  ],
  ['closes in the status line', saysAndEnds('HTTP/1.1 20'), 'http_response_incomplete'],
  ['closes in the head', saysAndEnds(ok5), 'http_response_incomplete'],
  ['speaks another protocol', says('220 mail.example ESMTP\r\n'), 'http_protocol_error'],
  ['says bytes of no meaning', says('\0\x01\x02\xff'), 'http_protocol_error'],
  ['speaks HTTP/2', says('\0\0\x12\x04\0\0\0\0\0'), 'http_protocol_error'],
  ['speaks HTTP/0.9', saysAndEnds('<html>hello</html>'), 'http_protocol_error'],
  ['is HTTP/3.0', says('HTTP/3.0 200 OK\r\n\r\n'), 'http_protocol_error'],
  ['has a status of no class', says('HTTP/1.1 099 No\r\nContent-Length: 0\r\n\r\n'), 'http_protocol_error'],
  ['frames twice', says(`${ok5}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`), 'http_protocol_error'],
  ['repeats its length', says(`${ok5}Content-Length: 5\r\n\r\nhello`), 'http_protocol_error'],
  ['has two lengths', says(`${ok5}Content-Length: 4\r\n\r\nhello`), 'http_protocol_error'],
  ['has a negative length', says('HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'), 'http_protocol_error'],
  ['folds a line', says('HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\n\r\n'), 'http_protocol_error'],
  ['ends lines by LF', says('HTTP/1.1 200 OK\nContent-Length: 0\n\n'), 'http_protocol_error'],
  [
    'has an unknown coding',
    says('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'),
    'http_protocol_error',
  ],
  [
    'has a head without end',
    says(`HTTP/1.1 200 OK\r\n${'X-A: 1\r\n'.repeat(300)}`),
    'response_header_section_size',
  ],
  [
    'has too long a field',
    says(`HTTP/1.1 200 OK\r\nX-A: ${'1'.repeat(20_000)}\r\n`),
    'response_header_section_size',
  ],
] as const

/** After the head nothing can be taken back: the client sees that the response is not complete. */
const laterFaults = [
  ['closes in a counted body', saysAndEnds(`${ok5}\r\nhel`), 'http_response_incomplete'],
  ['resets in a counted body', resetsAfter(`${ok5}\r\nhel`), 'http_response_incomplete'],
  [
    'closes in a chunk',
    saysAndEnds('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel'),
    'http_response_incomplete',
  ],
  [
    'closes between chunks',
    saysAndEnds('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n'),
    'http_response_incomplete',
  ],
  [
    'closes before the last CRLF',
    saysAndEnds('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n0\r\n'),
    'http_response_incomplete',
  ],
  [
    'sends a malformed chunk',
    says('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\nx'),
    'http_protocol_error',
  ],
  ['resets a body that ends with it', resetsAfter('HTTP/1.1 200 OK\r\n\r\nhel'), 'http_response_incomplete'],
] as const

/** Resets when the gateway has passed on what was said. */
function resetsAfter(bytes: string): Fault {
  return ({ socket }) => {
    socket.write(bytes)
    later.push(() => socket.resetAndDestroy())
  }
}
const later: (() => void)[] = []

const requests = {
  GET: 'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  POST: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody',
  'POST with Idempotency-Key':
    'POST / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: 1\r\nContent-Length: 4\r\n\r\nbody',
} as const

/** Serves `/warm`; anything else meets the fault, as often as `times` says, and is served after that. */
async function faulty(fault: Fault, times = Infinity) {
  let left = times
  return RawUpstream.start(conversation => {
    const last = conversation.requests.at(-1)
    if (last === undefined) return
    if (last.start.includes('/warm') || left === 0) return conversation.write(ok('fine'))
    left--
    fault(conversation)
  })
}

const asked = (upstream: RawUpstream) =>
  upstream.requests.filter(({ start }) => !start.includes('/warm')).length

suite('an upstream that fails before its response', () => {
  for (const [name, fault, failure] of faults)
    for (const kept of [false, true])
      test(`${name}, on a ${kept ? 'kept' : 'new'} connection: 502 ${failure}`, async () => {
        await using upstream = await faulty(fault)
        await using gateway = await startGateway(plain(upstream.port))
        await using client = await RawClient.to(gateway.port())
        if (kept) client.write('GET /warm HTTP/1.1\r\nHost: a\r\n\r\n')
        if (kept) await client.until(/fine$/)
        client.write(requests.POST)
        const text = await client.until(received => messages(received).some(one => status(one) === 502))
        const line = await gateway.line(one => one['portcullis.failure'] !== undefined)
        assert.equal(line['portcullis.failure'], failure)
        assert.equal(line['portcullis.attempts'], 1)
        assert.equal(asked(upstream), 1)
        assert.ok(text.includes(failure))
        // Nothing of what the upstream said has reached the client, and its connection serves on.
        assert.doesNotMatch(text, /ESMTP|html/)
        client.write('GET /warm HTTP/1.1\r\nHost: a\r\n\r\n')
        await client.until(/fine$/)
        await upstream.until(({ conversations }) => conversations[0]!.ended || conversations[0]!.closed)
        assert.equal(upstream.conversations.length, 2)
      })

  // The race with an upstream that closes a kept connection: mended where the request may be repeated, and only there.
  for (const [kind, kept, attempts] of [
    ['GET', true, 2],
    ['POST', true, 1],
    ['POST with Idempotency-Key', true, 2],
    ['GET', false, 1],
    ['POST', false, 1],
    ['POST with Idempotency-Key', false, 1],
  ] as const)
    for (const [name, fault] of [faults[0], faults[1]])
      test(`${kind} whose ${kept ? 'kept' : 'new'} connection ${name} is tried ${attempts} times`, async () => {
        await using upstream = await faulty(fault, 1)
        await using gateway = await startGateway(plain(upstream.port))
        await using client = await RawClient.to(gateway.port())
        if (kept) client.write('GET /warm HTTP/1.1\r\nHost: a\r\n\r\n')
        if (kept) await client.until(/fine$/)
        client.write(requests[kind])
        const answer = attempts === 2 ? 200 : 502
        await client.until(text => messages(text).length === (kept ? 2 : 1))
        assert.equal(status(messages(client.text).at(-1)!), answer)
        assert.equal(asked(upstream), attempts)
        const line = await gateway.line(one => one['url.path'] === '/')
        assert.equal(line['portcullis.attempts'], attempts)
        assert.equal(line['portcullis.failure'], attempts === 2 ? undefined : 'connection_terminated')
        if (attempts === 2 && kind !== 'GET') assert.equal(upstream.requests.at(-1)!.body, 'body')
      })

  // As soon as a byte was answered the upstream has acted: no second attempt, whatever the method.
  for (const [name, fault] of faults.slice(2))
    test(`GET whose kept connection ${name} is not repeated`, async () => {
      await using upstream = await faulty(fault)
      await using gateway = await startGateway(plain(upstream.port))
      await using client = await RawClient.to(gateway.port())
      client.write('GET /warm HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.until(/fine$/)
      client.write(requests.GET)
      await client.until(/HTTP\/1\.1 502 /)
      await gateway.line(one => one['portcullis.failure'] !== undefined)
      assert.equal(asked(upstream), 1)
    })

  test('with a retry policy a request that may be repeated is, one that may not is not', async () => {
    await using upstream = await faulty(saysAndEnds(''))
    await using gateway = await startGateway(
      plain(upstream.port, { rule: { retry: { attempts: 2, backoff: '1ms' } } }),
    )
    await using client = await RawClient.to(gateway.port())
    client.write(requests.GET + requests.POST)
    await client.until(text => messages(text).length === 2)
    assert.deepEqual(messages(client.text).map(status), [502, 502])
    await gateway.line(line => line['http.request.method'] === 'POST')
    assert.deepEqual(
      gateway.lines.map(line => line['portcullis.attempts']),
      [3, 1],
    )
  })

  test('a request whose body is too large to be kept is not repeated', async () => {
    const size = 100_000
    await using upstream = await RawUpstream.start(conversation => {
      const { text, socket } = conversation
      if (!text.includes('PUT')) conversation.write(ok('fine'))
      else if (text.length > size) socket.destroy()
    })
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write('GET /warm HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.until(/fine$/)
    client.write(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`)
    await client.until(/HTTP\/1\.1 502 /)
    assert.equal(upstream.conversations.length, 1)
  })
})

suite('an upstream that fails in its response', () => {
  for (const [name, fault, failure] of laterFaults)
    test(`${name}: the client can tell`, async () => {
      later.length = 0
      await using upstream = await faulty(fault)
      await using gateway = await startGateway(plain(upstream.port))
      await using client = await RawClient.to(gateway.port())
      client.write(requests.GET)
      await client.until(/hel/)
      for (const act of later) act()
      await client.closed()
      assert.match(client.text, /^HTTP\/1\.1 200 OK\r\n/)
      const [whole] = messages(client.text)
      if (whole !== undefined) assert.equal(client.error === null, false, `looks complete: ${client.text}`)
      const line = await gateway.line(() => true)
      assert.deepEqual([line['http.response.status_code'], line['portcullis.failure']], [200, failure])
      assert.equal(asked(upstream), 1)
    })

  test('a client of HTTP/1.0, to whom the end of the connection is the end of the body, is reset', async () => {
    await using upstream = await faulty(
      saysAndEnds('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel'),
    )
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write('GET / HTTP/1.0\r\nHost: a\r\n\r\n')
    await client.closed()
    assert.equal(client.error !== null && 'code' in client.error && client.error.code, 'ECONNRESET')
  })
})

suite('an upstream that cannot be reached, or is silent', () => {
  test('refuses: 502 connection_refused, and the request was tried again, since it was never sent', async () => {
    const server = await RawServer.start(() => {})
    const { port } = server
    await server[Symbol.asyncDispose]()
    await using gateway = await startGateway(plain(port))
    await using client = await RawClient.to(gateway.port())
    client.write(requests.POST)
    await client.until(/HTTP\/1\.1 502 /)
    const line = await gateway.line(() => true)
    assert.deepEqual([line['portcullis.failure'], line['portcullis.attempts']], ['connection_refused', 3])
    assert.match(
      gateway.metrics(),
      /portcullis_upstream_connect_failures_total\{cluster="[^"]*",failure="connection_refused"\} 3\n/,
    )
  })

  for (const [field, name] of [
    ['request', 'the request'],
    ['backendRequest', 'the attempt'],
  ] as const)
    test(`does not answer within the time of ${name}: 504, and the connection is not used again`, async () => {
      await using upstream = await RawUpstream.start(() => {})
      await using gateway = await startGateway(
        plain(upstream.port, { rule: { timeouts: { [field]: '50ms' } } }),
      )
      await using client = await RawClient.to(gateway.port())
      client.write(requests.GET)
      await client.until(/HTTP\/1\.1 504 /)
      const line = await gateway.line(() => true)
      assert.deepEqual(
        [line['portcullis.failure'], line['portcullis.attempts']],
        ['http_response_timeout', 1],
      )
      await upstream.until(({ conversations }) => conversations[0]!.ended)
    })

  test('takes too long with its body: the response is broken off', async () => {
    await using upstream = await RawUpstream.answering(() => `${ok5}\r\nhel`)
    await using gateway = await startGateway(
      plain(upstream.port, { rule: { timeouts: { request: '50ms' } } }),
    )
    const text = await RawClient.exchange(gateway.port(), requests.GET)
    assert.match(text, /\r\n\r\nhel$/)
    const line = await gateway.line(() => true)
    assert.deepEqual(
      [line['http.response.status_code'], line['portcullis.failure']],
      [200, 'http_response_timeout'],
    )
  })
})

suite('bytes without a request', () => {
  for (const [name, answer] of [
    ['with the response', ok('fine') + 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'],
    ['with the response, one byte', ok('fine') + 'H'],
  ] as const)
    test(`that come ${name} reach nobody, and their connection is not used again`, async () => {
      await using upstream = await RawUpstream.answering((_, { index }) =>
        index === 0 ? answer : ok('next'),
      )
      await using gateway = await startGateway(plain(upstream.port))
      await using client = await RawClient.to(gateway.port())
      client.write(requests.GET + requests.GET)
      const text = await client.until(/next$/)
      assert.doesNotMatch(text, /evil/)
      assert.equal(upstream.conversations.length, 2)
    })

  test('that come later end the idle connection', async () => {
    await using upstream = await RawUpstream.answering((_, { index }) => ok(index === 0 ? 'fine' : 'next'))
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write(requests.GET)
    await client.until(/fine$/)
    upstream.conversations[0]!.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil')
    await upstream.until(({ conversations }) => conversations[0]!.ended || conversations[0]!.closed)
    client.write(requests.GET)
    const text = await client.until(/next$/)
    assert.doesNotMatch(text, /evil/)
  })
})
