import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect, type IncomingHttpHeaders } from 'node:http2'
import { suite, test } from 'node:test'
import { ServerCredentials, status as codes } from '@grpc/grpc-js'
import { AuthService, type Question } from '../support/auth-service.ts'
import { Authority, caConfigMap, tlsSecret, type KeyPair } from '../support/certificates.ts'
import { send } from '../support/client.ts'
import { ExtAuthzServer } from '../support/ext-authz.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { grpcBackend, grpcRoute } from '../support/grpc-gateway.ts'
import { EchoClient, EchoServer } from '../support/grpc.ts'
import { externalAuthPolicy } from '../support/policies.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { RawClient, RawServer } from '../support/raw.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { SecureUpstream } from '../support/secure-upstream.ts'
import { Seen } from '../support/until.ts'
import { TestUpstream } from '../support/upstream.ts'

/** Lets those pass who say the word. */
const knock = ({ headers }: Question, response: ServerResponse): void =>
  void response.writeHead(headers.authorization === 'Bearer good' ? 200 : 401, ['Set-Cookie', 'a=1']).end()

const good = { Authorization: 'Bearer good' }

function running(up: number, auth: number, ...more: readonly object[]): Promise<TestGateway> {
  return startGateway(
    yamlOf(
      gateway(),
      httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
      backend('up', [up]),
      backend('auth', [auth]),
      externalAuthPolicy(),
      ...more,
    ),
  )
}

suite('whatever a client speaks', () => {
  test('a handshake of an upgrade is asked about, and what follows is not', async () => {
    await using upstream = await RawServer.start(socket => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n')
        socket.pipe(socket)
      })
    })
    await using service = await AuthService.start(knock)
    await using portcullis = await running(upstream.port, service.port)
    const handshake = 'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: upgrade\r\nUpgrade: echo\r\n'
    await using refused = await RawClient.to(portcullis.port())
    refused.write(`${handshake}\r\n`)
    assert.match(await refused.until(/\r\n\r\n/), /^HTTP\/1\.1 401 /)
    assert.equal(upstream.sockets.size, 0)
    await using taken = await RawClient.to(portcullis.port())
    taken.write(`${handshake}Authorization: Bearer good\r\n\r\n`)
    const head = await taken.until(/\r\n\r\n/)
    assert.match(head, /^HTTP\/1\.1 101 /)
    assert.match(head, /^Set-Cookie: a=1\r$/m)
    taken.write('hello')
    await taken.until(/hello$/)
    assert.equal(service.asked.length, 2)
    assert.equal(service.asked[1]?.headers.upgrade, undefined)
  })

  test('by HTTP/2 the same', async () => {
    await using upstream = await TestUpstream.start()
    await using service = await AuthService.start(knock)
    await using portcullis = await running(upstream.port, service.port)
    const session = connect(`http://127.0.0.1:${portcullis.port()}`)
    const ask = async (headers: object): Promise<IncomingHttpHeaders> => {
      const stream = session.request({ ':path': '/a?b', ':authority': 'h2.example', ...headers })
      const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders]
      stream.resume()
      await once(stream, 'end')
      return answer
    }
    assert.equal((await ask({}))[':status'], 401)
    const allowed = await ask({ authorization: 'Bearer good' })
    assert.deepEqual([allowed[':status'], allowed['set-cookie']], [200, ['a=1']])
    assert.deepEqual([service.asked[1]?.url, service.asked[1]?.headers.host], ['/a?b', 'h2.example'])
    session.destroy()
    if (!session.closed) await once(session, 'close')
  })

  test('a call of gRPC is refused by its status', async () => {
    await using upstream = await EchoServer.start()
    const statuses: Record<string, number> = { good: 200, unknown: 401, forbidden: 403, broken: 500 }
    await using service = await AuthService.start(({ headers }, response) =>
      response.writeHead(statuses[headers.authorization ?? ''] ?? 401).end('words'),
    )
    await using portcullis = await startGateway(
      yamlOf(
        gateway(),
        grpcRoute('g', { rules: [{ backendRefs: [to('up')] }] }),
        grpcBackend('up', [upstream.port]),
        backend('auth', [service.port]),
        externalAuthPolicy({
          targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'GRPCRoute', name: 'g' }],
        }),
      ),
    )
    using client = new EchoClient(portcullis.port())
    for (const [authorization, code] of [
      ['good', codes.OK],
      ['unknown', codes.UNAUTHENTICATED],
      ['forbidden', codes.PERMISSION_DENIED],
      ['broken', codes.UNAVAILABLE],
    ] as const) {
      const outcome = await client.unary({ text: 'a' }, { metadata: { authorization } })
      assert.deepEqual([authorization, outcome.code], [authorization, code])
    }
    assert.equal(service.asked[0]?.url, '/test.Echo/Unary')
  })
})

const serving = ({ chain, key }: KeyPair) => ({ cert: chain, key })

