import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { suite, test } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { messages, value } from '../support/messages.ts'
import { plain } from '../support/policies.ts'
import { RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'

const sizes = [0, 1, 2, 8191, 8192, 8193, 65_535, 65_536, 65_537, 300_000] as const
const megabytes = 10 * 1024 * 1024

/** Bytes of every value, so that nothing that looks at them stays unseen; the same for the same size. */
function bytesOf(size: number): string {
  const buffer = Buffer.alloc(size)
  for (let i = 0; i < size; i++) buffer[i] = (i * 31 + (i >> 8) * 7) & 255
  return buffer.toString('latin1')
}

function chunk(text: string, extension = ''): string {
  return text === '' ? '' : `${text.length.toString(16)}${extension}\r\n${text}\r\n`
}

/** In chunks of different sizes, as servers write them. */
function chunks(body: string, extension = ''): string {
  let text = ''
  for (let at = 0, size = 1; at < body.length; at += size, size = Math.min(100_000, size * 3 + 1))
    text += chunk(body.slice(at, at + size), extension)
  return `${text}0${extension}\r\n\r\n`
}

const framings = {
  'Content-Length': (body: string) => `Content-Length: ${body.length}\r\n\r\n${body}`,
  chunked: (body: string) => `Transfer-Encoding: chunked\r\n\r\n${chunks(body)}`,
  'until the connection closes': (body: string) => `\r\n${body}`,
} as const

const digest = (text: string) => createHash('sha256').update(text, 'latin1').digest('hex')

suite('bodies of requests', () => {
  for (const framing of ['Content-Length', 'chunked'] as const)
    for (const size of sizes)
      test(`${size} bytes with ${framing} arrive as they were sent`, async () => {
        await using upstream = await RawUpstream.answering(() => 'HTTP/1.1 204 No Content\r\n\r\n')
        await using gateway = await startGateway(plain(upstream.port))
        await using client = await RawClient.to(gateway.port())
        const body = bytesOf(size)
        client.write(`PUT / HTTP/1.1\r\nHost: a\r\n${framings[framing](body)}`)
        await client.until(/\r\n\r\n$/)
        const [request] = upstream.requests
        assert.equal(request!.body, body)
        // The framing is the client's: an upstream may treat a known length otherwise than an unknown one.
        assert.equal(value(request!, 'content-length'), framing === 'chunked' ? '' : String(size))
        assert.equal(value(request!, 'transfer-encoding'), framing === 'chunked' ? 'chunked' : '')
      })

  test('no body is no body: neither length nor coding is made up', async () => {
    await using upstream = await RawUpstream.answering(() => 'HTTP/1.1 204 No Content\r\n\r\n')
    await using gateway = await startGateway(plain(upstream.port))
    await RawClient.exchange(gateway.port(), 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    const [request] = upstream.requests
    assert.equal(value(request!, 'content-length') + value(request!, 'transfer-encoding'), '')
  })

  test('a GET with a body is forwarded with it', async () => {
    await using upstream = await RawUpstream.answering(() => 'HTTP/1.1 204 No Content\r\n\r\n')
    await using gateway = await startGateway(plain(upstream.port))
    await RawClient.exchange(
      gateway.port(),
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc',
    )
    assert.equal(upstream.requests[0]!.body, 'abc')
  })

  test('chunk extensions are not forwarded', async () => {
    await using upstream = await RawUpstream.answering(() => 'HTTP/1.1 204 No Content\r\n\r\n')
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write(
      `PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunks('hello world', ';secret=1;q="a;b"')}`,
    )
    await client.until(/\r\n\r\n$/)
    assert.equal(upstream.requests[0]!.body, 'hello world')
    assert.doesNotMatch(upstream.conversations[0]!.text, /secret/)
  })

  for (const framing of ['Content-Length', 'chunked'] as const)
    test(`10 MB with ${framing} arrive whole`, async () => {
      await using upstream = await RawUpstream.answering(() => 'HTTP/1.1 204 No Content\r\n\r\n')
      await using gateway = await startGateway(plain(upstream.port))
      await using client = await RawClient.to(gateway.port())
      const body = bytesOf(megabytes)
      client.write(`PUT / HTTP/1.1\r\nHost: a\r\n${framings[framing](body)}`)
      await client.until(/\r\n\r\n$/)
      assert.equal(digest(upstream.requests[0]!.body), digest(body))
    })
})

suite('bodies of responses', () => {
  const answering = (response: string, close: boolean) =>
    RawUpstream.start(conversation => {
      if (conversation.requests.length === 0) return
      conversation.write(response)
      if (close) conversation.socket.end()
    })

  for (const [framing, write] of Object.entries(framings))
    for (const size of framing === 'chunked' ? sizes : ([0, 1, 8193, 65_537, 300_000] as const))
      for (const version of ['1.1', '1.0'] as const)
        test(`${size} bytes ${framing} reach a client of HTTP/${version} as they were sent`, async () => {
          const body = bytesOf(size)
          const closes = framing === 'until the connection closes'
          await using upstream = await answering(`HTTP/1.1 200 OK\r\n${write(body)}`, closes)
          await using gateway = await startGateway(plain(upstream.port))
          const text = await RawClient.exchange(
            gateway.port(),
            `GET / HTTP/${version}\r\nHost: a\r\nConnection: close\r\n\r\n`,
          )
          const [response] = messages(text)
          assert.equal(response!.body, body)
          assert.match(response!.start, /^HTTP\/1\.1 200 OK$/)
          const known = framing === 'Content-Length'
          assert.equal(value(response!, 'content-length'), known ? String(size) : '')
          assert.equal(value(response!, 'transfer-encoding'), !known && version === '1.1' ? 'chunked' : '')
        })

  test('a body that ends with its connection leaves the connection of a 1.1 client open', async () => {
    await using upstream = await answering('HTTP/1.1 200 OK\r\n\r\nhello', true)
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    for (let i = 1; i <= 2; i++) {
      client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.until(text => messages(text).length === i)
    }
    assert.deepEqual(
      messages(client.text).map(({ body }) => body),
      ['hello', 'hello'],
    )
  })

  test('a client of 1.0 that keeps its connection gets a body of known length on it, and then another', async () => {
    await using upstream = await answering('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', false)
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    for (let i = 1; i <= 2; i++) {
      client.write('GET / HTTP/1.0\r\nConnection: keep-alive\r\nHost: a\r\n\r\n')
      await client.until(text => messages(text).length === i)
    }
  })

  test('chunk extensions are not forwarded', async () => {
    const response = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks('hello world', ';secret="x"')}`
    await using upstream = await answering(response, false)
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.until(text => messages(text).length === 1)
    assert.equal(messages(client.text)[0]!.body, 'hello world')
    assert.doesNotMatch(client.text, /secret/)
  })

  test('a chunk is passed on when it comes, not when the body is complete', async () => {
    await using upstream = await RawUpstream.start(() => {})
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await upstream.until(({ requests }) => requests.length === 1)
    const [conversation] = upstream.conversations
    conversation!.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    await client.until(/\r\n\r\n$/)
    conversation!.write(chunk('data: 1\n\n'))
    await client.until(/data: 1\n\n\r\n$/)
    conversation!.write(chunk('data: 2\n\n'))
    await client.until(/data: 2\n\n\r\n$/)
    conversation!.write('0\r\n\r\n')
    await client.until(/\r\n0\r\n\r\n$/)
  })

  for (const [framing, write] of Object.entries(framings))
    test(`10 MB ${framing} arrive whole`, async () => {
      const body = bytesOf(megabytes)
      const closes = framing === 'until the connection closes'
      await using upstream = await answering(`HTTP/1.1 200 OK\r\n${write(body)}`, closes)
      await using gateway = await startGateway(plain(upstream.port))
      const text = await RawClient.exchange(
        gateway.port(),
        'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      )
      assert.equal(digest(messages(text)[0]!.body), digest(body))
    })
})
