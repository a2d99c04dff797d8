import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { messages, status } from '../support/messages.ts'
import { plain } from '../support/policies.ts'
import { ok, RawUpstream, type Conversation } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'
import { settled } from '../support/settled.ts'

const head = (length: number, path = '/') =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`
const megabyte = 1024 * 1024
const next = 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n'

suite('a response before the end of the request', () => {
  for (const [name, answer] of [
    [
      'and the connection closes',
      'HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig',
    ],
    ['and the connection stays', 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig'],
  ] as const)
    test(`reaches the client at once; the upstream connection is not used again (413, ${name})`, async () => {
      let answered = false
      await using upstream = await RawUpstream.start(conversation => {
        if (conversation.index > 0) return conversation.write(ok('next'))
        if (answered || !conversation.text.includes('\r\n\r\n')) return
        answered = true
        conversation.write(answer)
      })
      await using gateway = await startGateway(plain(upstream.port))
      await using client = await RawClient.to(gateway.port())
      client.write(head(100_000) + 'x'.repeat(1_000))
      const text = await client.until(/big$/)
      assert.deepEqual(messages(text).map(status), [413])
      await upstream.until(({ conversations }) => conversations[0]!.ended || conversations[0]!.closed)
      // The rest of the body is taken off the connection, so that the next request is found behind it.
      client.write('x'.repeat(99_000) + next)
      await client.until(/next$/)
      assert.equal(upstream.conversations.length, 2)
      assert.match(upstream.conversations[1]!.text, /^GET \/next /)
    })

  test('more than a megabyte of a body that nobody wants ends the connection', async () => {
    await using upstream = await RawUpstream.start(conversation => {
      if (/\r\n\r\nx*$/.test(conversation.text)) conversation.write(ok('early'))
    })
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write(head(50_000_000) + 'x')
    await client.until(/early$/)
    await client.closed()
  })

  test('nor is a chunked one read without end', async () => {
    await using upstream = await RawUpstream.start(conversation => {
      if (conversation.text.length < 1_000) conversation.write(ok('early'))
    })
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n')
    await client.until(/early$/)
    const piece = `4000\r\n${'x'.repeat(0x4000)}\r\n`
    const pump = (): void => {
      if (!client.ended && client.socket.writable) client.socket.write(piece, pump)
    }
    pump()
    await client.closed()
  })

  // The upstream never takes the body that it is sent, answers, and goes: the client must not wait with it for ever.
  test('a client that was stopped because the upstream does not read goes on after the response', async () => {
    await using upstream = await RawUpstream.start(conversation => {
      if (conversation.index > 0) return conversation.write(ok('next'))
      conversation.socket.pause()
    })
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    const size = 20 * megabyte
    client.write(head(size) + 'x'.repeat(size))
    await upstream.until(({ conversations }) => conversations.length === 1 && conversations[0]!.text !== '')
    upstream.conversations[0]!.write(ok('early'))
    await client.until(/early$/)
    // Too much is left to be read: the connection ends, in order.
    await client.closed()
  })

  // A little above the size that the kernel takes for a peer that does not read, bytes of a complete request are still
  // here when its response comes, and the client is not being read. Where that is depends on the machine.
  test('the same where the request is complete, but not all of it is sent', async () => {
    const stopped = new Set<Conversation>()
    await using upstream = await RawUpstream.start(conversation => {
      const { socket, text } = conversation
      if (text.slice(-1_000).includes('GET /next ')) socket.end(ok('next', 'Connection: close\r\n'))
      else if (!stopped.has(conversation)) socket.pause()
      stopped.add(conversation)
    })
    await using gateway = await startGateway(plain(upstream.port))
    const servesNext = async (size: number): Promise<boolean> => {
      const before = upstream.conversations.length
      await using client = await RawClient.to(gateway.port())
      client.write(head(size) + 'x'.repeat(size))
      await upstream.until(({ conversations }) => conversations.length > before)
      const { socket } = upstream.conversations[before]!
      await settled(() => client.socket.writableLength)
      socket.write(ok('early'))
      await client.until(/early$/)
      socket.resume()
      client.write(next)
      await Promise.race([client.until(/next$/), client.closed()])
      return client.text.endsWith('next')
    }
    // The connection ends where more than a megabyte is left: that gives the place away.
    let served = megabyte
    let refused = megabyte
    while (await servesNext(refused)) refused += megabyte
    while (refused - served > 16 * 1024) {
      const middle = (served + refused) >> 1
      if (await servesNext(middle)) served = middle
      else refused = middle
    }
    for (let size = served - megabyte - 160 * 1024; size < served - megabyte + 96 * 1024; size += 16 * 1024)
      assert.ok(await servesNext(size), String(size))
  })

  test('full duplex: what comes back is passed on while the request still goes up', async () => {
    await using upstream = await RawUpstream.start(conversation => {
      const { text } = conversation
      if (!text.includes('\r\n\r\n')) return
      if (!echoing.has(conversation)) {
        echoing.set(conversation, text.indexOf('\r\n\r\n') + 4)
        conversation.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      }
      const from = echoing.get(conversation)!
      echoing.set(conversation, text.length)
      conversation.write(text.slice(from))
    })
    const echoing = new Map<object, number>()
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
    await client.until(/\r\n\r\n$/)
    for (let i = 0; i < 20; i++) {
      client.write(`8\r\nround ${String(i).padStart(2, '0')}\r\n`)
      await client.until(new RegExp(`round ${String(i).padStart(2, '0')}\\r\\n$`))
    }
    client.write('0\r\n\r\n')
    await client.until(/\r\n0\r\n\r\n$/)
    // Both ended in order: both connections are of further use.
    client.write('POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')
    await upstream.until(({ conversations }) => conversations.some(({ text }) => text.includes('/2')))
    assert.equal(upstream.conversations.length, 1)
  })
})
