import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { after, test } from 'node:test'
import { Authority, caConfigMap, selfSigned, tlsSecret, type KeyPair } from '../support/certificates.ts'
import { startGateway } from '../support/gateway.ts'
import { clientPolicy } from '../support/policies.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { ask, askOnce, failureOf, httpsListener, secure, type SecureAnswer } from '../support/tls.ts'
import { TestUpstream, type Echo } from '../support/upstream.ts'

const authority = await Authority.make('servers')
const clients = await Authority.make('clients')
const others = await Authority.make('others')
const server = await authority.issue({ names: ['a.example', 'b.example'] })
const known = await clients.issue({ commonName: 'app "one", x', uris: ['spiffe://cluster.example/sa/app'] })
const expired = await clients.issue({ commonName: 'old', days: -1 })
const stranger = await others.issue({ commonName: 'stranger' })
const own = await selfSigned({ commonName: 'nobody' })
const upstream = await TestUpstream.start()
after(() => upstream[Symbol.asyncDispose]())

interface Validation {
  readonly mode?: string
  readonly ca?: string
  readonly header?: string
}

/** Port 443 asks for client certificates, port 444 for those of others, port 445 for none. */
function yaml({ mode = 'AllowValidOnly', ca = clients.root, header = 'none' }: Validation = {}): string {
  const refs = (name: string): object => ({
    validation: { mode, caCertificateRefs: [{ group: '', kind: 'ConfigMap', name }] },
  })
  const declared = gateway([
    httpsListener('first', ['server'], { hostname: 'a.example' }),
    httpsListener('other', ['server'], { port: 444 }),
    httpsListener('open', ['server'], { port: 445 }),
    { name: 'plain' },
  ])
  const frontend = {
    default: refs('clients'),
    perPort: [
      { port: 444, tls: refs('others') },
      { port: 445, tls: {} },
    ],
  }
  return yamlOf(
    { ...declared, spec: { ...specOf(declared), tls: { frontend } } },
    tlsSecret('server', server),
    caConfigMap('clients', ca),
    caConfigMap('others', others.root),
    httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
    backend('up', [upstream.port]),
    clientPolicy({ headers: { clientCertificate: header } }),
  )
}

function specOf(resource: object): object {
  return 'spec' in resource && typeof resource.spec === 'object' && resource.spec !== null
    ? resource.spec
    : {}
}

const trust = { ca: authority.root, servername: 'a.example' }
const as = ({ chain, key }: KeyPair): object => ({ ...trust, cert: chain, key })

/** Each row: who comes, the mode, and whether it is served. */
for (const [who, pair, mode, port, served] of [
  ['a known client', known, 'AllowValidOnly', 443, true],
  ['nobody', null, 'AllowValidOnly', 443, false],
  ['an expired client', expired, 'AllowValidOnly', 443, false],
  ['a stranger', stranger, 'AllowValidOnly', 443, false],
  ['a client of its own making', own, 'AllowValidOnly', 443, false],
  ['the stranger on its port', stranger, 'AllowValidOnly', 444, true],
  ['a known client on the port of others', known, 'AllowValidOnly', 444, false],
  ['nobody on the open port', null, 'AllowValidOnly', 445, true],
  ['a known client', known, 'AllowInsecureFallback', 443, true],
  ['nobody', null, 'AllowInsecureFallback', 443, true],
  ['an expired client', expired, 'AllowInsecureFallback', 443, true],
  ['a stranger', stranger, 'AllowInsecureFallback', 443, true],
] as const)
  test(`${mode}: ${who} is ${served ? 'served' : 'refused'}`, async () => {
    await using started = await startGateway(yaml({ mode }))
    const options = pair === null ? trust : as(pair)
    const failure = await failureOf(started.port(port), 'a.example', options)
    assert.equal(failure === 'none', served, failure)
    if (served) return
    const line = await started.line(one => one['portcullis.rejection'] === 'tls_handshake_failed')
    // Of OpenSSL, or that the client left.
    assert.match(
      String(line['portcullis.failure.reason']),
      /^(ERR_[A-Z0-9_]+|closed|UNABLE_TO_|CERT_|DEPTH_|SELF_SIGNED_)/,
    )
  })

