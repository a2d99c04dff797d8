import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectPlain, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { Authority, caConfigMap, tlsSecret } from '../support/certificates.ts'
import { startGateway } from '../support/gateway.ts'
import { requirePeer } from '../support/peer.ts'
import { RawServer } from '../support/raw.ts'
import { backend, gateway, httpRoute, tagged, to, yamlOf } from '../support/resources.ts'
import { SecureUpstream } from '../support/secure-upstream.ts'
import { ask, askOnce, failureOf, httpsListener, run, secure } from '../support/tls.ts'
import { TestUpstream } from '../support/upstream.ts'

const authority = await Authority.make()
const ours = await authority.issue({
  names: ['web.example', 'term.example', 'crypt.example'],
  commonName: 'gateway',
})
const theirs = await authority.issue({
  names: ['pass.example', 'inner.example', 'none.example'],
  commonName: 'backend',
})
const trust = { ca: authority.root }

function tlsListener(name: string, hostname: string, mode: string): ReturnType<typeof httpsListener> {
  const tls = mode === 'Passthrough' ? { mode } : { mode, certificateRefs: [{ name: 'ours' }] }
  return { ...httpsListener(name, ['ours'], { hostname }), protocol: 'TLS', tls }
}

function tlsRoute(
  name: string,
  section: string,
  hostnames: readonly string[],
  refs: readonly object[],
): object {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'TLSRoute',
    metadata: { name },
    spec: { parentRefs: [{ name: 'gw', sectionName: section }], hostnames, rules: [{ backendRefs: refs }] },
  }
}

const encrypt = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'BackendTLSPolicy',
  metadata: { name: 'encrypt' },
  spec: {
    targetRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'secure' }],
    validation: {
      hostname: 'inner.example',
      caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }],
    },
  },
}

/** HTTPS, passthrough and termination of streams on one port. */
function yaml(plain: number, encrypted: number): string {
  return yamlOf(
    gateway([
      httpsListener('web', ['ours'], { hostname: 'web.example' }),
      tlsListener('pass', '*.example', 'Passthrough'),
      tlsListener('term', 'term.example', 'Terminate'),
      tlsListener('crypt', 'crypt.example', 'Terminate'),
    ]),
    tlsSecret('ours', ours),
    caConfigMap('ca', authority.root),
    httpRoute('web', { parentRefs: [{ name: 'gw', sectionName: 'web' }], rules: [tagged('web')] }),
    tlsRoute('pass', 'pass', ['pass.example'], [to('secure')]),
    tlsRoute('none', 'pass', ['none.example'], [to('does-not-exist')]),
    tlsRoute('dead', 'pass', ['dead.example'], [to('dead')]),
    tlsRoute('term', 'term', ['term.example'], [to('up')]),
    tlsRoute('crypt', 'crypt', ['crypt.example'], [to('secure')]),
    backend('up', [plain]),
    backend('secure', [encrypted]),
    backend('dead', [1]),
    encrypt,
  )
}

const plain = await TestUpstream.start()
const encrypted = await SecureUpstream.start({ cert: theirs.chain, key: theirs.key })
const started = await startGateway(yaml(plain.port, encrypted.port))
after(async () => {
  for (const one of [started, plain, encrypted]) await one[Symbol.asyncDispose]()
})

/** Each row: the name asked for, whose certificate is shown, and the scheme that the backend is spoken to in. */
for (const [name, shown, path] of [
  ['web.example', 'gateway', 'requests'],
  ['pass.example', 'backend', 'passed through'],
  ['term.example', 'gateway', 'decrypted'],
  ['crypt.example', 'gateway', 'encrypted anew'],
] as const)
  test(`${name} is ${path}, with the certificate of the ${shown}`, async () => {
    const before = encrypted.handshakes.length
    const socket = await secure(started.port(443), { ...trust, servername: name })
    assert.equal(socket.getPeerX509Certificate()?.subject, `CN=${shown}`)
    const answer = await ask(socket, name)
    assert.equal(answer.status, 200)
    socket.destroy()
    // What HTTP adds on its way tells whether it was understood.
    assert.equal(/x-forwarded-proto/i.test(answer.body), path === 'requests')
    const through = encrypted.handshakes.slice(before).map(one => one.name)
    assert.deepEqual(
      through,
      path === 'passed through' ? ['pass.example'] : path === 'encrypted anew' ? ['inner.example'] : [],
    )
    const line = await started.line(one => one['server.address'] === name)
    assert.equal(line['portcullis.failure'], undefined)
    assert.equal(line['portcullis.attempts'], 1)
  })

