import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createServer, type SecureVersion, type Server, type TLSSocket } from 'node:tls'
import { Authority, caConfigMap, tlsSecret } from '../support/certificates.ts'
import { send } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { requirePeer } from '../support/peer.ts'
import { RawUpstream } from '../support/raw-upstream.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { aroundLimit, settled } from '../support/settled.ts'
import { httpsListener, run } from '../support/tls.ts'

// A response that ends with its connection is whole only where the end was said: by close_notify (RFC 9112 §9.8).

const authority = await Authority.make()
const pair = await authority.issue({ names: ['up.example', 'a.example'] })
const HEAD = 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n'

/** A server of TLS whose answers are what `answer` does. */
class SecureRaw implements AsyncDisposable {
  readonly server: Server

  constructor(version: SecureVersion, answer: (socket: TLSSocket) => void) {
    const versions = { minVersion: version, maxVersion: version }
    this.server = createServer({ cert: pair.chain, key: pair.key, ...versions }, socket => {
      socket.on('error', () => {})
      socket.once('data', () => answer(socket))
    })
  }

  async start(): Promise<this> {
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    return this
  }

  yaml(): string {
    const policy = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'BackendTLSPolicy',
      metadata: { name: 'up' },
      spec: {
        targetRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'up' }],
        validation: {
          hostname: 'up.example',
          caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }],
        },
      },
    }
    return yamlOf(
      gateway(),
      httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
      backend('up', [(this.server.address() as AddressInfo).port]),
      caConfigMap('ca', authority.root),
      policy,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close()
    await once(this.server, 'close')
  }
}

const big = Buffer.alloc(8_000_000, 'abcdefghijklmnopqrstuvwxyz')

/** Each row: how the server ends, and what is made of it. `destroy` ends the TCP connection and says nothing. */
for (const [what, answer, failure] of [
  ['an end that is said, with the last bytes', socket => socket.end(`${HEAD}whole`), null],
  [
    'an end that is said, after the last bytes',
    socket => socket.write(`${HEAD}whole`, () => setImmediate(() => socket.end())),
    null,
  ],
  ['an end that is said behind much', socket => socket.end(Buffer.concat([Buffer.from(HEAD), big])), null],
  [
    'an end that nobody says',
    socket => socket.write(`${HEAD}half`, () => socket.destroy()),
    'http_response_incomplete',
  ],
  [
    'an end that nobody says behind much',
    socket => socket.write(Buffer.concat([Buffer.from(HEAD), big]), () => socket.destroy()),
    'http_response_incomplete',
  ],
  [
    'an end that nobody needs to say',
    socket =>
      socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nwhole', () =>
        socket.destroy(),
      ),
    null,
  ],
] as const satisfies readonly (readonly [string, (socket: TLSSocket) => void, string | null])[])
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    test(`${version} upstream, ${what}: ${failure ?? 'whole'}`, async () => {
      await using server = await new SecureRaw(version, answer).start()
      await using started = await startGateway(server.yaml())
      const answered = send(started.port(), { host: 'a.example' })
      if (failure === null) assert.equal((await answered).status, 200)
      else await assert.rejects(answered)
      const line = await started.line(one => one['http.response.status_code'] === 200)
      assert.equal(line['portcullis.failure'], failure ?? undefined)
    })

test('an end that is said while the client does not read is no less said', async () => {
  let size = 0
  await using server = await new SecureRaw('TLSv1.3', socket => {
    socket.end(Buffer.alloc(HEAD.length + size, HEAD.padEnd(HEAD.length + size, 'x')))
  }).start()
  await using started = await startGateway(server.yaml())
  await aroundLimit(async wanted => {
    size = wanted
    const before = started.lines.length
    const client = connect(started.port(), '127.0.0.1').pause()
    client.write(`GET /${wanted} HTTP/1.0\r\nHost: a.example\r\n\r\n`)
    const fits = (await settled(() => started.lines.length)) > before
    let bytes = 0
    client.on('data', (chunk: Buffer) => (bytes += chunk.length)).resume()
    await once(client, 'end')
    assert.ok(bytes > wanted, `${bytes} of ${wanted} bytes`)
    const line = await started.line(one => one['url.path'] === `/${wanted}`)
    assert.equal(line['portcullis.failure'], undefined)
    // Whether all of it was read, and so its end seen, before the client read anything.
    return fits
  })
})

test('we say the end of what is whole, and of nothing else', async t => {
  if (!requirePeer(t, 'openssl')) return
  const chunk = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'
  await using upstream = await RawUpstream.start(conversation => {
    for (const { start } of conversation.requests) {
      if (start.startsWith('GET /whole ')) conversation.write(`${chunk}0\r\n\r\n`)
      else conversation.socket.write(chunk, () => conversation.socket.destroy())
    }
  })
  await using started = await startGateway(
    yamlOf(
      gateway([httpsListener('https', ['pair'])]),
      tlsSecret('pair', pair),
      httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
      backend('up', [upstream.port]),
    ),
  )
  for (const [path, expected] of [
    ['/whole', false],
    ['/half', true],
  ] as const)
    for (const version of ['-tls1_2', '-tls1_3']) {
      const text = await run(
        'openssl',
        [
          's_client',
          '-connect',
          `127.0.0.1:${started.port(443)}`,
          '-servername',
          'a.example',
          '-quiet',
          version,
        ],
        `GET ${path} HTTP/1.0\r\nHost: a.example\r\n\r\n`,
      )
      assert.match(text, /hello/)
      assert.equal(/unexpected eof/.test(text), expected, text)
    }
})
