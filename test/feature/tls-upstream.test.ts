import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Authority, caConfigMap, selfSigned, tlsSecret, type KeyPair } from '../support/certificates.ts'
import { send, type Answer } from '../support/client.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { backendPolicy } from '../support/policies.ts'
import { RawServer } from '../support/raw.ts'
import { gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { SecureUpstream } from '../support/secure-upstream.ts'
import { Seen } from '../support/until.ts'

const authority = await Authority.make('backends')
const others = await Authority.make('others')
const spiffe = 'spiffe://cluster.example/ns/shop/sa/items'
const right = await authority.issue({ names: ['items.example'], uris: [spiffe] })
const wild = await authority.issue({ names: ['*.items.example'] })
const nameless = await authority.issue({ commonName: 'items.example' })
const wrong = await authority.issue({ names: ['other.example'] })
const old = await authority.issue({ names: ['items.example'], days: -1 })
const strange = await others.issue({ names: ['items.example'] })
const own = await selfSigned({ names: ['items.example'] })
const byAddress = await authority.issue({ ips: ['127.0.0.1'] })
const ours = await authority.issue({ commonName: 'the gateway' })

interface Said {
  readonly hostname?: string
  readonly names?: readonly object[]
  readonly system?: boolean
  readonly root?: string
  /** No policy at all. */
  readonly none?: boolean
  readonly protocol?: string
  readonly address?: string
  readonly client?: KeyPair
  /** spec.tls of a BackendPolicy. */
  readonly bounds?: object
}

function yaml(port: number, said: Said = {}): string {
  const {
    hostname = 'items.example',
    names,
    system = false,
    root = authority.root,
    none = false,
    client,
  } = said
  const validation = {
    hostname,
    ...(names === undefined ? {} : { subjectAltNames: names }),
    ...(system
      ? { wellKnownCACertificates: 'System' }
      : { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }] }),
  }
  const policy = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'BackendTLSPolicy',
    metadata: { name: 'up' },
    spec: { targetRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'up' }], validation },
  }
  const declared = { ...gateway(), ...(client === undefined ? {} : { spec: presenting }) }
  return yamlOf(
    declared,
    httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
    {
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'Backend',
      metadata: { name: 'up' },
      spec: {
        endpoints: [{ address: said.address ?? '127.0.0.1', port }],
        ...(said.protocol === undefined ? {} : { protocol: said.protocol }),
      },
    },
    caConfigMap('ca', root),
    ...(none ? [] : [policy]),
    ...(client === undefined ? [] : [tlsSecret('client', client)]),
    ...(said.bounds === undefined ? [] : [backendPolicy({ tls: said.bounds })]),
  )
}

const presenting = {
  gatewayClassName: 'portcullis',
  listeners: [{ name: 'http', protocol: 'HTTP', port: 80 }],
  tls: { backend: { clientCertificateRef: { name: 'client' } } },
}

function ask(started: TestGateway): Promise<Answer> {
  return send(started.port(), { host: 'a.example' })
}

const system = { systemAuthorities: () => [authority.root] }

/** Each row: what the backend shows, what the policy says, and how the request ends. */
for (const [what, shown, said, failure] of [
  ['the right certificate', right, {}, null],
  ['a wildcard over the name', wild, { hostname: 'a.items.example' }, null],
  ['a wildcard over another name', wild, {}, 'tls_certificate_error'],
  ['another name', wrong, {}, 'tls_certificate_error'],
  ['the name as common name only', nameless, {}, 'tls_certificate_error'],
  ['an expired certificate', old, {}, 'tls_certificate_error'],
  ['a certificate of its own making', own, {}, 'tls_certificate_error'],
  ['a certificate of another authority', strange, {}, 'tls_certificate_error'],
  ['a wanted name', wrong, { names: [{ type: 'Hostname', hostname: 'other.example' }] }, null],
  [
    'the host name, where another is wanted',
    right,
    { names: [{ type: 'Hostname', hostname: 'x.example' }] },
    'tls_certificate_error',
  ],
  [
    'one of the wanted names',
    right,
    {
      names: [
        { type: 'Hostname', hostname: 'x.example' },
        { type: 'URI', uri: spiffe },
      ],
    },
    null,
  ],
  ['another URI', right, { names: [{ type: 'URI', uri: `${spiffe}x` }] }, 'tls_certificate_error'],
  ['what the system trusts', right, { system: true }, null],
  ['what the system does not trust', strange, { system: true }, 'tls_certificate_error'],
  ['its address, without any policy', byAddress, { none: true, protocol: 'https' }, null],
  [
    'a name, where it has none but its address',
    right,
    { none: true, protocol: 'https' },
    'tls_certificate_error',
  ],
] as const satisfies readonly (readonly [string, KeyPair, Said, string | null])[])
  test(`a backend that shows ${what}: ${failure ?? 'served'}`, async () => {
    await using upstream = await SecureUpstream.start({ cert: shown.chain, key: shown.key })
    await using started = await startGateway(yaml(upstream.port, said), system)
    const answer = await ask(started)
    assert.equal(answer.status, failure === null ? 200 : 502)
    assert.equal(upstream.requests, failure === null ? 1 : 0)
    const line = await started.line(one => one['http.response.status_code'] !== undefined)
    assert.equal(line['portcullis.failure'], failure ?? undefined)
    if (failure === null && !('none' in said))
      assert.equal(upstream.handshakes[0]?.name, 'hostname' in said ? said.hostname : 'items.example')
  })