/** Each row: a name, how the client sees its connection end, and what the access log calls it. */
for (const [name, expected, key, reason] of [
  ['other.example', /ECONNRESET/, 'portcullis.rejection', 'tls_unrecognized_name'],
  ['none.example', /ECONNRESET/, 'portcullis.failure', 'destination_not_found'],
  ['dead.example', /ECONNRESET/, 'portcullis.failure', 'connection_refused'],
  ['elsewhere.test', /ECONNRESET/, 'portcullis.rejection', 'tls_unrecognized_name'],
] as const)
  test(`a connection for ${name} is ended: ${reason}`, async () => {
    assert.match(await failureOf(started.port(443), name, trust), expected)
    await started.line(line => line[key] === reason)
  })

test('whatever the ClientHello is cut into, it reaches the backend whole', async () => {
  const hello: Buffer[] = []
  await using probe = await RawServer.start(socket =>
    socket.once('data', (chunk: Buffer) => hello.push(chunk)),
  )
  const client = secure(probe.port, { servername: 'pass.example' }).catch(() => {})
  while (hello.length === 0) await new Promise(resolve => setImmediate(resolve))
  const bytes = hello[0]!
  const received: Buffer[] = []
  await using backendServer = await RawServer.start(socket =>
    socket.on('data', (chunk: Buffer) => received.push(chunk)),
  )
  await using gatewayToIt = await startGateway(yaml(plain.port, backendServer.port))
  for (const cut of [1, 5, 6, 43, 100, bytes.length - 1]) {
    received.length = 0
    const socket = connectPlain({ port: gatewayToIt.port(443), host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    socket.write(bytes.subarray(0, cut))
    await new Promise(resolve => setImmediate(resolve))
    socket.write(bytes.subarray(cut))
    while (Buffer.concat(received).length < bytes.length) await new Promise(resolve => setImmediate(resolve))
    assert.deepEqual(Buffer.concat(received), bytes)
    socket.destroy()
  }
  for (const socket of probe.sockets) socket.destroy()
  await client
})

test('bodies of megabytes pass both ways, and each direction ends by itself', async () => {
  const socket = await secure(started.port(443), { ...trust, servername: 'pass.example' })
  const body = 'x'.repeat(5_000_000)
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  socket.end(
    `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  await once(socket, 'end')
  assert.match(text, /^HTTP\/1\.1 200 OK/)
  assert.ok(text.length > body.length)
})

/** Each row: how the backend ends, and whether the client is told that this was the end. */
for (const [how, end, said] of [
  ['ends', socket => socket.end('hello'), true],
  ['breaks off', socket => socket.write('hello', () => socket.resetAndDestroy()), false],
] as const satisfies readonly (readonly [string, (socket: Socket) => void, boolean])[])
  test(`when a backend ${how}, the end of what was decrypted is ${said ? '' : 'not '}said`, async t => {
    if (!requirePeer(t, 'openssl')) return
    await using broken = await RawServer.start(socket => socket.once('data', () => end(socket)))
    await using gatewayToIt = await startGateway(yaml(broken.port, encrypted.port))
    const address = `127.0.0.1:${gatewayToIt.port(443)}`
    const text = await run(
      'openssl',
      ['s_client', '-connect', address, '-servername', 'term.example', '-quiet'],
      'any\n',
    )
    assert.match(text, /hello/)
    assert.equal(!/unexpected eof/.test(text), said, text)
  })

test('streams are counted by route, also those that outlive a reload', async () => {
  await using counting = await startGateway(yaml(plain.port, encrypted.port))
  const of = (name: string, more = ''): number =>
    Number(
      new RegExp(
        `^portcullis_stream_${name}\\{.*route="tlsroute/default/term/0".*${more}.*\\} (\\d+)$`,
        'm',
      ).exec(counting.metrics())?.[1] ?? 0,
    )
  const socket = await secure(counting.port(443), { ...trust, servername: 'term.example' })
  await ask(socket, 'term.example')
  assert.equal(of('connections_active'), 1)
  await counting.reload(yaml(plain.port, encrypted.port))
  await ask(socket, 'term.example')
  assert.equal(of('connections_active'), 1)
  assert.equal(of('connections_total'), 0)
  socket.destroy()
  const line = await counting.line(one => one['server.address'] === 'term.example')
  assert.equal(of('connections_active'), 0)
  assert.equal(of('connections_total'), 1)
  assert.equal(of('bytes_total', 'direction="in"'), line['http.request.body.size'])
  assert.equal(of('bytes_total', 'direction="out"'), line['http.response.body.size'])
  assert.ok(of('bytes_total', 'direction="in"') > 0)
})

test('a connection that is passed through outlives a reload', async () => {
  const socket = await secure(started.port(443), { ...trust, servername: 'pass.example' })
  assert.equal((await ask(socket, 'a')).status, 200)
  await started.reload(yaml(plain.port, encrypted.port))
  assert.equal((await ask(socket, 'a')).status, 200)
  socket.destroy()
  assert.equal((await askOnce(started.port(443), 'web.example', trust)).status, 200)
})
