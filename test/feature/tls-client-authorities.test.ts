import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { after, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { Authority, caConfigMap, tlsSecret, type KeyPair } from '../support/certificates.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { ask, askOnce, httpsListener, secure } from '../support/tls.ts'
import { Seen } from '../support/until.ts'
import { TestUpstream } from '../support/upstream.ts'

// What becomes of connections when the authorities of their clients change.

const authority = await Authority.make('servers')
const first = await Authority.make('first')
const second = await Authority.make('second')
const below = await first.delegate('below the first')
const server = await authority.issue({ names: ['a.example'] })
const ofFirst = await first.issue({ commonName: 'one of the first' })
const ofBelow = await below.issue({ commonName: 'one from below' })
const ofSecond = await second.issue({ commonName: 'one of the second' })

/** Answers at once, but /slow when it is told to; takes every tunnel. */
const slow = new Seen<() => void>()
const upstream = await TestUpstream.start((request, response) => {
  if (request.url === '/slow') slow.push(() => response.end('slow'))
  else response.end('fast')
})
upstream.server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
  const key = `${request.headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
  const accept = createHash('sha1').update(key).digest('base64')
  socket.on('error', () => {})
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  socket.pipe(socket)
})
after(() => upstream[Symbol.asyncDispose]())

function yaml(roots: readonly string[], mode = 'AllowValidOnly'): string {
  const validation = { mode, caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }] }
  const declared = gateway([httpsListener('https', ['server'])]) as { spec: object }
  return yamlOf(
    { ...declared, spec: { ...declared.spec, tls: { frontend: { default: { validation } } } } },
    tlsSecret('server', server),
    caConfigMap('ca', roots.join('')),
    httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
    backend('up', [upstream.port]),
  )
}

const trust = { ca: authority.root, servername: 'a.example' }
const as = ({ chain, key }: KeyPair): object => ({ ...trust, cert: chain, key })

/** A connection of either protocol, as these tests use it. */
interface Connection extends Disposable {
  /** The body of the answer, the connection being kept. */
  get(path: string): Promise<string>
  /** Bytes through a tunnel. */
  tunnel(): Promise<Duplex>
  readonly ended: Promise<unknown>
}

async function http1(port: number, options: object): Promise<Connection> {
  const socket = await secure(port, options)
  return {
    get: async path => (await ask(socket, 'a.example', '', path)).body,
    tunnel: () => upgrade(socket),
    ended: once(socket, 'end'),
    [Symbol.dispose]: () => socket.destroy(),
  }
}

async function upgrade(socket: TLSSocket): Promise<TLSSocket> {
  const lines = 'Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
  socket.write(
    `GET / HTTP/1.1\r\nHost: a.example\r\n${lines}Sec-WebSocket-Key: ${btoa('0123456789abcdef')}\r\n\r\n`,
  )
  const [head] = (await once(socket, 'data')) as [Buffer]
  assert.match(String(head), /^HTTP\/1\.1 101 /)
  return socket
}

async function http2(port: number, options: object): Promise<Connection> {
  const session = connect(`https://127.0.0.1:${port}`, options)
  session.on('error', () => {})
  await once(session, 'remoteSettings')
  return {
    get: path => bodyOf(session.request({ ':authority': 'a.example', ':path': path })),
    tunnel: () => extendedConnect(session),
    ended: once(session, 'close'),
    [Symbol.dispose]: () => session.destroy(),
  }
}

async function bodyOf(stream: ClientHttp2Stream): Promise<string> {
  let body = ''
  for await (const chunk of stream) body += String(chunk)
  return body
}

async function extendedConnect(session: ClientHttp2Session): Promise<ClientHttp2Stream> {
  const stream = session.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': 'https',
    ':path': '/',
    ':authority': 'a.example',
    'sec-websocket-version': '13',
  })
  stream.on('error', () => {})
  const [headers] = (await once(stream, 'response')) as [{ ':status': number }]
  assert.equal(headers[':status'], 200)
  return stream
}

for (const [protocol, open] of [
  ['HTTP/1.1', http1],
  ['HTTP/2', http2],
] as const) {
  const serving = async (
    work: (started: TestGateway, port: number) => Promise<void>,
    mode?: string,
  ): Promise<void> => {
    await using started = await startGateway(yaml([first.root, second.root], mode))
    await work(started, started.port(443))
  }

  for (const [who, pair] of [
    ['a client', ofFirst],
    ['a client of an authority below', ofBelow],
  ] as const)
    test(`${protocol}: one authority more ends no connection of ${who}`, async () => {
      await using started = await startGateway(yaml([first.root]))
      using connection = await open(started.port(443), as(pair))
      assert.equal(await connection.get('/'), 'fast')
      for (const roots of [[first.root, second.root], [second.root, first.root], [first.root]]) {
        await started.reload(yaml(roots))
        assert.equal(await connection.get('/'), 'fast')
      }
    })

  test(`${protocol}: one authority less ends the idle connections of its clients, and of nobody else`, () =>
    serving(async (started, port) => {
      using gone = await open(port, as(ofFirst))
      using goneToo = await open(port, as(ofBelow))
      using kept = await open(port, as(ofSecond))
      for (const connection of [gone, goneToo, kept]) assert.equal(await connection.get('/'), 'fast')
      await started.reload(yaml([second.root]))
      await Promise.all([gone.ended, goneToo.ended])
      assert.equal(await kept.get('/'), 'fast')
      await assert.rejects(askOnce(port, 'a.example', as(ofFirst)))
    }))

  test(`${protocol}: a request under way is answered before its connection ends`, () =>
    serving(async (started, port) => {
      const before = slow.all.length
      using connection = await open(port, as(ofFirst))
      const answer = connection.get('/slow')
      const release = (await slow.count(before + 1)).at(-1)!
      await started.reload(yaml([second.root]))
      release()
      assert.equal(await answer, 'slow')
      await connection.ended
    }))

  test(`${protocol}: a tunnel ends at once, for it has no answer to wait for`, () =>
    serving(async (started, port) => {
      using connection = await open(port, as(ofFirst))
      const tunnel = await connection.tunnel()
      using other = await open(port, as(ofSecond))
      const lasting = await other.tunnel()
      tunnel.on('error', () => {})
      const closed = new Promise(resolve => tunnel.once('close', resolve))
      tunnel.resume()
      await started.reload(yaml([second.root]))
      await closed
      lasting.write('still there')
      assert.equal(String((await once(lasting, 'data'))[0]), 'still there')
    }))

  test(`${protocol}: when a certificate is required, who showed one stays`, () =>
    serving(async (started, port) => {
      using nobody = await open(port, trust)
      using somebody = await open(port, as(ofFirst))
      for (const connection of [nobody, somebody]) assert.equal(await connection.get('/'), 'fast')
      await started.reload(yaml([first.root]))
      await nobody.ended
      assert.equal(await somebody.get('/'), 'fast')
    }, 'AllowInsecureFallback'))
}

test('a session that is resumed is of the client that began it', async () => {
  await using started = await startGateway(yaml([first.root, second.root]))
  const port = started.port(443)
  const socket = await secure(port, as(ofFirst))
  const [session] = (await once(socket, 'session')) as [Buffer]
  socket.destroy()
  const resumed = await secure(port, { ...as(ofFirst), session })
  const ended = once(resumed, 'end')
  assert.equal((await ask(resumed, 'a.example')).resumed, true)
  await started.reload(yaml([first.root]))
  assert.equal((await ask(resumed, 'a.example')).body, 'fast')
  await started.reload(yaml([second.root]))
  await ended
  resumed.destroy()
})
