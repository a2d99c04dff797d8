import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WorkerGroup } from '../../src/proxy/workers.ts'
import { Logger } from '../../src/telemetry/log.ts'
import { MetricsReader } from '../../src/telemetry/metrics-reader.ts'
import { Authority, tlsSecret, type KeyPair } from '../support/certificates.ts'
import { snapshotOf, startGateway } from '../support/gateway.ts'
import { freePort } from '../support/process.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { ask, askOnce, failureOf, httpsListener, secure } from '../support/tls.ts'
import { TestUpstream } from '../support/upstream.ts'
import { workerEntry } from '../support/worker-entry.ts'

const authority = await Authority.make()
const pairs = await Promise.all(Array.from({ length: 8 }, () => authority.issue({ names: ['a.example'] })))
const trust = { ca: authority.root, servername: 'a.example' }

function yaml(upstream: TestUpstream, pair: KeyPair, path = '/'): string {
  return yamlOf(
    gateway([httpsListener('https', ['pair'])]),
    tlsSecret('pair', pair),
    httpRoute('all', { rules: [{ matches: [{ path: { value: path } }], backendRefs: [to('up')] }] }),
    backend('up', [upstream.port]),
  )
}

test('another certificate is shown to new connections, and old ones do not notice', async () => {
  await using upstream = await TestUpstream.start()
  await using started = await startGateway(yaml(upstream, pairs[0]!))
  const socket = await secure(started.port(443), trust)
  const before = await ask(socket, 'a.example')
  await started.reload(yaml(upstream, pairs[1]!))
  const after = await askOnce(started.port(443), 'a.example', trust)
  assert.notEqual(after.serial, before.serial)
  assert.equal((await ask(socket, 'a.example')).status, 200)
  socket.destroy()
})

test('a bad certificate refuses new connections, until it is mended', async () => {
  await using upstream = await TestUpstream.start()
  const good = yaml(upstream, pairs[0]!)
  await using started = await startGateway(good)
  const bad = yaml(upstream, { ...pairs[0]!, key: pairs[1]!.key })
  // The port is still there for a second listener, so that it is the listener that refuses and not the system.
  const two = (text: string): string =>
    text
      .replace('"name":"https"', '"name":"https","hostname":"a.example"')
      .replace('"listeners":[', `"listeners":[${JSON.stringify(httpsListener('other', ['kept']))},`) +
    `\n---\n${JSON.stringify(tlsSecret('kept', pairs[2]!))}`
  await started.reload(two(bad))
  assert.match(await failureOf(started.port(443), 'a.example', trust), /ECONNRESET/)
  await started.reload(two(good))
  assert.equal(await failureOf(started.port(443), 'a.example', trust), 'none')
})

/** Requests, on connections of their own and on one that is kept, until told to stop; answers with their number. */
async function load(port: number, until: () => boolean): Promise<{ requests: number; serials: Set<string> }> {
  const serials = new Set<string>()
  let requests = 0
  const kept = await secure(port, trust)
  while (!until()) {
    const answers = [await ask(kept, 'a.example'), await askOnce(port, 'a.example', trust)]
    for (const { status, serial } of answers) {
      assert.equal(status, 200)
      if (serial !== '') serials.add(serial)
      requests++
    }
  }
  kept.destroy()
  return { requests, serials }
}

test('no request fails while certificates are rotated', async () => {
  await using upstream = await TestUpstream.start()
  await using started = await startGateway(yaml(upstream, pairs[0]!))
  let done = false
  const loads = Array.from({ length: 4 }, () => load(started.port(443), () => done))
  for (let turn = 1; turn <= 100; turn++) {
    await started.reload(yaml(upstream, pairs[turn % pairs.length]!))
    await askOnce(started.port(443), 'a.example', trust)
  }
  done = true
  const results = await Promise.all(loads)
  const serials = new Set(results.flatMap(result => [...result.serials]))
  assert.equal(serials.size, pairs.length)
  assert.ok(
    results.every(({ requests }) => requests > 50),
    JSON.stringify(results.map(r => r.requests)),
  )
})

test('no request fails while certificates are rotated in two workers, and ticket keys with them', async () => {
  await using upstream = await TestUpstream.start()
  const log = new Logger({ write: () => {} })
  const workers = new WorkerGroup({
    entry: workerEntry,
    workers: 2,
    logLevel: 'error',
    accessLog: 'off',
    log,
    metrics: new MetricsReader(),
  })
  const port = await freePort()
  const rotate = async (turn: number): Promise<void> => {
    const snapshot = snapshotOf(yaml(upstream, pairs[turn % pairs.length]!), turn)
    const ports = snapshot.ports.map(one => ({ ...one, address: '127.0.0.1', port }))
    const results = await workers.apply({ ...snapshot, ports })
    assert.ok(
      results.every(result => !('error' in result)),
      JSON.stringify(results),
    )
  }
  try {
    await rotate(1)
    let done = false
    const loads = Array.from({ length: 3 }, () => load(port, () => done))
    for (let turn = 2; turn <= 40; turn++) {
      await rotate(turn)
      if (turn % 10 === 0) workers.rotateTicketKeys()
      await askOnce(port, 'a.example', trust)
    }
    done = true
    const results = await Promise.all(loads)
    assert.ok(
      results.every(({ requests }) => requests > 20),
      JSON.stringify(results.map(r => r.requests)),
    )
  } finally {
    await workers.drain(100)
  }
})
