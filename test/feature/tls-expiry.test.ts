import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { Authority, caConfigMap, tlsSecret, type KeyPair } from '../support/certificates.ts'
import { send } from '../support/client.ts'
import { FakeClock } from '../support/clock.ts'
import { freePort } from '../support/process.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { SecureUpstream } from '../support/secure-upstream.ts'
import { Served } from '../support/served.ts'
import { ask, askOnce, failureOf, httpsListener, secure } from '../support/tls.ts'
import { TestUpstream } from '../support/upstream.ts'

const DAY_MS = 86_400_000
const authority = await Authority.make('lasting', 365)
const short = await authority.issue({ names: ['a.example'], days: 10 })
const long = await authority.issue({ names: ['a.example', 'b.example'], days: 100 })
const trust = { ca: authority.root, servername: 'a.example' }

/** Resolves when a snapshot of this version, or a newer one, is in force. */
async function version(served: Served, wanted: number): Promise<void> {
  await served.log.first(line => line['event'] === 'snapshot.applied' && Number(line['version']) >= wanted)
}

/** Until when what is in each resource can be used, in seconds since 1970. */
function expiries(served: Served): Record<string, number> {
  const lines = served.metrics
    .render()
    .matchAll(/^portcullis_certificate_expiry_timestamp_seconds\{resource="([^"]*)"\} (\S+)$/gm)
  return Object.fromEntries([...lines].map(([, resource = '', value]) => [resource, Number(value)] as const))
}

function endOf({ chain }: KeyPair): number {
  return new X509Certificate(chain).validToDate.getTime() / 1000
}

/** The reasons of the conditions of this type that are not as they should be. */
function complaints(served: Served, type: string): string[] {
  const { conditions } = served.controller.status
  return conditions.flatMap(one => (one.type === type && one.status === 'False' ? [one.reason] : []))
}

/** Everything that asks for a.example; another listener keeps the port, so that a refusal is the gateway's and not the system's. */
function resources(port: number, upstream: number, pair: KeyPair, more: object = {}): string {
  const declared = gateway([
    httpsListener('a', ['pair'], { port, hostname: 'a.example' }),
    httpsListener('b', ['lasting'], { port, hostname: 'b.example' }),
  ])
  return yamlOf(
    { ...declared, spec: { ...(declared as { spec: object }).spec, ...more } },
    tlsSecret('pair', pair),
    tlsSecret('lasting', long),
    httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
    backend('up', [upstream]),
  )
}

test('a certificate that expires ends its listener, with a condition, and a new one brings it back', async () => {
  await using upstream = await TestUpstream.start()
  const port = await freePort()
  const calendar = new FakeClock(Date.now())
  await using served = await Served.start({ 'all.yaml': resources(port, upstream.port, short) }, { calendar })
  const kept = await secure(port, trust)
  const ended = new Promise(resolve => kept.once('end', resolve))
  assert.equal((await ask(kept, 'a.example')).status, 200)
  calendar.advance(9 * DAY_MS)
  assert.equal((await ask(kept, 'a.example')).status, 200)
  assert.equal(served.controller.status.version, 1)
  const known = { 'Secret/default/pair': endOf(short), 'Secret/default/lasting': endOf(long) }
  assert.deepEqual(expiries(served), known)
  calendar.advance(DAY_MS)
  await version(served, 2)
  await ended
  assert.match(await failureOf(port, 'a.example', trust), /ECONNRESET/)
  assert.deepEqual(complaints(served, 'ResolvedRefs'), ['InvalidCertificateRef'])
  const line = await served.event('resources.problem')
  assert.match(String(line['message']), /Secret default\/pair: what is in tls\.crt expired on /)
  assert.equal(await failureOf(port, 'b.example', { ca: authority.root }), 'none')
  assert.deepEqual(expiries(served), known, 'an alert lasts until somebody has done something')
  await served.change('all.yaml', resources(port, upstream.port, long))
  assert.equal(expiries(served)['Secret/default/pair'], endOf(long))
  assert.equal((await askOnce(port, 'a.example', trust)).status, 200)
  assert.deepEqual(complaints(served, 'ResolvedRefs'), [])
  kept.destroy()
})

