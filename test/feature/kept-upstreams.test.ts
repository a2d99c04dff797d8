import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { mock, suite, test } from 'node:test'
import { requestHeaders } from '../../src/filters/header-modifier.ts'
import { Authority } from '../support/certificates.ts'
import { send } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { messages } from '../support/messages.ts'
import { plain } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'
import { gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { ended } from '../support/until.ts'

const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx'

suite('a backend that says for how long it keeps connections', () => {
  for (const [says, connections] of [
    ['', 1],
    ['Keep-Alive: timeout=60\r\n', 1],
    ['Keep-Alive: max=100\r\n', 1],
    ['Keep-Alive: timeout=0\r\n', 2],
  ] as const)
    test(`${says.trim() || 'not at all'}: two requests on ${connections}`, async () => {
      await using upstream = await RawUpstream.answering(() => ok('x', says))
      await using started = await startGateway(plain(upstream.port))
      for (let i = 0; i < 2; i++) assert.equal((await send(started.port())).status, 200)
      assert.equal(upstream.conversations.length, connections)
    })

  test('is left before that time is over', async () => {
    await using upstream = await RawUpstream.answering(() => ok('x', 'Keep-Alive: timeout=1\r\n'))
    await using started = await startGateway(plain(upstream.port))
    await send(started.port())
    // It is the gateway that closes: the backend never does.
    await ended(upstream.conversations[0]!.socket)
  })
})

/** Its connections, the newest last. */
interface Kept extends AsyncDisposable {
  readonly port: number
  readonly sockets: readonly Socket[]
  posts: number
}

const authority = await Authority.make()
const { chain: cert, key } = await authority.issue({ ips: ['127.0.0.1'] })

async function kept(secure: boolean): Promise<Kept> {
  const sockets: Socket[] = []
  const answer: RequestListener = (request, response) => {
    result.posts++
    request.resume()
    request.on('end', () => response.end('ok'))
  }
  const server: Server = secure ? createSecureServer({ cert, key }, answer) : createServer(answer)
  // Nothing is said of any time, and none passes.
  server.keepAliveTimeout = 0
  server.on('connection', (socket: Socket) => void sockets.push(socket.on('error', () => {})))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const result: Kept = {
    port: (server.address() as AddressInfo).port,
    sockets,
    posts: 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return result
}

function yaml(port: number, secure: boolean): string {
  const modifier = { set: [{ name: 'X', value: 'y' }] }
  return yamlOf(
    gateway(),
    httpRoute('r', {
      rules: [
        {
          filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: modifier }],
          backendRefs: [to('up')],
        },
      ],
    }),
    {
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'Backend',
      metadata: { name: 'up' },
      spec: { endpoints: [{ address: '127.0.0.1', port }], protocol: secure ? 'https' : 'http' },
    },
  )
}

for (const secure of [false, true])
  suite(`a POST on a kept ${secure ? 'TLS ' : ''}connection that the backend has closed`, () => {
    test('in the same turn is sent on another one, for nothing of it had left', async () => {
      await using upstream = await kept(secure)
      await using started = await startGateway(yaml(upstream.port, secure), {
        systemAuthorities: () => [authority.root],
      })
      await using client = await RawClient.to(started.port())
      const rounds = 20
      for (let i = 1; i <= rounds; i++) {
        // The request and the news meet in one turn of the gateway, in this order or the other.
        if (i % 2 === 0) client.write(post)
        upstream.sockets.at(-1)?.destroy()
        if (i % 2 === 1) client.write(post)
        await client.until(text => messages(text).length === i)
      }
      assert.equal(client.text.match(/HTTP\/1\.1 200 /g)?.length, rounds)
      // Each once.
      assert.equal(upstream.posts, rounds)
    })

    test('a moment ago, of which nobody has told yet, is put on another one', async () => {
      await using upstream = await kept(secure)
      let onRequest = (): void => {}
      const planted = mock.method(requestHeaders, 'compile', () => ({ request: () => onRequest() }))
      await using started = await startGateway(yaml(upstream.port, secure), {
        systemAuthorities: () => [authority.root],
      })
      planted.mock.restore()
      await using client = await RawClient.to(started.port())
      client.write(post)
      await client.until(text => messages(text).length === 1)
      const now = performance.now.bind(performance)
      // The request is being read, and the connection has been idle for long.
      onRequest = () => {
        upstream.sockets.at(-1)!.destroy()
        mock.method(performance, 'now', () => now() + 60_000)
      }
      client.write(post)
      await client.until(text => messages(text).length === 2)
      mock.restoreAll()
      assert.equal(client.text.match(/HTTP\/1\.1 200 /g)?.length, 2)
      assert.deepEqual([upstream.posts, upstream.sockets.length], [2, 2])
      const line = await started.line(() => started.lines.length === 2)
      assert.equal(line['portcullis.attempts'], 1)
    })
  })
