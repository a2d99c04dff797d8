import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { messages, status, value } from '../support/messages.ts'
import { plain } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'

const answers = (text: string, count: number) => messages(text).length === count

suite('connections of clients', () => {
  // Request (a version and its Connection field), whether the connection stays, and what the response says of it.
  for (const [version, connection, stays, said] of [
    ['1.1', '', true, ''],
    ['1.1', 'keep-alive', true, ''],
    ['1.1', 'close', false, 'close'],
    ['1.1', 'Close', false, 'close'],
    ['1.1', 'x-hop, close', false, 'close'],
    ['1.0', '', false, 'close'],
    ['1.0', 'close', false, 'close'],
    ['1.0', 'keep-alive', true, 'keep-alive'],
    ['1.0', 'Keep-Alive', true, 'keep-alive'],
  ] as const)
    test(`HTTP/${version} with Connection: ${connection || '(none)'} ${stays ? 'stays' : 'is closed'}`, async () => {
      await using upstream = await RawUpstream.answering(() => ok('hello'))
      await using gateway = await startGateway(plain(upstream.port))
      await using client = await RawClient.to(gateway.port())
      const request = `GET / HTTP/${version}\r\nHost: a\r\n${connection && `Connection: ${connection}\r\n`}\r\n`
      client.write(request)
      await client.until(text => answers(text, 1))
      const [first] = messages(client.text)
      assert.equal(value(first!, 'connection'), said)
      if (stays) {
        client.write(request)
        await client.until(text => answers(text, 2))
      } else await client.closed()
      assert.equal(upstream.requests.length, stays ? 2 : 1)
    })

  test('after requestsPerConnection requests the last answer says close, and the connection is closed', async () => {
    await using upstream = await RawUpstream.answering(() => ok('hello'))
    await using gateway = await startGateway(
      plain(upstream.port, { client: { limits: { requestsPerConnection: 3 } } }),
    )
    const four = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(4)
    const text = await RawClient.exchange(gateway.port(), four)
    assert.deepEqual(
      messages(text).map(message => value(message, 'connection')),
      ['', '', 'close'],
    )
    assert.equal(upstream.requests.length, 3)
  })

  test('nothing is read after a closing request', async () => {
    await using upstream = await RawUpstream.answering(() => ok('hello'))
    await using gateway = await startGateway(plain(upstream.port))
    const text = await RawClient.exchange(
      gateway.port(),
      'GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n',
    )
    assert.equal(messages(text).length, 1)
    assert.deepEqual(
      upstream.requests.map(({ start }) => start),
      ['GET /1 HTTP/1.1'],
    )
  })

  test('one that is idle for too long is closed without a word', async () => {
    await using upstream = await RawUpstream.answering(() => ok('hello'))
    await using gateway = await startGateway(plain(upstream.port, { client: { timeouts: { idle: '50ms' } } }))
    await using client = await RawClient.to(gateway.port())
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.closed()
    assert.equal(messages(client.text).length, 1)
    assert.match(client.text, /hello$/)
  })

  test('one that never says anything is closed too', async () => {
    await using gateway = await startGateway(plain(1, { client: { timeouts: { idle: '50ms' } } }))
    await using client = await RawClient.to(gateway.port())
    await client.closed()
    assert.equal(client.text, '')
  })

  test('a request is not idle while its upstream thinks', async () => {
    await using upstream = await RawUpstream.start(() => {})
    await using gateway = await startGateway(plain(upstream.port, { client: { timeouts: { idle: '50ms' } } }))
    await using other = await RawClient.to(gateway.port())
    await using client = await RawClient.to(gateway.port())
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await upstream.until(({ requests }) => requests.length === 1)
    // The sweep that closes the idle one has looked at both.
    await other.closed()
    upstream.conversations[0]!.write(ok('late'))
    await client.until(/late$/)
  })
})

