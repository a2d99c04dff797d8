import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import type { Socket } from 'node:net'
import { suite, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { Authority, tlsSecret } from '../support/certificates.ts'
import { attacker, connectFrom, neighbour } from '../support/from.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { Haproxy } from '../support/haproxy.ts'
import { requirePeer } from '../support/peer.ts'
import { clientPolicy } from '../support/policies.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { SecureUpstream } from '../support/secure-upstream.ts'
import { httpsListener } from '../support/tls.ts'
import { TestUpstream, type Echo } from '../support/upstream.ts'

const authority = await Authority.make()
const pair = await authority.issue({ names: ['a.example', 'pass.example'] })

const V1 = Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.2 1234 443\r\n')
const V1_6 = Buffer.from('PROXY TCP6 2001:db8::7 2001:db8::2 1234 443\r\n')
const SIGNATURE = '0d0a0d0a000d0a515549540a'
const V2 = Buffer.from(`${SIGNATURE}2111000cc0000207c633640204d201bb`, 'hex')
const LOCAL = Buffer.from(`${SIGNATURE}20000000`, 'hex')
const REQUEST = 'GET / HTTP/1.1\r\nHost: a.example\r\nForwarded: for=x\r\nConnection: close\r\n\r\n'

const passthrough = {
  ...httpsListener('pass', [], { hostname: 'pass.example' }),
  protocol: 'TLS',
  tls: { mode: 'Passthrough' },
}
const tlsRoute = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'TLSRoute',
  metadata: { name: 'pass' },
  spec: {
    parentRefs: [{ name: 'gw', sectionName: 'pass' }],
    hostnames: ['pass.example'],
    rules: [{ backendRefs: [to('secure')] }],
  },
}

/** Plain HTTP on port 80; HTTPS for a.example and passthrough for pass.example on 443. */
async function serving(client: object, work: (started: TestGateway) => Promise<void>): Promise<void> {
  await using upstream = await TestUpstream.start()
  await using secure = await SecureUpstream.start({ cert: pair.chain, key: pair.key })
  await using started = await startGateway(
    yamlOf(
      gateway([{ name: 'http' }, httpsListener('https', ['pair'], { hostname: 'a.example' }), passthrough]),
      tlsSecret('pair', pair),
      httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
      tlsRoute,
      backend('up', [upstream.port]),
      backend('secure', [secure.port]),
      clientPolicy(client),
    ),
  )
  await work(started)
}

/** Everything that comes until the end; then it leaves. */
async function all(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket.on('error', () => {})) text += String(chunk)
  socket.destroy()
  return text
}

type Ask = (started: TestGateway, header: Buffer) => Promise<string>

async function overTls(started: TestGateway, header: Buffer, servername: string): Promise<string> {
  const socket = await connectFrom(neighbour, started.port(443))
  socket.write(header)
  const secured = connectTls({ socket, servername, ca: authority.root })
  await once(secured, 'secureConnect')
  secured.write(REQUEST)
  return all(secured)
}

const protocols: Readonly<Record<string, Ask>> = {
  'HTTP/1.1': async (started, header) => {
    const socket = await connectFrom(neighbour, started.port(80))
    socket.write(Buffer.concat([header, Buffer.from(REQUEST)]))
    return all(socket)
  },
  'HTTP/1.1, byte by byte': async (started, header) => {
    const socket = await connectFrom(neighbour, started.port(80))
    const answer = all(socket)
    for (const byte of Buffer.concat([header, Buffer.from(REQUEST)])) {
      socket.write(Buffer.from([byte]))
      await new Promise(setImmediate)
    }
    return answer
  },
  'HTTP/2 with prior knowledge': async (started, header) => {
    const socket = await connectFrom(neighbour, started.port(80))
    socket.write(header)
    const session = connectHttp2('http://a.example', { createConnection: () => socket })
    const stream = session.request({ ':path': '/', forwarded: 'for=x' })
    let text = ''
    for await (const chunk of stream) text += String(chunk)
    session.destroy()
    return text
  },
  HTTPS: (started, header) => overTls(started, header, 'a.example'),
}

for (const [protocol, ask] of Object.entries(protocols))
  suite(`in front of ${protocol}, the address in a header`, () => {
    for (const [what, header, address] of [
      ['of version 1', V1, '192.0.2.7'],
      ['of version 1, of IPv6', V1_6, '2001:db8::7'],
      ['of version 2', V2, '192.0.2.7'],
      ['that leaves it to the connection', LOCAL, neighbour],
    ] as const)
      test(`${what} is the client's for upstreams and in the log`, () =>
        serving({ proxyProtocol: {}, trustedHops: 1 }, async started => {
          const text = await ask(started, header)
          const { headers } = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) as Echo
          const seen = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]))
          assert.equal(seen['x-forwarded-for'], address)
          const node = address.includes(':') ? `"[${address}]"` : address
          assert.ok(seen['forwarded']?.startsWith(`for=x, for=${node};`), seen['forwarded'])
          const line = await started.line(one => one['http.response.status_code'] === 200)
          assert.equal(line['client.address'], address)
          assert.equal(line['network.peer.address'], address === neighbour ? undefined : neighbour)
        }))
  })