test('a certificate of tomorrow is served tomorrow', async () => {
  await using upstream = await TestUpstream.start()
  const port = await freePort()
  // The certificates of these tests began two days ago.
  const calendar = new FakeClock(Date.now() - 3 * DAY_MS)
  await using served = await Served.start({ 'all.yaml': resources(port, upstream.port, short) }, { calendar })
  assert.deepEqual(served.controller.status.ports, [])
  const line = await served.event('resources.problem')
  assert.match(String(line['message']), /what is in tls\.crt is valid only from /)
  calendar.advance(DAY_MS + 60_000)
  await version(served, 2)
  assert.equal((await askOnce(port, 'a.example', trust)).status, 200)
})

test('of several certificates the one that expires is left out, the others serve, and a new one is taken in again', async () => {
  await using upstream = await TestUpstream.start()
  const port = await freePort()
  const calendar = new FakeClock(Date.now())
  const other = await authority.issue({ names: ['b.example'], key: 'rsa', days: 100 })
  const yaml = (pair: KeyPair): string =>
    yamlOf(
      gateway([httpsListener('several', ['pair', 'other'], { port })]),
      tlsSecret('pair', pair),
      tlsSecret('other', other),
      httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
      backend('up', [upstream.port]),
    )
  await using served = await Served.start({ 'all.yaml': yaml(short) }, { calendar })
  const keyType = async (servername: string): Promise<string> => {
    const loose = { ca: authority.root, servername, checkServerIdentity: () => undefined }
    return (await askOnce(port, servername, loose)).keyType
  }
  assert.deepEqual([await keyType('a.example'), await keyType('b.example')], ['ec', 'rsa'])
  const kept = await secure(port, trust)
  calendar.advance(10 * DAY_MS)
  await version(served, 2)
  assert.deepEqual([await keyType('a.example'), await keyType('b.example')], ['rsa', 'rsa'])
  assert.equal((await ask(kept, 'a.example')).status, 200)
  kept.destroy()
  assert.deepEqual(complaints(served, 'ResolvedRefs'), ['InvalidCertificateRef'])
  assert.deepEqual(complaints(served, 'Programmed'), [])
  await served.change('all.yaml', yaml(await authority.issue({ names: ['a.example'], days: 100 })))
  assert.deepEqual([await keyType('a.example'), await keyType('b.example')], ['ec', 'rsa'])
})

test('an authority of clients that expires ends the listeners that trust it', async () => {
  await using upstream = await TestUpstream.start()
  const port = await freePort()
  const calendar = new FakeClock(Date.now())
  const passing = await Authority.make('passing', 10)
  const client = await passing.issue({ commonName: 'client' })
  const validation = { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }] }
  const yaml = resources(port, upstream.port, long, { tls: { frontend: { default: { validation } } } })
  await using served = await Served.start(
    { 'all.yaml': yaml, 'ca.yaml': yamlOf(caConfigMap('ca', passing.root)) },
    { calendar },
  )
  const shown = { ...trust, cert: client.chain, key: client.key }
  assert.equal((await askOnce(port, 'a.example', shown)).status, 200)
  calendar.advance(10 * DAY_MS)
  await version(served, 2)
  assert.notEqual(await failureOf(port, 'a.example', shown), 'none')
  assert.deepEqual(new Set(complaints(served, 'ResolvedRefs')), new Set(['InvalidCACertificateRef']))
})

test('an authority of backends that expires ends what is sent to them, with a condition', async () => {
  const passing = await Authority.make('passing', 10)
  const pair = await passing.issue({ names: ['items.example'] })
  await using upstream = await SecureUpstream.start({ cert: pair.chain, key: pair.key })
  const port = await freePort()
  const calendar = new FakeClock(Date.now())
  const policy = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'BackendTLSPolicy',
    metadata: { name: 'up' },
    spec: {
      targetRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'up' }],
      validation: {
        hostname: 'items.example',
        caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }],
      },
    },
  }
  const yaml = yamlOf(
    gateway([{ name: 'http', port }]),
    httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
    backend('up', [upstream.port]),
    caConfigMap('ca', passing.root),
    policy,
  )
  await using served = await Served.start({ 'all.yaml': yaml }, { calendar })
  assert.equal((await send(port)).status, 200)
  calendar.advance(10 * DAY_MS)
  await version(served, 2)
  assert.equal((await send(port)).status, 500)
  assert.ok(complaints(served, 'ResolvedRefs').includes('InvalidCACertificateRef'))
})
