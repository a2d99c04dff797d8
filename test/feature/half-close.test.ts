import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { messages, status, value } from '../support/messages.ts'
import { plain } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'
import { aroundLimit, settled } from '../support/settled.ts'

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const serve = { client: { http1: { halfClose: 'serve' } } }

suite('a client that ends its direction', () => {
  test('before it said anything is let go', async () => {
    await using gateway = await startGateway(plain(1))
    await using client = await RawClient.to(gateway.port())
    client.socket.end()
    await client.closed()
    assert.equal(client.text, '')
  })

  test('in the middle of a head is let go, and no upstream hears of it', async () => {
    await using upstream = await RawUpstream.answering(() => ok('x'))
    await using gateway = await startGateway(plain(upstream.port, serve))
    await using client = await RawClient.to(gateway.port())
    client.socket.end('GET / HTTP/1.1\r\nHost: a\r\n')
    await client.closed()
    assert.deepEqual([client.text, upstream.conversations.length], ['', 0])
  })

  for (const [name, options] of [
    ['cancel', {}],
    ['serve', serve],
  ] as const)
    test(`in the middle of a body has left (${name})`, async () => {
      await using upstream = await RawUpstream.answering(() => ok('x'))
      await using gateway = await startGateway(plain(upstream.port, options))
      await using client = await RawClient.to(gateway.port())
      client.socket.end('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel')
      const line = await gateway.line(() => true)
      assert.equal(line['portcullis.failure'], 'client_gone')
      await upstream.until(({ conversations }) => conversations.every(({ ended, closed }) => ended || closed))
      assert.equal(upstream.requests.length, 0)
    })

  test('while it waits has left: the upstream is given up', async () => {
    await using upstream = await RawUpstream.start(() => {})
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.socket.end(get('/'))
    const line = await gateway.line(() => true)
    assert.deepEqual([line['http.response.status_code'], line['portcullis.failure']], [499, 'client_gone'])
    await client.closed()
    assert.equal(client.text, '')
    await upstream.until(({ conversations }) => conversations.every(({ ended, closed }) => ended || closed))
  })

  test('is served where halfClose says so, and then the connection is closed', async () => {
    await using upstream = await RawUpstream.start(() => {})
    await using gateway = await startGateway(plain(upstream.port, serve))
    await using client = await RawClient.to(gateway.port())
    client.socket.end(get('/'))
    await upstream.until(({ requests }) => requests.length === 1)
    // The FIN has come with the request: what is answered now is answered to a client that is half closed.
    await settledFin(client)
    upstream.conversations[0]!.write(ok('hello'))
    await client.closed()
    const [response] = messages(client.text)
    assert.deepEqual([status(response!), response!.body], [200, 'hello'])
    assert.equal(value(response!, 'connection'), 'close')
    const line = await gateway.line(() => true)
    assert.equal(line['portcullis.failure'], undefined)
  })

  test('is served all the requests that it pipelined', async () => {
    await using upstream = await RawUpstream.answering(({ start }) => ok(start))
    await using gateway = await startGateway(plain(upstream.port, serve))
    await using client = await RawClient.to(gateway.port())
    client.socket.end(get('/1') + get('/2') + get('/3'))
    await client.closed()
    assert.deepEqual(
      messages(client.text).map(({ body }) => body),
      ['GET /1 HTTP/1.1', 'GET /2 HTTP/1.1', 'GET /3 HTTP/1.1'],
    )
  })

  test('gets the whole of a large response, also when it reads slowly', async () => {
    const size = 20_000_000
    await using upstream = await RawUpstream.answering(() => ok('x'.repeat(size)))
    await using gateway = await startGateway(plain(upstream.port, serve))
    await using client = await RawClient.to(gateway.port())
    client.socket.pause()
    client.socket.end(get('/'))
    await upstream.until(({ requests }) => requests.length === 1)
    await settledFin(client)
    client.socket.resume()
    await client.closed()
    assert.equal(messages(client.text)[0]!.body.length, size)
  })

  test('that really left is noticed when it is answered', async () => {
    await using upstream = await RawUpstream.start(() => {})
    await using gateway = await startGateway(plain(upstream.port, serve))
    await using client = await RawClient.to(gateway.port())
    client.write(get('/'))
    await upstream.until(({ requests }) => requests.length === 1)
    client.socket.destroy()
    const [conversation] = upstream.conversations
    conversation!.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    const pump = (): void => {
      if (!conversation!.ended && conversation!.socket.writable)
        conversation!.socket.write('1\r\nx\r\n', pump)
    }
    conversation!.socket.write('1\r\nx\r\n', pump)
    const line = await gateway.line(() => true)
    assert.equal(line['portcullis.failure'], 'client_gone')
  })

  // Just below the size at which the gateway stops reading its upstream, all of a response is here and some of it not
  // yet sent when the client ends its direction. Where that is depends on the machine.
  test('after a closing request whose response is still on its way gets all of it', async () => {
    await using upstream = await RawUpstream.answering(({ start }) =>
      ok('x'.repeat(Number(start.split(/[ /]/)[2]))),
    )
    await using gateway = await startGateway(plain(upstream.port))
    const takenWhole = async (size: number): Promise<boolean> => {
      await using client = await RawClient.to(gateway.port())
      client.socket.pause()
      client.write(`GET /${size} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
      await upstream.until(({ requests }) => requests.at(-1)?.start.includes(`/${size} `) === true)
      await settled(() => gateway.lines.length)
      if (!gateway.lines.some(line => line['url.path'] === `/${size}`)) return false
      client.socket.end()
      await settledFin(client)
      client.socket.resume()
      await client.closed()
      assert.equal(messages(client.text)[0]?.body.length, size)
      return true
    }
    await aroundLimit(takenWhole)
  })
})

suite('an upstream that ends its direction', () => {
  test('after a whole response is not used again', async () => {
    await using upstream = await RawUpstream.start(({ requests, socket }) => {
      if (requests.length === 1) socket.end(ok('x'))
    })
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    for (let i = 1; i <= 3; i++) {
      client.write(get('/'))
      await client.until(text => messages(text).length === i)
      await upstream.until(({ conversations }) => conversations.length === i && conversations[i - 1]!.ended)
    }
    assert.deepEqual(messages(client.text).map(status), [200, 200, 200])
  })

  test('after a response without length has ended it, while the request still goes up', async () => {
    await using upstream = await RawUpstream.start(({ text, socket }) => {
      if (text.endsWith('first')) socket.end('HTTP/1.1 200 OK\r\n\r\nenough')
    })
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst')
    await client.until(text => messages(text).length === 1)
    assert.equal(messages(client.text)[0]!.body, 'enough')
  })
})

/** The FIN has been sent and taken by the kernel on the other side, and the gateway has had every chance to see it. */
async function settledFin(client: RawClient): Promise<void> {
  await settled(() => Number(client.socket.writableFinished))
}
