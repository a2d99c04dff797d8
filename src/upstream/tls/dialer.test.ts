import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { createSecureContext, createServer, type TLSSocket } from 'node:tls'
import { Authority } from '../../../test/support/certificates.ts'
import { TlsDialer } from './dialer.ts'

const authority = await Authority.make()
const { chain, key } = await authority.issue({ names: ['up.example'] })
const context = createSecureContext({ ca: authority.root })
const server = createServer({ cert: chain, key }).listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
after(() => server.close())

/** RFC 6066 §3: a DNS name without the dot that ends it; no addresses. */
for (const [serverName, sni] of [
  ['up.example', 'up.example'],
  ['UP.example.', 'up.example'],
  ['127.0.0.1', false],
] as const)
  test(`the name of ${serverName} is sent as ${sni}`, async () => {
    const names = [{ type: 'dns' as const, value: 'up.example' }]
    const tls = { serverName, names, authorities: [], certificate: null, ciphers: '', key: '' }
    const dialer = new TlsDialer({ ...tls, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' }, () => context)
    const seen = new Promise<TLSSocket>(resolve => server.once('secureConnection', resolve))
    const socket = dialer.connect({ host: '127.0.0.1', port }, '127.0.0.1')
    await once(socket, 'secureConnect')
    assert.equal((await seen).servername, sni)
    socket.destroy()
  })