function fieldsOf({ body }: SecureAnswer, name: string): string[] {
  const echo = JSON.parse(body) as Echo
  return echo.headers.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value)
}

const forged = 'Client-Cert: :AAAA:\r\nclient-cert-chain: :AAAA:\r\nX-Forwarded-Client-Cert: Hash=00\r\n'

test('what a client says of its certificate never passes, whatever speaks below', async () => {
  await using started = await startGateway(yaml())
  const answers = [
    await askOnce(started.port(443), 'a.example', as(known), forged),
    await askOnce(started.port(445), 'a.example', trust, forged),
  ]
  const plain = await fetch(`http://127.0.0.1:${started.port(80)}/`, {
    headers: { 'Client-Cert': ':AAAA:', 'X-Forwarded-Client-Cert': 'Hash=00' },
  })
  for (const body of [...answers.map(answer => answer.body), await plain.text()])
    assert.doesNotMatch(body, /client-cert/i)
})

test('Client-Cert is the certificate that was verified (RFC 9440)', async () => {
  await using started = await startGateway(yaml({ header: 'client-cert' }))
  const answer = await askOnce(started.port(443), 'a.example', as(known), forged)
  const raw = new X509Certificate(known.chain).raw.toString('base64')
  assert.deepEqual(fieldsOf(answer, 'client-cert'), [`:${raw}:`])
  assert.deepEqual(fieldsOf(answer, 'client-cert-chain'), [])
})

test('X-Forwarded-Client-Cert names the certificate that was verified', async () => {
  await using started = await startGateway(yaml({ header: 'x-forwarded-client-cert' }))
  const answer = await askOnce(started.port(443), 'a.example', as(known), forged)
  const hash = new X509Certificate(known.chain).fingerprint256.replaceAll(':', '').toLowerCase()
  const [field = ''] = fieldsOf(answer, 'x-forwarded-client-cert')
  assert.ok(field.startsWith(`Hash=${hash};Subject="`), field)
  assert.ok(field.endsWith(';URI=spiffe://cluster.example/sa/app'), field)
  assert.equal(fieldsOf(answer, 'x-forwarded-client-cert').length, 1)
})

test('another way of telling is in force for new connections at once', async () => {
  await using started = await startGateway(yaml())
  assert.deepEqual(fieldsOf(await askOnce(started.port(443), 'a.example', as(known)), 'client-cert'), [])
  await started.reload(yaml({ header: 'client-cert' }))
  const told = await askOnce(started.port(443), 'a.example', as(known))
  assert.equal(fieldsOf(told, 'client-cert').length, 1)
})

test('a certificate that was not verified is told to nobody', async () => {
  await using started = await startGateway(yaml({ mode: 'AllowInsecureFallback', header: 'client-cert' }))
  for (const options of [trust, as(stranger), as(expired)]) {
    const answer = await askOnce(started.port(443), 'a.example', options)
    assert.deepEqual(fieldsOf(answer, 'client-cert'), [])
  }
})

test('another authority is in force for new connections at once, and ends old ones after their answer', async () => {
  await using started = await startGateway(yaml())
  const socket = await secure(started.port(443), as(known))
  assert.equal((await ask(socket, 'a.example')).status, 200)
  const ended = new Promise(resolve => socket.once('end', resolve))
  await started.reload(yaml({ ca: others.root }))
  await ended
  socket.destroy()
  assert.notEqual(await failureOf(started.port(443), 'a.example', as(known)), 'none')
  assert.equal(await failureOf(started.port(443), 'a.example', as(stranger)), 'none')
})
