import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import type { Socket } from 'node:net'
import { suite, test } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { Authority, tlsSecret } from '../support/certificates.ts'
import { attacker, connectFrom, neighbour } from '../support/from.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { clientPolicy, plain } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { clientHello, httpsListener } from '../support/tls.ts'

const authority = await Authority.make()
const pair = await authority.issue({ names: ['a.example'] })
const trust = { ca: authority.root, servername: 'a.example' }
const hello = await clientHello(trust)
const get = (path = '/'): string => `GET ${path} HTTP/1.1\r\nHost: a.example\r\n\r\n`

/** Nothing runs out of time here: whoever is gone was displaced. */
const patient = { timeouts: { head: '0s', idle: '0s', bodyIdle: '0s' } }

function yaml(tls: boolean, upstream: number, client: object): string {
  if (!tls) return plain(upstream, { client: { ...patient, ...client } })
  return yamlOf(
    gateway([httpsListener('https', ['pair'], { hostname: 'a.example' })]),
    tlsSecret('pair', pair),
    httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
    backend('up', [upstream]),
    clientPolicy({ ...patient, ...client }),
  )
}

class Client {
  readonly socket: Socket
  text = ''

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => (this.text += chunk.toString('latin1')))
    socket.on('error', () => {})
  }

  /** Ready to ask: by TLS its handshake is over. Rejects where the gateway ends it first. */
  static async to(started: TestGateway, tls: boolean, from: string): Promise<Client> {
    const socket = await connectFrom(from, started.port())
    if (!tls) return new Client(socket)
    const secured: TLSSocket = connectTls({ socket, ...trust })
    const client = new Client(secured)
    await Promise.race([
      once(secured, 'secureConnect'),
      once(secured, 'close').then(() => Promise.reject(new Error('the handshake was ended'))),
    ])
    return client
  }

  get over(): boolean {
    return this.socket.closed || this.socket.readableEnded
  }

  /** Resolves with all that came, once that is as wanted or the connection is over. */
  async until(wanted: RegExp): Promise<string> {
    const { socket } = this
    while (!wanted.test(this.text) && !this.over)
      await new Promise<void>(resolve => {
        for (const event of ['data', 'end', 'close']) socket.once(event, () => resolve())
      })
    return this.text
  }

  async ask(path = '/'): Promise<string> {
    this.text = ''
    this.socket.write(get(path))
    return this.until(/x$/)
  }
}

/** What the attacker's connections are made to be. */
const attacks: Readonly<Record<string, (started: TestGateway, tls: boolean) => Promise<Socket>>> = {
  silent: started => connectFrom(attacker, started.port()),
  'with a part of what they begin with': async (started, tls) => {
    const socket = await connectFrom(attacker, started.port())
    socket.write(tls ? hello.subarray(0, 9) : 'GET / HT')
    return socket
  },
  'idle after a request': async (started, tls) => {
    const client = await Client.to(started, tls, attacker)
    await client.ask()
    return client.socket
  },
  'busy with a request that is never answered': async (started, tls) => {
    const client = await Client.to(started, tls, attacker)
    client.socket.write(get('/never'))
    return client.socket
  },
}

async function withUpstream(work: (upstream: RawUpstream) => Promise<void>): Promise<void> {
  await using upstream = await RawUpstream.start(conversation => {
    if (!conversation.requests.at(-1)!.start.includes('/never')) conversation.write(ok('x'))
  })
  await work(upstream)
}

for (const tls of [false, true])
  suite(`when all connections of a port are taken (${tls ? 'TLS' : 'plain'})`, () => {
    for (const [what, attack] of Object.entries(attacks))
      test(`by one client's, ${what}, its neighbour is served, and served on`, () =>
        withUpstream(async upstream => {
          await using started = await startGateway(yaml(tls, upstream.port, { limits: { connections: 20 } }))
          const known = await Client.to(started, tls, neighbour)
          assert.match(await known.ask(), /^HTTP\/1\.1 200 /)
          const taken: Socket[] = []
          for (let i = 0; i < 30; i++) {
            taken.push(await attack(started, tls).catch(() => connectFrom(attacker, started.port())))
            if (i % 10 !== 9) continue
            const one = await Client.to(started, tls, neighbour)
            assert.match(await one.ask(), /^HTTP\/1\.1 200 /)
            one.socket.destroy()
            // Idle as it is, it is not taken from who holds little as long as who holds most has others than busy ones.
            if (!what.startsWith('busy')) assert.match(await known.ask(), /^HTTP\/1\.1 200 /)
          }
          await started.line(line => line['portcullis.rejection'] === 'connection_displaced')
          for (const socket of [...taken, known.socket]) socket.destroy()
        }))
  })

test('a port of one client alone is not full for it as long as it has an idle connection', () =>
  withUpstream(async upstream => {
    await using started = await startGateway(yaml(false, upstream.port, { limits: { connections: 2 } }))
    const clients = [await Client.to(started, false, attacker), await Client.to(started, false, attacker)]
    for (const client of clients) assert.match(await client.ask(), /^HTTP\/1\.1 200 /)
    const third = await Client.to(started, false, attacker)
    assert.match(await third.ask(), /^HTTP\/1\.1 200 /)
    await clients[0]!.until(/never/)
    assert.equal(clients[0]!.over, true)
    for (const { socket } of [third, clients[1]!]) socket.destroy()
  }))

test('a client of HTTP/2 whose idle connection goes is told so', () =>
  withUpstream(async upstream => {
    await using started = await startGateway(yaml(false, upstream.port, { limits: { connections: 2 } }))
    const socket = await connectFrom(attacker, started.port())
    const session = connectHttp2('http://a.example', { createConnection: () => socket }).on('error', () => {})
    const goaway = once(session, 'goaway')
    const stream = session.request({ ':path': '/' }).resume()
    await once(stream, 'close')
    const taken = [await connectFrom(neighbour, started.port()), await connectFrom(attacker, started.port())]
    const [code] = (await goaway) as [number]
    assert.equal(code, 0)
    for (const one of [...taken, socket]) one.destroy()
    session.destroy()
  }))

