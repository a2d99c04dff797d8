import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect as connectPlain } from 'node:net'
import { Duplex } from 'node:stream'
import { after, test } from 'node:test'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { Authority, caConfigMap, tlsSecret, type KeyPair } from '../support/certificates.ts'
import { startGateway } from '../support/gateway.ts'
import { clientPolicy } from '../support/policies.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { ask, httpsListener, secure } from '../support/tls.ts'
import { TestUpstream } from '../support/upstream.ts'

// AllowInsecureFallback: a certificate that does not verify, whatever is wrong with it, is served like none.

const authority = await Authority.make('servers')
const server = await authority.issue({ names: ['a.example'] })
const upstream = await TestUpstream.start()
after(() => upstream[Symbol.asyncDispose]())

/** Each with another one that has its name. */
const clients = {
  ecdsa: [await Authority.make('clients'), await Authority.make('clients')],
  rsa: [await Authority.make('clients', 365, 'rsa'), await Authority.make('clients', 365, 'rsa')],
} as const

function yaml(trusted: Authority, mode = 'AllowInsecureFallback'): string {
  const validation = { mode, caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }] }
  const declared = gateway([httpsListener('https', ['server'])]) as { spec: object }
  return yamlOf(
    { ...declared, spec: { ...declared.spec, tls: { frontend: { default: { validation } } } } },
    tlsSecret('server', server),
    caConfigMap('ca', trusted.root),
    httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
    backend('up', [upstream.port]),
    clientPolicy({ headers: { clientCertificate: 'client-cert' } }),
  )
}

/** A connection that carries what is written in pieces, each in a turn of its own. */
function inPieces(port: number, bytes: number): Duplex {
  const below = connectPlain({ port, host: '127.0.0.1', noDelay: true })
  const above = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      const [piece, rest] = [chunk.subarray(0, bytes), chunk.subarray(bytes)]
      below.write(piece, () =>
        setImmediate(() => (rest.length === 0 ? done() : this._write(rest, 'utf8', done))),
      )
    },
    destroy(error, done) {
      below.destroy()
      done(error)
    },
  })
  below.on('data', chunk => above.push(chunk))
  below.on('close', () => above.destroy(new Error('the other side has closed')))
  for (const one of [below, above]) one.on('error', () => {})
  return above
}

const as = ({ chain, key }: KeyPair): ConnectionOptions => ({
  ca: authority.root,
  servername: 'a.example',
  cert: chain,
  key,
})

async function http2Bodies(socket: TLSSocket, count: number): Promise<string[]> {
  const session = connectHttp2('https://a.example', { createConnection: () => socket })
  const bodies = []
  for (let i = 0; i < count; i++) {
    const stream = session.request({ ':path': '/' })
    let body = ''
    for await (const chunk of stream) body += String(chunk)
    assert.match(body, /"url":"\/"/)
    bodies.push(body)
  }
  session.destroy()
  return bodies
}

for (const kind of ['ecdsa', 'rsa'] as const)
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const)
    for (const [how, bytes] of [
      ['whole', Infinity],
      ['in pieces', 150],
    ] as const)
      test(`${maxVersion}, ${how}: a certificate signed with another ${kind} key than the authority's is served like none`, async () => {
        const [trusted, other] = clients[kind]
        await using started = await startGateway(yaml(trusted))
        for (const wanted of [{}, { days: -1 }]) {
          const forged = await other.issue({ commonName: 'forged', unidentified: true, ...wanted })
          const options = { ...as(forged), maxVersion }
          const open = (more: ConnectionOptions): Promise<TLSSocket> =>
            secure(started.port(443), { ...options, ...more, socket: inPieces(started.port(443), bytes) })
          const kept = await open({})
          for (let i = 0; i < 3; i++) {
            const { status, body } = await ask(kept, 'a.example')
            assert.equal(status, 200)
            assert.doesNotMatch(body, /client-cert/i)
          }
          kept.destroy()
          const bodies = await http2Bodies(await open({ ALPNProtocols: ['h2'] }), 3)
          for (const body of bodies) assert.doesNotMatch(body, /client-cert/i)
        }
      })

test('a certificate of the authority is told of all the same', async () => {
  const [trusted] = clients.ecdsa
  await using started = await startGateway(yaml(trusted))
  const known = await trusted.issue({ commonName: 'known', unidentified: true })
  const socket = await secure(started.port(443), as(known))
  assert.match((await ask(socket, 'a.example')).body, /client-cert/i)
  socket.destroy()
})

test('a session that was begun with such a certificate is one without, also when it is resumed', async () => {
  const [trusted, other] = clients.ecdsa
  await using started = await startGateway(yaml(trusted))
  const forged = await other.issue({ commonName: 'forged', unidentified: true })
  const socket = await secure(started.port(443), as(forged))
  const given = once(socket, 'session')
  await ask(socket, 'a.example')
  const [session] = (await given) as [Buffer]
  socket.destroy()
  const again = await secure(started.port(443), { ...as(forged), session })
  const { resumed, body } = await ask(again, 'a.example')
  assert.equal(resumed, true)
  assert.doesNotMatch(body, /client-cert/i)
  again.destroy()
})

test('where a valid one is required it is refused, whole and in pieces', async () => {
  const [trusted, other] = clients.ecdsa
  await using started = await startGateway(yaml(trusted, 'AllowValidOnly'))
  const forged = await other.issue({ commonName: 'forged', unidentified: true })
  for (const bytes of [Infinity, 150]) {
    const socket = await secure(started.port(443), {
      ...as(forged),
      socket: inPieces(started.port(443), bytes),
    })
    socket.on('error', () => {})
    await assert.rejects(ask(socket, 'a.example'))
    await started.line(line => line['portcullis.rejection'] === 'tls_handshake_failed')
  }
})

test('what is really wrong with the connection still ends it', async () => {
  const [trusted, other] = clients.ecdsa
  await using started = await startGateway(yaml(trusted))
  const forged = await other.issue({ commonName: 'forged', unidentified: true })
  const below = inPieces(started.port(443), Infinity)
  const socket = await secure(started.port(443), { ...as(forged), socket: below })
  await ask(socket, 'a.example')
  socket.on('error', () => {})
  const failed = once(socket, 'error')
  // A record that no key has sealed.
  below.write(Buffer.from([23, 3, 3, 0, 32, ...Buffer.alloc(32)]))
  const [error] = (await failed) as [NodeJS.ErrnoException]
  assert.match(error.code ?? '', /BAD_RECORD_MAC/)
  if (!below.destroyed) await new Promise(resolve => below.once('close', resolve))
})
