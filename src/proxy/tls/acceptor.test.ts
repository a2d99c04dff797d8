import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { Authority, tlsSecret } from '../../../test/support/certificates.ts'
import { snapshotOf } from '../../../test/support/gateway.ts'
import { gateway, yamlOf } from '../../../test/support/resources.ts'
import { failureOf, httpsListener } from '../../../test/support/tls.ts'
import type { TlsListener, TlsTable } from '../runtime.ts'
import { Inbound } from '../inbound.ts'
import { TlsAcceptor, type TlsOwner } from './acceptor.ts'
import { CertificateChoice } from './certificate-choice.ts'
import { firstTicketKeys } from './ticket-keys.ts'

const authority = await Authority.make()
const pair = await authority.issue({ names: ['a.example'] })

/** A table of one listener; `broken` is what its context says of its certificates. */
function table(certificate: string): TlsTable {
  const { ports } = snapshotOf(yamlOf(gateway([httpsListener('https', ['pair'])]), tlsSecret('pair', pair)))
  const port = ports[0]!
  const listener = port.listeners[0]!
  if (listener.tls?.mode !== 'terminate') throw new Error('the listener is not served')
  const context = {
    listener: listener.name,
    certificate: 'pair',
    termination: listener.tls,
    client: port.client,
    certificates: { pair: { chain: certificate, key: pair.key, fingerprint: '', leaf: null } },
  }
  const certificates = new CertificateChoice([context])
  const runtime = {} as TlsListener['runtime']
  const one = { listener, runtime, streams: null, certificates }
  return { find: () => one, named: () => one, contexts: () => [context], with: () => table(certificate) }
}

for (const [what, certificate, serve, rules] of [
  [
    'a throw after the handshake',
    pair.chain,
    (): void => {
      throw new Error('from within an event')
    },
    [],
  ],
  ['a context that cannot be made', 'no certificate', (): void => {}, ['tls_listener_refuses']],
] as const)
  test(`${what} ends its connection and nothing else`, async () => {
    const refused: string[] = []
    const unusable: string[] = []
    const owner: TlsOwner = {
      tls: table(certificate),
      ticketKeys: firstTicketKeys(),
      nowMs: 0,
      handshakeTimeoutMs: 1_000,
      admitsHandshake: () => true,
      pass: () => {},
      serve,
      refused: rule => refused.push(rule),
      unusable: ({ certificate: name }) => unusable.push(name),
    }
    const acceptor = new TlsAcceptor(owner)
    const server = createServer({ allowHalfOpen: true }, socket =>
      acceptor.accept(new Inbound(socket, { displaced: () => {} }, '127.0.0.1', '127.0.0.1', 0), null),
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    assert.notEqual(await failureOf(port, 'a.example', { ca: authority.root }), 'none')
    assert.notEqual(await failureOf(port, 'a.example', { ca: authority.root }), 'none')
    assert.deepEqual(new Set(refused), new Set(rules))
    assert.deepEqual(unusable, rules.length === 0 ? [] : ['pair'], 'told once')
    server.close()
    await once(server, 'close')
    assert.equal(acceptor.size, 0)
  })
