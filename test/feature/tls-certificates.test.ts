import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { after, test } from 'node:test'
import type { ConnectionOptions } from 'node:tls'
import { Authority, caConfigMap, tlsSecret, type KeyPair, type Wanted } from '../support/certificates.ts'
import { startGateway } from '../support/gateway.ts'
import { requirePeer } from '../support/peer.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { ask, askOnce, failureOf, httpsListener, run, secure } from '../support/tls.ts'
import { TestUpstream } from '../support/upstream.ts'

// Several certificates on one listener: which of them a client is shown.

const authority = await Authority.make()
const upstream = await TestUpstream.start()
after(() => upstream[Symbol.asyncDispose]())

const wanted = {
  one: { names: ['one.example'], key: 'rsa' },
  two: { names: ['two.example', 'also.two.example'], key: 'rsa' },
  three: { names: ['three.example'] },
  wild: { names: ['*.wild.example'], key: 'rsa' },
  'wild-ec': { names: ['*.wild.example'] },
  exact: { names: ['exact.wild.example'], key: 'rsa' },
  'both-rsa': { names: ['both.example'], key: 'rsa' },
  'both-ec': { names: ['both.example'] },
  old: { names: ['twice.example'], key: 'rsa' },
  new: { names: ['twice.example'], key: 'rsa' },
  common: { commonName: 'common.example', key: 'rsa' },
} as const satisfies Record<string, Wanted>

type Name = keyof typeof wanted
const names = Object.keys(wanted) as Name[]
const pairs = new Map(await Promise.all(names.map(async name => [name, await issue(name)] as const)))
const serials = new Map(
  [...pairs].map(([name, { chain }]) => [new X509Certificate(chain).serialNumber, name]),
)

function issue(name: Name): Promise<KeyPair> {
  return authority.issue(wanted[name])
}

function secretsOf(...of: readonly Name[]): object[] {
  return of.map(name => tlsSecret(name, pairs.get(name)!))
}

const routes = [httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }), backend('up', [upstream.port])]

const all = await startGateway(
  yamlOf(gateway([httpsListener('https', names)]), ...secretsOf(...names), ...routes),
)
after(() => all[Symbol.asyncDispose]())

/** Name of the certificate that a client is shown, or `refused`. */
async function shown(port: number, serverName: string, options: ConnectionOptions = {}): Promise<string> {
  const loose = { ca: authority.root, servername: serverName, checkServerIdentity: () => undefined }
  try {
    const { status, serial } = await askOnce(port, serverName || 'a.example', { ...loose, ...options })
    assert.equal(status, 200)
    return serials.get(serial) ?? `unknown ${serial}`
  } catch (error) {
    assert.match(String(error), /alert handshake failure/i)
    return 'refused'
  }
}

