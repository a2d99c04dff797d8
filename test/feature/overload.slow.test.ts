import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { startGateway } from '../support/gateway.ts'
import { messages, status, value } from '../support/messages.ts'
import { plain } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'

const get = (path = '/') => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const roomy = { exchanges: 1_000, bufferedBytes: 1e9, heapShare: 1 }

suite('connections of clients', () => {
  test('beyond limits.connections are answered 503 with Retry-After, while all the others are busy', async () => {
    await using upstream = await RawUpstream.start(() => {})
    await using gateway = await startGateway(plain(upstream.port, { client: { limits: { connections: 2 } } }))
    await using first = await RawClient.to(gateway.port())
    await using second = await RawClient.to(gateway.port())
    for (const client of [first, second]) client.write(get())
    await upstream.until(({ requests }) => requests.length === 2)
    for (const bytes of ['', get(), get().repeat(100)]) {
      const [answer] = messages(await RawClient.exchange(gateway.port(), bytes))
      assert.equal(status(answer!), 503)
      assert.equal(value(answer!, 'retry-after'), '1')
      assert.equal(value(answer!, 'connection'), 'close')
    }
    assert.match(gateway.metrics(), /portcullis_failures_total\{failure="proxy_overloaded"\} 3\n/)
    // Those who are in are served, and are then no longer in the way of others.
    for (const conversation of upstream.conversations) conversation.write(ok('x'))
    for (const client of [first, second]) await client.until(/x$/)
    await using third = await RawClient.to(gateway.port())
    third.write(get())
    await upstream.until(({ requests }) => requests.length === 3)
  })
})

