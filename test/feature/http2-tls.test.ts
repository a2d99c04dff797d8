import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { connect as connectTls } from 'node:tls'
import { after, test } from 'node:test'
import { Authority, tlsSecret } from '../support/certificates.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { clientPolicy } from '../support/policies.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { httpsListener } from '../support/tls.ts'
import { TestUpstream, type Echo } from '../support/upstream.ts'

const authority = await Authority.make('servers')
const server = await authority.issue({ names: ['a.example', 'b.example'] })
const upstream = await TestUpstream.start()
after(() => upstream[Symbol.asyncDispose]())

function start(...policies: readonly object[]): Promise<TestGateway> {
  return startGateway(
    yamlOf(
      gateway([
        httpsListener('a', ['server'], { hostname: 'a.example' }),
        httpsListener('b', ['server'], { hostname: 'b.example' }),
      ]),
      tlsSecret('server', server),
      httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
      backend('up', [upstream.port]),
      ...policies,
    ),
  )
}

async function negotiated(port: number, ...offered: string[]): Promise<string | false | null> {
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    servername: 'a.example',
    ca: authority.root,
    ALPNProtocols: offered,
  })
  await once(socket, 'secureConnect')
  const { alpnProtocol } = socket
  socket.destroy()
  return alpnProtocol
}

/** One request over HTTP/2; `authority_` may name another listener's host than the handshake did. */
async function ask(port: number, host: string): Promise<{ status: number; body: string }> {
  const session = connect(`https://127.0.0.1:${port}`, { servername: 'a.example', ca: authority.root })
  session.on('error', () => {})
  const stream = session.request({ ':authority': host, ':path': '/x' })
  const [headers] = (await once(stream, 'response')) as [{ ':status': number }]
  let body = ''
  for await (const chunk of stream) body += String(chunk)
  session.close()
  await once(session, 'close')
  return { status: headers[':status'], body }
}

test('a client that offers h2 gets it, one that offers nothing else HTTP/1.1', async () => {
  await using running = await start()
  assert.equal(await negotiated(running.port(443), 'h2', 'http/1.1'), 'h2')
  assert.equal(await negotiated(running.port(443), 'http/1.1'), 'http/1.1')
})

test('ClientPolicy may take HTTP/2 away', async () => {
  await using running = await start(clientPolicy({ tls: { alpn: ['http/1.1'] } }))
  assert.equal(await negotiated(running.port(443), 'h2', 'http/1.1'), 'http/1.1')
})

test('a request by HTTP/2 over TLS is proxied as https', async () => {
  await using running = await start()
  const { status, body } = await ask(running.port(443), 'a.example')
  assert.equal(status, 200)
  const { url, headers } = JSON.parse(body) as Echo
  assert.equal(url, '/x')
  assert.equal(
    new Map(headers.map(([name, value]) => [name.toLowerCase(), value])).get('x-forwarded-proto'),
    'https',
  )
})

test('a coalesced request for the host of another listener is misdirected', async () => {
  await using running = await start()
  assert.equal((await ask(running.port(443), 'b.example')).status, 421)
})