suite('connections to upstreams', () => {
  test('one is kept and serves the requests of all clients', async () => {
    await using upstream = await RawUpstream.answering(() => ok('hello'))
    await using gateway = await startGateway(plain(upstream.port))
    for (let i = 0; i < 10; i++) {
      const text = await RawClient.exchange(
        gateway.port(),
        `GET /${i} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      )
      assert.match(text, /hello$/)
    }
    assert.equal(upstream.conversations.length, 1)
    assert.equal(upstream.requests.length, 10)
    assert.doesNotMatch(upstream.conversations[0]!.text, /^Connection:/im)
  })

  test('as many as there are requests at once, and no more', async () => {
    await using upstream = await RawUpstream.start(() => {})
    await using gateway = await startGateway(plain(upstream.port))
    const clients = await Promise.all(Array.from({ length: 5 }, () => RawClient.to(gateway.port())))
    for (let round = 1; round <= 3; round++) {
      for (const client of clients) client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await upstream.until(({ requests }) => requests.length === 5 * round)
      for (const conversation of upstream.conversations) conversation.write(ok('x'))
      await Promise.all(clients.map(client => client.until(text => answers(text, round))))
    }
    assert.equal(upstream.conversations.length, 5)
    await Promise.all(clients.map(client => client[Symbol.asyncDispose]()))
  })

  test('each serves maxRequestsPerConnection requests', async () => {
    await using upstream = await RawUpstream.answering(() => ok('hello'))
    await using gateway = await startGateway(
      plain(upstream.port, { upstream: { connections: { maxRequestsPerConnection: 2 } } }),
    )
    await using client = await RawClient.to(gateway.port())
    for (let i = 1; i <= 5; i++) {
      client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.until(text => answers(text, i))
    }
    await upstream.until(({ conversations }) => conversations[1]!.ended)
    assert.deepEqual(
      upstream.conversations.map(({ requests }) => requests.length),
      [2, 2, 1],
    )
  })

  test('one that is idle for too long is closed', async () => {
    await using upstream = await RawUpstream.answering(() => ok('hello'))
    await using gateway = await startGateway(
      plain(upstream.port, { upstream: { connections: { idleTimeout: '50ms' } } }),
    )
    await using client = await RawClient.to(gateway.port())
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.until(text => answers(text, 1))
    await upstream.until(({ conversations }) => conversations[0]!.ended)
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.until(text => answers(text, 2))
    assert.equal(upstream.conversations.length, 2)
  })

  // What the upstream says of its connection, and whether that can be used again.
  for (const [name, response, reused] of [
    ['HTTP/1.1', ok('x'), true],
    ['HTTP/1.1 with Connection: close', ok('x', 'Connection: close\r\n'), false],
    ['HTTP/1.0', ok('x').replace('1.1', '1.0'), false],
    [
      'HTTP/1.0 with Connection: keep-alive',
      ok('x', 'Connection: keep-alive\r\n').replace('1.1', '1.0'),
      true,
    ],
    ['HTTP/1.1, chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n', true],
  ] as const)
    test(`a response of ${name} ${reused ? 'leaves' : 'ends'} its connection, and not the client's`, async () => {
      await using upstream = await RawUpstream.answering(() => response)
      await using gateway = await startGateway(plain(upstream.port))
      await using client = await RawClient.to(gateway.port())
      for (let i = 1; i <= 3; i++) {
        client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
        await client.until(text => answers(text, i))
        assert.equal(value(messages(client.text)[i - 1]!, 'connection'), '')
      }
      assert.equal(upstream.conversations.length, reused ? 1 : 3)
    })

  test('one that the upstream closes while idle is not used again', async () => {
    await using upstream = await RawUpstream.answering(() => ok('hello'))
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    for (let i = 1; i <= 5; i++) {
      client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx')
      await client.until(text => answers(text, i))
      assert.equal(status(messages(client.text)[i - 1]!), 200)
      upstream.conversations.at(-1)!.socket.end()
      // The gateway answers a FIN by its own: from then on the connection is not in the pool.
      await upstream.until(({ conversations }) => conversations.at(-1)!.ended)
    }
    assert.equal(upstream.conversations.length, 5)
  })
})