suite('connections to a cluster', () => {
  const limited = (connections: object) => ({ upstream: { connections: { max: 1, ...connections } } })

  test('beyond connections.max requests wait, first come first served', async () => {
    await using upstream = await RawUpstream.start(() => {})
    await using gateway = await startGateway(plain(upstream.port, limited({})))
    const clients: RawClient[] = []
    for (let i = 0; i < 4; i++) {
      const client = await RawClient.to(gateway.port())
      clients.push(client)
      client.write(get(`/${i}`))
      if (i === 0) await upstream.until(({ requests }) => requests.length === 1)
    }
    for (let i = 0; i < 4; i++) {
      await upstream.until(({ requests }) => requests.length === i + 1)
      upstream.conversations[0]!.write(ok('x'))
    }
    await Promise.all(clients.map(client => client.until(/x$/)))
    assert.deepEqual(
      upstream.requests.map(({ start }) => start.split(' ')[1]),
      ['/0', '/1', '/2', '/3'],
    )
    assert.equal(upstream.conversations.length, 1)
    await Promise.all(clients.map(client => client[Symbol.asyncDispose]()))
  })

  test('one that waits gets a new connection when the one it waited for is gone', async () => {
    await using upstream = await RawUpstream.start(() => {})
    await using gateway = await startGateway(plain(upstream.port, limited({})))
    await using first = await RawClient.to(gateway.port())
    first.write(get('/first'))
    await upstream.until(({ requests }) => requests.length === 1)
    await using second = await RawClient.to(gateway.port())
    second.write(get('/second'))
    upstream.conversations[0]!.write('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx')
    await first.until(/x$/)
    await upstream.until(({ requests }) => requests.length === 2)
    upstream.conversations[1]!.write(ok('y'))
    await second.until(/y$/)
  })

  test('a body that waits with its request is not lost', async () => {
    const body = 'b'.repeat(500_000)
    await using upstream = await RawUpstream.start(() => {})
    await using gateway = await startGateway(plain(upstream.port, limited({})))
    await using first = await RawClient.to(gateway.port())
    first.write(get('/first'))
    await upstream.until(({ requests }) => requests.length === 1)
    await using second = await RawClient.to(gateway.port())
    second.write(`PUT /second HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    await using third = await RawClient.to(gateway.port())
    third.write(get('/third'))
    upstream.conversations[0]!.write(ok('x'))
    await upstream.until(({ requests }) => requests.length === 2)
    assert.equal(upstream.requests[1]!.body, body)
    upstream.conversations[0]!.write(ok('y'))
    await second.until(/y$/)
  })

  test('when maxPending wait, the next is 503 at once', async () => {
    await using upstream = await RawUpstream.start(() => {})
    await using gateway = await startGateway(plain(upstream.port, limited({ maxPending: 1 })))
    await using first = await RawClient.to(gateway.port())
    first.write(get('/first'))
    await upstream.until(({ requests }) => requests.length === 1)
    await using second = await RawClient.to(gateway.port())
    second.write(get('/second'))
    await using third = await RawClient.to(gateway.port())
    third.write(get('/third'))
    // Which of the two waits is for the order in which they are read.
    const refused = await gateway.line(line => line['http.response.status_code'] === 503)
    assert.equal(refused['portcullis.failure'], 'connection_limit_reached')
    await Promise.race([second.until(/Retry-After: 1/i), third.until(/Retry-After: 1/i)])
    upstream.conversations[0]!.write(ok('x'))
    await first.until(/x$/)
    await upstream.until(({ requests }) => requests.length === 2)
  })

  test('with maxPending 0 nobody waits', async () => {
    await using upstream = await RawUpstream.start(() => {})
    await using gateway = await startGateway(plain(upstream.port, limited({ maxPending: 0 })))
    await using first = await RawClient.to(gateway.port())
    first.write(get())
    await upstream.until(({ requests }) => requests.length === 1)
    await using second = await RawClient.to(gateway.port())
    second.write(get())
    await second.until(/^HTTP\/1\.1 503 /)
  })

  test('one that waits longer than connectTimeout is 503, and not earlier', async () => {
    await using upstream = await RawUpstream.start(() => {})
    await using gateway = await startGateway(plain(upstream.port, limited({ connectTimeout: '1s' })))
    await using first = await RawClient.to(gateway.port())
    first.write(get('/first'))
    await upstream.until(({ requests }) => requests.length === 1)
    await using second = await RawClient.to(gateway.port())
    second.write(get('/second'))
    await second.until(/^HTTP\/1\.1 503 /)
    const line = await gateway.line(one => one['url.path'] === '/second')
    assert.equal(line['portcullis.failure'], 'connection_limit_reached')
    const waited = Number(line['duration'])
    assert.ok(waited > 0.99 && waited < 3, `waited for ${waited} s`)
    assert.match(gateway.metrics(), /portcullis_upstream_requests_pending\{cluster="[^"]*"\} [01]\n/)
  })

  test('an idle connection to one endpoint makes room for one to another', async () => {
    await using one = await RawUpstream.answering(() => ok('x'))
    await using other = await RawUpstream.answering(() => ok('x'))
    await using gateway = await startGateway(plain([one.port, other.port], limited({ maxPending: 0 })))
    await using client = await RawClient.to(gateway.port())
    for (let i = 1; i <= 6; i++) {
      client.write(get())
      await client.until(text => messages(text).length === i)
    }
    assert.deepEqual(messages(client.text).map(status), [200, 200, 200, 200, 200, 200])
    assert.deepEqual([one.requests.length, other.requests.length], [3, 3])
  })
})

suite('shedding', () => {
  test('too many exchanges: new ones are 503 with Retry-After, those under way finish, and it ends', async () => {
    await using upstream = await RawUpstream.start(() => {})
    await using gateway = await startGateway(plain(upstream.port), { overload: { ...roomy, exchanges: 3 } })
    const waiting = await Promise.all(Array.from({ length: 4 }, () => RawClient.to(gateway.port())))
    for (const client of waiting) client.write(get('/waiting'))
    await upstream.until(({ requests }) => requests.length === 4)
    await using client = await RawClient.to(gateway.port())
    // Judged by the sweep: until then requests are taken.
    await shed(client, true)
    const refused = messages(client.text).find(one => status(one) === 503)!
    assert.equal(value(refused, 'retry-after'), '1')
    // Refusing costs nothing but the answer: the connection stays.
    assert.equal(value(refused, 'connection'), '')
    assert.match(gateway.metrics(), /portcullis_failures_total\{failure="proxy_overloaded"\} [1-9]/)
    for (const conversation of upstream.conversations.slice(0, 4)) conversation.write(ok('served'))
    await Promise.all(waiting.map(one => one.until(/served$/)))
    await shed(client, false)
    await Promise.all(waiting.map(one => one[Symbol.asyncDispose]()))

    /** Asks until the answer is, or is not, that there is too much to do. */
    async function shed(asker: RawClient, expected: boolean): Promise<void> {
      for (;;) {
        const before = messages(asker.text).length
        const asked = upstream.requests.length
        asker.write(get('/probe'))
        const taken = upstream.until(({ requests }) => requests.length > asked).then(() => true)
        const answered = asker.until(text => messages(text).length > before).then(() => false)
        if (await Promise.race([taken, answered])) {
          for (const conversation of upstream.conversations)
            if (conversation.requests.at(-1)!.start.includes('/probe')) answerOnce(conversation)
          await answered
        }
        if ((status(messages(asker.text).at(-1)!) === 503) === expected) return
      }
    }

    function answerOnce(conversation: (typeof upstream.conversations)[number]): void {
      const count = conversation.requests.length
      if (answers.get(conversation) === count) return
      answers.set(conversation, count)
      conversation.write(ok('probed'))
    }
  })

  test('too many bytes wait for slow clients: the same', async () => {
    await using upstream = await RawUpstream.answering(({ start }) =>
      ok('y'.repeat(start.includes('/large') ? 20_000_000 : 1)),
    )
    await using gateway = await startGateway(plain(upstream.port), {
      overload: { ...roomy, bufferedBytes: 10_000 },
    })
    await using slow = await RawClient.to(gateway.port())
    slow.socket.pause()
    slow.write(get('/large'))
    await using client = await RawClient.to(gateway.port())
    for (let i = 1; !client.text.includes(' 503 '); i++) {
      client.write(get())
      await client.until(text => messages(text).length === i)
    }
    slow.socket.resume()
    await slow.until(text => text.length > 20_000_000)
    for (let i = messages(client.text).length + 1; !client.text.endsWith('y'); i++) {
      client.write(get())
      await client.until(text => messages(text).length === i)
    }
  })
})

suite('beyond half of the bytes that may wait', () => {
  // Nothing else ends them.
  const client = { timeouts: { head: '0s', idle: '0s', bodyIdle: '0s', stall: '0s' } }
  const overload = { ...roomy, bufferedBytes: 600_000 }
  const attackers = 20

  for (const [what, bytes, times] of [
    // More than the system takes for who reads nothing; each answer is whole, and its connection to the backend free again.
    ['clients who read none of what they asked for', get('/large'), 300],
    ['clients whose heads stay incomplete', `${get().slice(0, -2)}X: ${'x'.repeat(15_000)}`, 1],
  ] as const)
    test(`${what} are ended before others are turned away for long`, async () => {
      await using upstream = await RawUpstream.answering(({ start }) =>
        ok('y'.repeat(start.includes('/large') ? 60_000 : 1)),
      )
      await using gateway = await startGateway(plain(upstream.port, { client }), { overload })
      const all = await Promise.all(Array.from({ length: attackers }, () => RawClient.to(gateway.port())))
      for (const one of all) {
        one.socket.pause()
        one.write(bytes.repeat(times))
      }
      const buffered = (): number => Number(/^portcullis_buffered_bytes (\d+)$/m.exec(gateway.metrics())![1])
      while (buffered() < 300_000) await setImmediate()
      while (buffered() > 300_000) await setImmediate()
      await using neighbour = await RawClient.to(gateway.port())
      for (let i = 1; !neighbour.text.includes(' 200 '); i++) {
        neighbour.write(get())
        await neighbour.until(text => messages(text).length === i)
      }
      await Promise.all(all.map(one => one[Symbol.asyncDispose]()))
    })
})

const answers = new Map<object, number>()