test('in front of TLS that is passed through, the log has the client, and the backend sees no header', () =>
  serving({ proxyProtocol: {} }, async started => {
    for (const header of [V1, V2])
      assert.match(await overTls(started, header, 'pass.example'), /^HTTP\/1\.1 200 /)
    const line = await started.line(one => one['portcullis.listener'] === 'default/gw/pass')
    assert.equal(line['client.address'], '192.0.2.7')
    assert.equal(line['network.peer.address'], neighbour)
  }))

suite('a connection is ended', () => {
  for (const [what, client, bytes, rule] of [
    ['without a header', {}, REQUEST, 'proxy_header_missing'],
    ['with half of one, and a FIN', {}, V1.subarray(0, 20), 'proxy_header_malformed'],
    ['with one that is wrong', {}, `PROXY TCP4 nobody\r\n${REQUEST}`, 'proxy_header_malformed'],
    ['with two of them, of which the second is no request', {}, Buffer.concat([V1, V2]), 'leading-line'],
    ['with one of another version', { versions: ['V2'] }, V1, 'proxy_header_version'],
  ] as const)
    test(`${what}: ${rule}`, () =>
      serving({ proxyProtocol: client }, async started => {
        const socket = await connectFrom(neighbour, started.port(80))
        socket.end(bytes)
        assert.doesNotMatch(await all(socket), / 200 /)
        const line = await started.line(one => one['portcullis.rejection'] === rule)
        assert.match(String(line['client.address']), /^(127\.0\.0\.2|192\.0\.2\.7)$/)
        assert.match(started.metrics(), new RegExp(`portcullis_rejections_total\\{rule="${rule}"\\} 1\n`))
      }))

  test('that does not say its header in time', () =>
    serving({ proxyProtocol: {}, timeouts: { head: '50ms' } }, async started => {
      for (const port of [80, 443]) {
        const socket = await connectFrom(neighbour, started.port(port))
        socket.write(V1.subarray(0, 10))
        assert.equal(await all(socket), '')
      }
      await started.line(one => one['portcullis.rejection'] === 'proxy_header_timeout')
    }))

  test('that is none of a trusted peer, where all are to be', () =>
    serving({ proxyProtocol: {}, trustedPeers: [neighbour] }, async started => {
      const stranger = await connectFrom(attacker, started.port(80))
      stranger.write(V1)
      assert.equal(await all(stranger), '')
      const line = await started.line(one => one['portcullis.rejection'] === 'proxy_header_untrusted')
      assert.equal(line['client.address'], attacker)
    }))

  test('and nobody is told of one that says nothing, as balancers do that look whether someone is there', () =>
    serving({ proxyProtocol: {} }, async started => {
      const silent = await connectFrom(neighbour, started.port(80))
      silent.end()
      assert.equal(await all(silent), '')
      assert.equal(started.lines.length, 0)
    }))
})

test('where a header is not required, trusted peers may do without, and nobody else is believed', () =>
  serving({ proxyProtocol: { required: false }, trustedPeers: [neighbour] }, async started => {
    const ask = async (from: string, bytes: string | Buffer): Promise<string> => {
      const socket = await connectFrom(from, started.port(80))
      socket.write(bytes)
      return all(socket)
    }
    assert.match(await ask(neighbour, REQUEST), / 200 /)
    assert.match(await ask(neighbour, Buffer.concat([V1, Buffer.from(REQUEST)])), / 200 /)
    assert.match(await ask(attacker, REQUEST), / 200 /)
    assert.match(await ask(attacker, Buffer.concat([V1, Buffer.from(REQUEST)])), /^HTTP\/1\.1 [45]\d\d /)
    for (const address of [neighbour, '192.0.2.7', attacker])
      await started.line(one => one['client.address'] === address && one['http.response.status_code'] === 200)
  }))

test('clients of one balancer have shares of their own: who holds most loses', () =>
  serving({ proxyProtocol: {}, trustedPeers: [neighbour], limits: { connections: 10 } }, async started => {
    const from = async (address: string): Promise<Socket> => {
      const socket = await connectFrom(neighbour, started.port(80))
      socket.write(`PROXY TCP4 ${address} 198.51.100.2 1 2\r\n`)
      return socket
    }
    const taken: Socket[] = []
    for (let i = 0; i < 15; i++) taken.push(await from('192.0.2.66'))
    const one = await from('192.0.2.7')
    one.write(REQUEST)
    assert.match(await all(one), / 200 /)
    const line = await started.line(entry => entry['portcullis.rejection'] === 'connection_displaced')
    assert.equal(line['client.address'], '192.0.2.66')
    for (const socket of taken) socket.destroy()
  }))

for (const options of ['send-proxy', 'send-proxy-v2', 'send-proxy-v2 proxy-v2-options crc32c,unique-id'])
  test(`behind haproxy with ${options}, plain and by TLS`, async t => {
    const program = requirePeer(t, 'haproxy')
    if (program === null) return
    await serving({ proxyProtocol: {}, trustedPeers: ['127.0.0.1'] }, async started => {
      for (const port of [80, 443]) {
        await using haproxy = await Haproxy.before(program, started.port(port), options)
        const socket = await connectFrom('127.0.0.9', haproxy.port)
        const client =
          port === 80 ? socket : connectTls({ socket, servername: 'a.example', ca: authority.root })
        client.write(REQUEST)
        const text = await all(client)
        assert.match(text, /^HTTP\/1\.1 200 /)
        assert.ok(text.includes('127.0.0.9'), text)
      }
      const line = await started.line(one => one['client.address'] === '127.0.0.9')
      assert.equal(line['network.peer.address'], '127.0.0.1')
    })
  })
