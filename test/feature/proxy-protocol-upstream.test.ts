import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { suite, test } from 'node:test'
import { Authority, caConfigMap, tlsSecret } from '../support/certificates.ts'
import { attacker, connectFrom, neighbour } from '../support/from.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { Haproxy } from '../support/haproxy.ts'
import { requirePeer } from '../support/peer.ts'
import { backendPolicy, plain } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { RawServer } from '../support/raw.ts'
import { backend, gateway, httpRoute, tcpRoute, to, yamlOf } from '../support/resources.ts'
import { ask, secure } from '../support/tls.ts'
import { Seen } from '../support/until.ts'

const authority = await Authority.make()
const pair = await authority.issue({ names: ['up.example'] })
const encrypted = [
  caConfigMap('ca', authority.root),
  {
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
  },
]
const told = (version: string): object => ({ connections: { proxyProtocol: version } })

/** A client that keeps its connection, and its port. */
class Client implements Disposable {
  readonly socket: Socket
  private text = ''

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => (this.text += chunk.toString('latin1')))
  }

  static async from(address: string, started: TestGateway): Promise<Client> {
    return new Client(await connectFrom(address, started.port(80)))
  }

  /** The body of the answer. */
  async ask(): Promise<string> {
    this.text = ''
    this.socket.write('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n')
    for (;;) {
      const [, length = '', body = ''] =
        /content-length: (\d+)[\s\S]*?\r\n\r\n([\s\S]*)$/i.exec(this.text) ?? []
      if (length !== '' && body.length >= Number(length)) return body
      await once(this.socket, 'data')
    }
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

suite('a backend is told whose a connection is (HAProxy, accept-proxy)', () => {
  /** Each row: how the backend is spoken to, and what HAProxy binds with. */
  for (const [protocol, bind] of [
    ['http', ''],
    ['h2c', 'proto h2'],
    ['https', 'ssl crt PAIR alpn http/1.1'],
    ['h2', 'ssl crt PAIR alpn h2'],
  ] as const)
    for (const version of ['V1', 'V2'])
      test(`${protocol}, ${version}`, async t => {
        const program = requirePeer(t, 'haproxy')
        if (program === null) return
        await using up = await Haproxy.behind(program, bind, pair.chain + pair.key)
        await using started = await startGateway(
          yamlOf(
            gateway(),
            httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
            {
              apiVersion: 'portcullis.dev/v1alpha1',
              kind: 'Backend',
              metadata: { name: 'up' },
              spec: { protocol, endpoints: [{ address: '127.0.0.1', port: up.port }] },
            },
            backendPolicy(told(version)),
            ...(bind.startsWith('ssl') ? encrypted : []),
          ),
        )
        using one = await Client.from(neighbour, started)
        using two = await Client.from(attacker, started)
        for (let i = 0; i < 3; i++)
          for (const [client, address] of [
            [one, neighbour],
            [two, attacker],
          ] as const)
            assert.equal(await client.ask(), `${address} ${client.socket.localPort!} ${started.port(80)}`)
      })
})

test('a connection is kept for its client, and is nobody else’s', async () => {
  const headers = new Seen<string>()
  await using upstream = await RawServer.start(socket => {
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      const [header] = /^PROXY [^\r]*\r\n/.exec(text) ?? []
      if (header !== undefined) {
        headers.push(header)
        text = text.slice(header.length)
      }
      if (text.endsWith('\r\n\r\n')) socket.write(ok('x'))
    })
  })
  await using started = await startGateway(plain(upstream.port, { upstream: told('V1') }))
  const port = started.port(80)
  using one = await Client.from(neighbour, started)
  using two = await Client.from(neighbour, started)
  for (let i = 0; i < 3; i++) for (const client of [one, two]) assert.equal(await client.ask(), 'x')
  assert.deepEqual(
    headers.all,
    [one, two].map(({ socket }) => `PROXY TCP4 ${neighbour} 127.0.0.1 ${socket.localPort!} ${port}\r\n`),
  )
})

test('who waits gets a connection of its own', async () => {
  await using upstream = await RawUpstream.start(() => {})
  await using started = await startGateway(
    plain(upstream.port, { upstream: { connections: { max: 1, proxyProtocol: 'V1' } } }),
  )
  using one = await Client.from(neighbour, started)
  using two = await Client.from(attacker, started)
  const first = one.ask()
  await upstream.until(({ requests }) => requests.length === 1)
  const second = two.ask()
  upstream.conversations[0]!.write(ok('x'))
  assert.equal(await first, 'x')
  await upstream.until(({ requests }) => requests.length === 2)
  upstream.conversations[1]!.write(ok('y'))
  assert.equal(await second, 'y')
  assert.equal(upstream.conversations.length, 2)
})

test('a connection of TCP begins with the header, and what follows is the client’s', async () => {
  const seen = new Seen<string>()
  await using upstream = await RawServer.start(socket => {
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('end', () => {
      seen.push(Buffer.concat(chunks).toString('hex'))
      socket.end()
    })
  })
  await using started = await startGateway(
    yamlOf(
      gateway([{ name: 'db', port: 80, protocol: 'TCP' }]),
      tcpRoute('db', [to('up')]),
      backend('up', [upstream.port]),
      backendPolicy(told('V2')),
    ),
  )
  const client = await connectFrom(neighbour, started.port(80))
  client.end('hello')
  const text = await seen.first()
  const [from, at] = [client.localPort!, started.port(80)].map(port => port.toString(16).padStart(4, '0'))
  assert.equal(
    text,
    `0d0a0d0a000d0a515549540a2111000c7f0000027f000001${from!}${at!}${Buffer.from('hello').toString('hex')}`,
  )
})

/** Each row: what becomes of the TLS of a client, and whether the backend is reached by TLS too. */
for (const [mode, again] of [
  ['Passthrough', false],
  ['Terminate', true],
] as const)
  test(`in front of TLS that is ${mode === 'Passthrough' ? 'passed through' : 'made anew'}`, async t => {
    const program = requirePeer(t, 'haproxy')
    if (program === null) return
    await using up = await Haproxy.behind(program, 'ssl crt PAIR alpn http/1.1', pair.chain + pair.key)
    const tls = again ? { mode, certificateRefs: [{ name: 'pair' }] } : { mode }
    await using started = await startGateway(
      yamlOf(
        gateway([{ name: 'tls', port: 443, protocol: 'TLS', tls }]),
        tlsSecret('pair', pair),
        {
          apiVersion: 'gateway.networking.k8s.io/v1',
          kind: 'TLSRoute',
          metadata: { name: 'up' },
          spec: {
            parentRefs: [{ name: 'gw' }],
            hostnames: ['up.example'],
            rules: [{ backendRefs: [to('up')] }],
          },
        },
        backend('up', [up.port]),
        backendPolicy(told('V2')),
        ...(again ? encrypted : []),
      ),
    )
    const socket = await secure(started.port(443), { ca: authority.root, servername: 'up.example' })
    const answer = await ask(socket, 'up.example')
    assert.equal(answer.body, `127.0.0.1 ${socket.localPort!} ${started.port(443)}`)
    socket.destroy()
  })
