import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { after, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { WorkerGroup } from '../../src/proxy/workers.ts'
import { firstTicketKeys, rotated } from '../../src/proxy/tls/ticket-keys.ts'
import { Logger } from '../../src/telemetry/log.ts'
import { MetricsReader } from '../../src/telemetry/metrics-reader.ts'
import { Authority, caConfigMap, tlsSecret } from '../support/certificates.ts'
import { snapshotOf, startGateway } from '../support/gateway.ts'
import { freePort } from '../support/process.ts'
import { backend, httpRoute, to, yamlOf } from '../support/resources.ts'
import { ask, askOnce, httpsListener, secure } from '../support/tls.ts'
import { workerEntry } from '../support/worker-entry.ts'
import { TestUpstream } from '../support/upstream.ts'

const authority = await Authority.make()
const pair = await authority.issue({ names: ['a.example', 'b.example'] })
const renewed = await authority.issue({ names: ['a.example', 'b.example'] })
const upstream = await TestUpstream.start()
after(() => upstream[Symbol.asyncDispose]())

function yaml(shown = pair, more: object = {}): string {
  const declared = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'gw' },
    spec: {
      gatewayClassName: 'portcullis',
      listeners: [
        httpsListener('a', ['pair'], { hostname: 'a.example' }),
        httpsListener('b', ['pair'], { hostname: 'b.example' }),
      ],
      ...more,
    },
  }
  return yamlOf(
    declared,
    tlsSecret('pair', shown),
    caConfigMap('ca', authority.root),
    httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
    backend('up', [upstream.port]),
  )
}

const trust = { ca: authority.root, servername: 'a.example' }

/** The session of a connection that has answered, once the server has given one. */
async function sessionOf(port: number, options: object = {}): Promise<Buffer> {
  const socket: TLSSocket = await secure(port, { ...trust, ...options })
  const given = once(socket, 'session')
  await ask(socket, 'a.example')
  const known = socket.getSession()
  const session =
    socket.getProtocol() === 'TLSv1.2' && known !== undefined ? known : ((await given) as [Buffer])[0]
  socket.destroy()
  return session
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  const options = { maxVersion: version }

  test(`${version}: a session is resumed by another worker with the same keys, and by none with others`, async () => {
    const ticketKeys = firstTicketKeys()
    await using one = await startGateway(yaml(), { ticketKeys })
    await using other = await startGateway(yaml(), { ticketKeys })
    await using stranger = await startGateway(yaml())
    const session = await sessionOf(one.port(443), options)
    for (const [started, expected] of [
      [other, true],
      [stranger, false],
    ] as const) {
      const answer = await askOnce(started.port(443), 'a.example', { ...trust, ...options, session })
      assert.equal(answer.resumed, expected)
      assert.equal(answer.status, 200)
    }
  })

  test(`${version}: a session outlives one rotation of keys, and not two`, async () => {
    let ticketKeys = firstTicketKeys()
    await using started = await startGateway(yaml(), { ticketKeys })
    const session = await sessionOf(started.port(443), options)
    for (const expected of [true, true, false]) {
      const answer = await askOnce(started.port(443), 'a.example', { ...trust, ...options, session })
      assert.equal(answer.resumed, expected)
      ticketKeys = rotated(ticketKeys)
      started.engine.setTicketKeys(ticketKeys)
    }
  })

  test(`${version}: a session outlives the server's certificate, but is not taken by another listener`, async () => {
    await using started = await startGateway(yaml())
    const session = await sessionOf(started.port(443), options)
    await started.reload(yaml(renewed))
    const again = await askOnce(started.port(443), 'a.example', { ...trust, ...options, session })
    assert.equal(again.resumed, true)
    const elsewhere = { ...trust, ...options, servername: 'b.example', session }
    assert.equal((await askOnce(started.port(443), 'b.example', elsewhere)).resumed, false)
  })
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
  test(`${version}: a session is resumed whichever of HTTP/1.1 and HTTP/2 is spoken, before and after`, async () => {
    await using started = await startGateway(yaml())
    const options = { ...trust, maxVersion: version }
    for (const [first, second] of [
      ['h2', 'h2'],
      ['h2', 'http/1.1'],
      ['http/1.1', 'h2'],
    ] as const) {
      const begun = await secure(started.port(443), { ...options, ALPNProtocols: [first] })
      // With TLS 1.2 it is part of the handshake, with TLS 1.3 it comes later.
      const session =
        version === 'TLSv1.2' ? begun.getSession() : ((await once(begun, 'session')) as [Buffer])[0]
      begun.destroy()
      const socket = await secure(started.port(443), { ...options, ALPNProtocols: [second], session })
      assert.equal(socket.isSessionReused(), true)
      assert.equal(socket.alpnProtocol, second)
      if (second === 'h2') assert.equal(await statusOf(socket), 200)
      else assert.equal((await ask(socket, 'a.example')).status, 200)
      socket.destroy()
    }
  })

/** Of one request over HTTP/2 on a connection that is there. */
async function statusOf(socket: TLSSocket): Promise<number | undefined> {
  const session = connect('https://a.example', { createConnection: () => socket })
  const [headers] = (await once(session.request({ ':path': '/' }), 'response')) as [{ ':status'?: number }]
  session.destroy()
  return headers[':status']
}

test('a session begun without a client certificate does not get past a listener that now wants one', async () => {
  await using started = await startGateway(yaml())
  const session = await sessionOf(started.port(443))
  const validation = { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }] }
  await started.reload(yaml(pair, { tls: { frontend: { default: { validation } } } }))
  await assert.rejects(askOnce(started.port(443), 'a.example', { ...trust, session }))
})

test('real workers share their keys, and take a new one when it is time', async () => {
  const metrics = new MetricsReader()
  const log = new Logger({ write: () => {} })
  const workers = new WorkerGroup({
    entry: workerEntry,
    workers: 2,
    logLevel: 'error',
    accessLog: 'off',
    log,
    metrics,
  })
  try {
    const snapshot = snapshotOf(yaml())
    const free = await freePort()
    const ports = snapshot.ports.map(port => ({ ...port, address: '127.0.0.1', port: free }))
    const results = await workers.apply({ ...snapshot, ports })
    assert.ok(
      results.every(result => !('error' in result)),
      JSON.stringify(results),
    )
    const session = await sessionOf(free)
    const resumed = async (): Promise<boolean[]> => {
      const answers = await Promise.all(
        // SO_REUSEPORT spreads connections by their ports: of so many, both workers get some.
        Array.from({ length: 16 }, () => askOnce(free, 'a.example', { ...trust, session })),
      )
      return answers.map(answer => answer.resumed)
    }
    assert.deepEqual(new Set(await resumed()), new Set([true]))
    workers.rotateTicketKeys()
    assert.deepEqual(new Set(await resumed()), new Set([true]))
    workers.rotateTicketKeys()
    while ((await resumed()).includes(true)) continue
  } finally {
    await workers.drain(100)
  }
})