suite('a worker', () => {
  test('that has all its connections serves who holds less, on whatever port', () =>
    withUpstream(async upstream => {
      const two = gateway([{ name: 'a' }, { name: 'b', port: 81 }])
      const route = httpRoute('all', { rules: [{ backendRefs: [to('up')] }] })
      await using started = await startGateway(
        yamlOf(two, route, backend('up', [upstream.port]), clientPolicy(patient)),
        { maxConnections: 10 },
      )
      const taken = await Promise.all(
        Array.from({ length: 15 }, () => connectFrom(attacker, started.port(80))),
      )
      const socket = await connectFrom(neighbour, started.port(81))
      socket.write(get())
      const [chunk] = (await once(socket, 'data')) as [Buffer]
      assert.match(chunk.toString('latin1'), /^HTTP\/1\.1 200 /)
      for (const one of [...taken, socket]) one.destroy()
    }))
})

for (const [what, policy] of [
  ['connections that have said nothing', { limits: { openings: 5 } }],
  ['TLS handshakes', { limits: { handshakes: 5 } }],
] as const)
  test(`beyond the limit of ${what}, the neighbour of who holds them has a place`, () =>
    withUpstream(async upstream => {
      await using started = await startGateway(yaml(true, upstream.port, policy))
      const rule = 'handshakes' in policy.limits ? 'tls_overloaded' : 'connection_displaced'
      const taken: Socket[] = []
      for (let i = 0; i < 20; i++) {
        const socket = await connectFrom(attacker, started.port())
        if ('handshakes' in policy.limits) socket.write(hello)
        taken.push(socket)
      }
      const client = await Client.to(started, true, neighbour)
      assert.match(await client.ask(), /^HTTP\/1\.1 200 /)
      await started.line(line => line['portcullis.rejection'] === rule && line['client.address'] === attacker)
      assert.ok(
        !started.lines.some(line => line['client.address'] === neighbour && line['portcullis.rejection']),
      )
      for (const one of [...taken, client.socket]) one.destroy()
    }))

test('what is silent, passed on or refused counts as no handshake', () =>
  withUpstream(async upstream => {
    await using started = await startGateway(yaml(true, upstream.port, { limits: { handshakes: 1 } }))
    const taken: Socket[] = []
    for (let i = 0; i < 5; i++) {
      const silent = await connectFrom(attacker, started.port())
      const unknown = await connectFrom(attacker, started.port())
      unknown.write(await clientHello({ servername: 'b.example' }))
      taken.push(silent, unknown)
    }
    const slow = await connectFrom(neighbour, started.port())
    slow.write(hello)
    await once(slow, 'data')
    assert.ok(!started.lines.some(line => line['portcullis.rejection'] === 'tls_overloaded'))
    for (const one of [...taken, slow]) one.destroy()
  }))

suite('a balancer', () => {
  const limited = { limits: { connections: 10 } }

  test('does not lose its connections for holding most', () =>
    withUpstream(async upstream => {
      await using started = await startGateway(
        yaml(false, upstream.port, { ...limited, trustedPeers: [`${neighbour}/32`] }),
      )
      const balancer = await Promise.all(
        Array.from({ length: 8 }, () => Client.to(started, false, neighbour)),
      )
      const taken = await Promise.all(Array.from({ length: 10 }, () => connectFrom(attacker, started.port())))
      for (const client of balancer) assert.match(await client.ask(), /^HTTP\/1\.1 200 /)
      for (const one of [...taken, ...balancer.map(({ socket }) => socket)]) one.destroy()
    }))

  test('that has all connections has those turned away who come, as where nothing is shared', () =>
    withUpstream(async upstream => {
      await using started = await startGateway(
        yaml(false, upstream.port, { ...limited, trustedPeers: [`${neighbour}/32`] }),
      )
      const balancer = await Promise.all(
        Array.from({ length: 10 }, () => Client.to(started, false, neighbour)),
      )
      for (const client of balancer) assert.match(await client.ask(), /^HTTP\/1\.1 200 /)
      const late = await Client.to(started, false, attacker)
      assert.match(await late.until(/\r\n\r\n/), /^HTTP\/1\.1 503 /)
      for (const { socket } of [late, ...balancer]) socket.destroy()
    }))

  test('is one client with everybody else where sharing is off: the oldest silent connection goes', () =>
    withUpstream(async upstream => {
      await using started = await startGateway(yaml(false, upstream.port, { ...limited, sharing: 'off' }))
      const first = await Client.to(started, false, neighbour)
      const taken = await Promise.all(Array.from({ length: 10 }, () => connectFrom(attacker, started.port())))
      await first.until(/never/)
      assert.equal(first.over, true)
      for (const one of taken) one.destroy()
    }))
})

test('who is only sending the rest of a request that was answered yields like who is idle', async () => {
  await using upstream = await RawUpstream.answering(() => ok('x'))
  await using started = await startGateway(yaml(false, upstream.port, { limits: { connections: 1 } }))
  const first = await Client.to(started, false, attacker)
  first.socket.write('TRACE / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 60000\r\n\r\nx')
  assert.match(await first.until(/405/), /^HTTP\/1\.1 405 (?!.*Connection: close)/s)
  const second = await Client.to(started, false, neighbour)
  second.socket.write(get())
  assert.match(await second.until(/x$/), /^HTTP\/1\.1 200 /)
  second.socket.destroy()
  first.socket.destroy()
})