/** Clients by the types of key that they take, under either version. */
const clients = {
  any: { 'TLSv1.2': {}, 'TLSv1.3': {} },
  'only RSA': {
    'TLSv1.2': { ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' },
    'TLSv1.3': { sigalgs: 'rsa_pss_rsae_sha256:rsa_pss_rsae_sha384' },
  },
  'only ECDSA': {
    'TLSv1.2': { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
    'TLSv1.3': { sigalgs: 'ecdsa_secp256r1_sha256' },
  },
} as const

/** Each row: the server name, and the certificate for a client that takes any, only RSA, only ECDSA. */
// oxfmt-ignore
for (const [serverName, ...expected] of [
  ['one.example', 'one', 'one', 'refused'],
  ['two.example', 'two', 'two', 'refused'],
  ['also.two.example', 'two', 'two', 'refused'],
  ['TWO.Example', 'two', 'two', 'refused'],
  ['three.example', 'three', 'refused', 'three'],
  ['both.example', 'both-ec', 'both-rsa', 'both-ec'],
  ['twice.example', 'old', 'old', 'refused'],
  ['common.example', 'common', 'common', 'refused'],
  ['a.wild.example', 'wild-ec', 'wild', 'wild-ec'],
  ['exact.wild.example', 'exact', 'exact', 'wild-ec'],
  // An asterisk is one label: nobody would take that certificate, so that it is the first.
  ['b.a.wild.example', 'one', 'one', 'three'],
  ['wild.example', 'one', 'one', 'three'],
  ['unknown.example', 'one', 'one', 'three'],
  ['localhost', 'one', 'one', 'three'],
  ['', 'one', 'one', 'three'],
] as const)
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    test(`${version}: asked for ${serverName || 'no name'}, the certificate is ${expected.join(', ')}`, async () => {
      const port = all.port(443)
      const options = Object.values(clients).map(by => ({ ...by[version], maxVersion: version }))
      const got = []
      for (const one of options) got.push(await shown(port, serverName, one))
      assert.deepEqual(got, expected)
    })

test('openssl s_client: a final dot of the name, and signature algorithms, choose as they do elsewhere', async t => {
  const openssl = requirePeer(t, 'openssl')
  if (openssl === null) return
  for (const [serverName, sigalgs, subject] of [
    ['two.example.', 'RSA-PSS+SHA256', 'two.example'],
    ['both.example', 'RSA-PSS+SHA256', 'both.example'],
    ['exact.wild.example', 'ECDSA+SHA256', '*.wild.example'],
  ] as const) {
    const to_ = ['s_client', '-connect', `127.0.0.1:${all.port(443)}`, '-servername', serverName, '-ign_eof']
    const request = `GET / HTTP/1.1\r\nHost: ${serverName}\r\nConnection: close\r\n\r\n`
    const said = await run(openssl, [...to_, '-sigalgs', sigalgs], request)
    assert.ok(said.includes(`subject=CN = ${subject}\n`), said)
    assert.match(said, /HTTP\/1\.1 200 OK/)
  }
})

test('several listeners have several certificates each', async () => {
  const listeners = [
    httpsListener('any', ['one', 'both-rsa', 'both-ec']),
    httpsListener('wild', ['wild', 'exact', 'wild-ec'], { hostname: '*.wild.example' }),
    httpsListener('other', ['old', 'three'], { port: 444 }),
  ]
  await using started = await startGateway(
    yamlOf(
      gateway(listeners),
      ...secretsOf('one', 'both-rsa', 'both-ec', 'wild', 'wild-ec', 'exact', 'old', 'three'),
      ...routes,
    ),
  )
  for (const [port, serverName, expected] of [
    [443, 'one.example', 'one'],
    [443, 'both.example', 'both-ec'],
    [443, 'three.example', 'one'],
    [443, 'a.wild.example', 'wild-ec'],
    [443, 'exact.wild.example', 'exact'],
    [443, 'b.a.wild.example', 'wild'],
    [444, 'three.example', 'three'],
    [444, 'both.example', 'old'],
  ] as const)
    assert.equal(await shown(started.port(port), serverName), expected, `${port} ${serverName}`)
})

test('one certificate of several that cannot be used leaves the others', async () => {
  const broken = tlsSecret('two', { ...pairs.get('two')!, key: pairs.get('one')!.key })
  await using started = await startGateway(
    yamlOf(
      gateway([httpsListener('https', ['two', 'one', 'gone', 'three'])]),
      broken,
      ...secretsOf('one', 'three'),
      ...routes,
    ),
  )
  assert.equal(await shown(started.port(443), 'three.example'), 'three')
  assert.equal(await shown(started.port(443), 'two.example'), 'one')
})

test('one of several is swapped: its name has the new one, and nobody else notices', async () => {
  const renewed = await issue('two')
  const serial = new X509Certificate(renewed.chain).serialNumber
  const yaml = (two: KeyPair): string =>
    yamlOf(
      gateway([httpsListener('https', ['one', 'two'])]),
      ...secretsOf('one'),
      tlsSecret('two', two),
      ...routes,
    )
  await using started = await startGateway(yaml(pairs.get('two')!))
  const port = started.port(443)
  const kept = []
  for (const servername of ['one.example', 'two.example'])
    kept.push(await secure(port, { ca: authority.root, servername }))
  await started.reload(yaml(renewed))
  assert.equal((await askOnce(port, 'two.example', { ca: authority.root })).serial, serial)
  assert.equal(await shown(port, 'one.example'), 'one')
  assert.equal(await shown(port, ''), 'one')
  for (const socket of kept) {
    assert.equal((await ask(socket, 'a.example')).status, 200)
    socket.destroy()
  }
})

for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
  test(`${version}: a session is resumed with the certificate of its name, and with another of its listener`, async () => {
    const options = { ca: authority.root, maxVersion: version }
    const socket = await secure(all.port(443), { ...options, servername: 'two.example' })
    const given = once(socket, 'session')
    await ask(socket, 'two.example')
    const session = socket.getSession()!
    const [ticket] = version === 'TLSv1.2' ? [session] : ((await given) as [Buffer])
    socket.destroy()
    const again = await askOnce(all.port(443), 'two.example', { ...options, session: ticket })
    assert.deepEqual([again.status, again.resumed], [200, true])
    const other = await askOnce(all.port(443), 'three.example', { ...options, session: ticket })
    assert.equal(other.status, 200)
  })

test('client certificates are asked for with each of them', async () => {
  const members = await Authority.make('members')
  const member = await members.issue({ commonName: 'member' })
  const validation = { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }] }
  const declared = gateway([httpsListener('https', ['one', 'three'])]) as { spec: object }
  await using started = await startGateway(
    yamlOf(
      { ...declared, spec: { ...declared.spec, tls: { frontend: { default: { validation } } } } },
      caConfigMap('ca', members.root),
      ...secretsOf('one', 'three'),
      ...routes,
    ),
  )
  for (const [serverName, expected] of [
    ['one.example', 'one'],
    ['three.example', 'three'],
  ] as const) {
    const options = { cert: member.chain, key: member.key }
    assert.equal(await shown(started.port(443), serverName, options), expected)
    assert.notEqual(await failureOf(started.port(443), serverName, { ca: authority.root }), 'none')
  }
})