test('not a byte of a request goes to a backend that is not who was meant', async () => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const seen: string[] = []
    await using upstream = await SecureUpstream.start({ cert: wrong.chain, key: wrong.key, maxVersion })
    upstream.server.on('secureConnection', socket =>
      socket.on('data', (chunk: Buffer) => seen.push(String(chunk))),
    )
    await using started = await startGateway(yaml(upstream.port))
    const answer = await send(started.port(), { method: 'POST', host: 'a.example', body: 'secret' })
    assert.equal(answer.status, 502)
    assert.deepEqual(seen, [])
  }
})

test('a backend that does not speak TLS is told apart', async () => {
  await using upstream = await RawServer.start(socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await using started = await startGateway(yaml(upstream.port))
  assert.equal((await ask(started)).status, 502)
  await started.line(line => line['portcullis.failure'] === 'tls_protocol_error')
})

test('a backend that refuses what we speak is told apart', async () => {
  await using upstream = await SecureUpstream.start({
    cert: right.chain,
    key: right.key,
    ALPNProtocols: ['h2'],
  })
  await using started = await startGateway(yaml(upstream.port))
  assert.equal((await ask(started)).status, 502)
  await started.line(line => line['portcullis.failure'] === 'tls_alert_received')
})

test('the gateway shows its certificate to a backend that asks, and never goes without', async () => {
  const options = {
    cert: right.chain,
    key: right.key,
    ca: authority.root,
    requestCert: true,
    rejectUnauthorized: true,
  }
  await using upstream = await SecureUpstream.start(options)
  await using started = await startGateway(yaml(upstream.port, { client: ours }))
  assert.equal((await ask(started)).status, 200)
  assert.equal(upstream.handshakes[0]?.client, 'CN=the gateway')
  await started.reload(yaml(upstream.port, { client: { ...ours, key: right.key } }))
  assert.equal((await ask(started)).status, 500)
  await started.reload(yaml(upstream.port))
  assert.equal((await ask(started)).status, 502)
  assert.equal(upstream.requests, 1)
})

test('sessions are resumed, endpoint by endpoint', async () => {
  await using upstream = await SecureUpstream.start({ cert: right.chain, key: right.key })
  await using started = await startGateway(yaml(upstream.port))
  assert.equal((await ask(started)).status, 200)
  upstream.server.closeAllConnections()
  while (upstream.handshakes.length < 2) await ask(started)
  assert.deepEqual(
    upstream.handshakes.map(({ resumed }) => resumed),
    [false, true],
  )
})

test('another authority is in force for new requests, and requests under way finish', async () => {
  const held: (() => void)[] = []
  const released = Promise.withResolvers<void>()
  await using upstream = await SecureUpstream.start({ cert: right.chain, key: right.key })
  upstream.server.removeAllListeners('request')
  upstream.server.on('request', (request, response) => {
    if (request.url !== '/slow') response.end('fast')
    else {
      held.push(() => response.end('slow'))
      released.resolve()
    }
  })
  await using started = await startGateway(yaml(upstream.port))
  const slow = send(started.port(), { host: 'a.example', path: '/slow' })
  await released.promise
  assert.equal((await ask(started)).body, 'fast')
  await started.reload(yaml(upstream.port, { root: others.root }))
  assert.equal((await ask(started)).status, 502)
  await started.reload(yaml(upstream.port))
  assert.equal((await ask(started)).body, 'fast')
  for (const release of held) release()
  assert.equal((await slow).body, 'slow')
})

/** Each row: what the policy says, and the version and suite that come of it with a backend that takes any. */
for (const [bounds, version, suite] of [
  [{}, 'TLSv1.3', 'TLS_AES_256_GCM_SHA384'],
  [{ minVersion: 'TLS1.3' }, 'TLSv1.3', 'TLS_AES_256_GCM_SHA384'],
  [{ ciphers: ['TLS_CHACHA20_POLY1305_SHA256'] }, 'TLSv1.3', 'TLS_CHACHA20_POLY1305_SHA256'],
  [
    { maxVersion: 'TLS1.2', ciphers: ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'] },
    'TLSv1.2',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
  ],
] as const)
  test(`a BackendPolicy that says ${JSON.stringify(bounds)}: ${version} ${suite}`, async () => {
    await using upstream = await SecureUpstream.start({ cert: right.chain, key: right.key })
    const agreed = new Seen<string>()
    upstream.server.on('secureConnection', socket =>
      agreed.push(`${String(socket.getProtocol())} ${socket.getCipher().name}`),
    )
    await using started = await startGateway(yaml(upstream.port, { bounds }))
    assert.equal((await ask(started)).status, 200)
    assert.equal(await agreed.first(), `${version} ${suite}`)
  })

test('other versions are in force for new connections at once', async () => {
  const options = { cert: right.chain, key: right.key, maxVersion: 'TLSv1.2' } as const
  await using upstream = await SecureUpstream.start(options)
  await using started = await startGateway(yaml(upstream.port))
  assert.equal((await ask(started)).status, 200)
  await started.reload(yaml(upstream.port, { bounds: { minVersion: 'TLS1.3' } }))
  assert.equal((await ask(started)).status, 502)
})

test('bodies of any size pass both ways', async () => {
  await using upstream = await SecureUpstream.start({ cert: right.chain, key: right.key })
  await using started = await startGateway(yaml(upstream.port))
  for (const bytes of [0, 1, 20_000, 3_000_000]) {
    const body = 'x'.repeat(bytes)
    const answer = await send(started.port(), { method: 'POST', host: 'a.example', body })
    assert.equal((JSON.parse(answer.body) as { body: string }).body.length, bytes)
  }
})
