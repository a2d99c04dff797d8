import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, Socket, type AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { clusterOf } from '../../test/support/cluster.ts'
import { ClusterTable } from '../upstream/clusters.ts'
import { TlsDialer } from '../upstream/tls/dialer.ts'
import type { UpstreamPool } from '../upstream/pool.ts'
import { Stream, type CompiledStream, type FinishedStream } from './stream.ts'

const origin = { resource: '', role: 'ingress', path: '', file: '', line: 0, column: 0 } as const
const config = clusterOf('up', {
  ejection: { consecutiveFailures: 1, baseEjectionMs: 1e6, maxEjectionMs: 1e6, maxEjectedPercent: 100 },
})
const tls = { serverName: '', names: [], authorities: [], certificate: null, ciphers: '', key: '' }

/** Fails as the system would, before anything is sent. */
class FailingDialer extends TlsDialer {
  private readonly code: string

  constructor(code: string) {
    super({ ...tls, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' }, () => assert.fail())
    this.code = code
  }

  override connect(): Socket {
    return new Socket().destroy(Object.assign(new Error(this.code), { code: this.code }))
  }
}

const clients = createServer().listen(0, '127.0.0.1')
await once(clients, 'listening')
after(() => clients.close())

async function client(): Promise<Socket> {
  const socket = connect((clients.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => {})
  const [accepted] = (await once(clients, 'connection')) as [Socket]
  return accepted
}

/** Each row: what connecting fails with, what the stream ends with, after how many attempts, and how many endpoints are ejected. */
for (const [code, failure, attempts, ejected] of [
  ['EMFILE', 'proxy_overloaded', 1, 0],
  ['ENFILE', 'proxy_overloaded', 1, 0],
  ['ENOMEM', 'proxy_overloaded', 1, 0],
  ['ENOBUFS', 'proxy_overloaded', 1, 0],
  ['ECONNREFUSED', 'connection_refused', 3, 3],
  ['EHOSTUNREACH', 'destination_ip_unroutable', 3, 3],
  ['EADDRNOTAVAIL', 'destination_ip_unroutable', 3, 3],
  ['CERT_HAS_EXPIRED', 'tls_certificate_error', 3, 3],
] as const)
  test(`a stream that cannot connect for ${code} ejects ${ejected} endpoints`, async () => {
    const table = new ClusterTable<UpstreamPool>({ makePool: () => assert.fail('streams need no pool') })
    const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4']
    table.apply([config], { up: addresses.map(address => ({ address, port: 1, weight: 1 })) })
    const cluster = table.get('up')!
    const stream = {
      rule: { id: 'tlsroute/default/a/0', origin, backends: [] },
      backends: [
        { weight: 1, cluster, metrics: null, connectFailed: () => {}, dialer: new FailingDialer(code) },
      ],
      totalWeight: 1,
    } as unknown as CompiledStream
    const sender = { address: '127.0.0.1', peerAddress: '' }
    const facts = { listener: 'l', serverName: 'a.example', localPort: 443, sender }
    const socket = await client()
    const finished = await new Promise<FinishedStream>(resolve =>
      new Stream(socket, stream, facts, 0, resolve).begin(),
    )
    assert.equal(finished.failure, failure)
    assert.equal(finished.attempts, attempts)
    assert.equal([...cluster.endpoints].filter(one => one.ejectedUntilMs > 0).length, ejected)
    table.drain()
  })