suite('a service over TLS', async () => {
  const authority = await Authority.make('services')
  const right = await authority.issue({ names: ['auth.example'] })
  const wrong = await authority.issue({ names: ['other.example'] })
  const ours = await authority.issue({ commonName: 'the gateway' })
  const secured = [
    caConfigMap('ca', authority.root),
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'BackendTLSPolicy',
      metadata: { name: 'auth' },
      spec: {
        targetRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'auth' }],
        validation: {
          hostname: 'auth.example',
          caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }],
        },
      },
    },
  ]

  test('is asked where it proves who it is', async () => {
    await using upstream = await TestUpstream.start()
    await using service = await SecureUpstream.start(serving(right))
    await using portcullis = await running(upstream.port, service.port, ...secured)
    assert.equal((await send(portcullis.port())).status, 200)
    assert.deepEqual([service.requests, service.handshakes[0]?.name], [1, 'auth.example'])
  })

  test('is told nothing where it does not', async () => {
    await using upstream = await TestUpstream.start()
    await using service = await SecureUpstream.start(serving(wrong))
    await using portcullis = await running(upstream.port, service.port, ...secured)
    assert.equal((await send(portcullis.port())).status, 503)
    const line = await portcullis.line(() => true)
    assert.match(String(line['portcullis.failure.reason']), /^tls_certificate_error/)
    assert.deepEqual([service.requests, upstream.connections], [0, 0])
  })

  test('speaks gRPC, too', async () => {
    await using upstream = await TestUpstream.start()
    const credentials = ServerCredentials.createSsl(null, [
      { cert_chain: Buffer.from(right.chain), private_key: Buffer.from(right.key) },
    ])
    await using service = await ExtAuthzServer.start(
      (_, done) => done(null, { status: { code: 7 } }),
      credentials,
    )
    await using portcullis = await startGateway(
      yamlOf(
        gateway(),
        httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
        backend('up', [upstream.port]),
        backend('auth', [service.port]),
        externalAuthPolicy({ protocol: 'GRPC' }),
        ...secured,
      ),
    )
    assert.equal((await send(portcullis.port())).status, 403)
  })

  for (const kind of ['Gateway', 'HTTPRoute'] as const)
    test(`is shown the certificate of the Gateway, for a policy of ${kind}`, async () => {
      await using upstream = await TestUpstream.start()
      await using service = await SecureUpstream.start({
        ...serving(right),
        ca: authority.root,
        requestCert: true,
      })
      const declared = {
        ...gateway(),
        spec: {
          gatewayClassName: 'portcullis',
          listeners: [{ name: 'http', protocol: 'HTTP', port: 80 }],
          tls: { backend: { clientCertificateRef: { name: 'ours' } } },
        },
      }
      const name = kind === 'Gateway' ? 'gw' : 'r'
      await using portcullis = await startGateway(
        yamlOf(
          declared,
          tlsSecret('ours', ours),
          httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
          backend('up', [upstream.port]),
          backend('auth', [service.port]),
          externalAuthPolicy({ targetRefs: [{ group: 'gateway.networking.k8s.io', kind, name }] }),
          ...secured,
        ),
      )
      assert.equal((await send(portcullis.port())).status, 200)
      assert.match(service.handshakes[0]?.client ?? '', /the gateway/)
    })
})

test('who is not let in holds up nobody beside', async () => {
  await using upstream = await TestUpstream.start()
  const held = new Seen<ServerResponse>()
  await using slow = await AuthService.start((question, response) => {
    if (question.headers.authorization === 'Bearer good') response.end()
    else held.push(response)
  })
  await using other = await AuthService.start()
  const of = (name: string) => ({
    targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name }],
  })
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
      httpRoute('beside', { rules: [{ matches: [prefix('/beside')], backendRefs: [to('up')] }] }),
      backend('up', [upstream.port]),
      backend('auth', [slow.port]),
      backend('other', [other.port]),
      externalAuthPolicy({ ...of('r'), cache: { maxAge: '1h' } }),
      externalAuthPolicy({ ...of('beside'), backendRef: to('other') }, 'beside'),
      {
        apiVersion: 'portcullis.dev/v1alpha1',
        kind: 'BackendPolicy',
        metadata: { name: 'auth' },
        spec: {
          targetRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'auth' }],
          connections: { max: 4, maxPending: 20 },
        },
      },
    ),
  )
  assert.equal((await send(portcullis.port(), { headers: good })).status, 200)
  const attackers = await Promise.all(Array.from({ length: 60 }, () => RawClient.to(portcullis.port())))
  for (const [i, attacker] of attackers.entries())
    attacker.write(`GET / HTTP/1.1\r\nHost: a.example\r\nAuthorization: Bearer ${i}\r\n\r\n`)
  await held.count(4)
  for (let i = 0; i < 5; i++) {
    assert.equal((await send(portcullis.port(), { headers: good })).status, 200)
    assert.equal((await send(portcullis.port(), { path: '/beside' })).status, 200)
  }
  for (const attacker of attackers) attacker.socket.destroy()
  // Places of those who have gone are there for others.
  assert.equal((await send(portcullis.port(), { headers: { ...good, 'X-New': '1' } })).status, 200)
})

test('all workers of a process ask', async () => {
  await using upstream = await TestUpstream.start((_, response) => response.end('hello'))
  await using service = await AuthService.start(knock)
  const port = await freePort()
  const yaml = (...more: readonly object[]): string =>
    yamlOf(
      gateway([{ name: 'http', port }]),
      httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
      backend('up', [upstream.port]),
      backend('auth', [service.port]),
      ...more,
    )
  using folder = new Folder({ 'all.yaml': yaml(externalAuthPolicy()) })
  await using run = await RunProcess.start([folder.path], '--workers', '2')
  await run.started()
  for (let i = 0; i < 12; i++) {
    assert.equal((await send(port)).status, 401)
    assert.equal((await send(port, { headers: good })).body, 'hello')
  }
  assert.equal(service.asked.length, 24)
  // Broken, it keeps its last good version in force.
  folder.write('all.yaml', yaml(externalAuthPolicy({ protocol: 'SOAP' })))
  await run.log.first(
    line => line['event'] === 'resource.problem' || String(line['message']).includes('SOAP'),
  )
  assert.equal((await send(port)).status, 401)
})
