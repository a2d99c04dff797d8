import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Logger } from '../../src/telemetry/log.ts'
import { Authority } from '../support/certificates.ts'
import { send } from '../support/client.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { HeldUpstream } from '../support/held-upstream.ts'
import { RawClient, RawServer } from '../support/raw.ts'
import { backend, exact, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { readBody, TestUpstream } from '../support/upstream.ts'

const authority = await Authority.make('mirrors')
const { chain: cert, key } = await authority.issue({ ips: ['127.0.0.1'] })
const MIB = 1024 * 1024

function mirror(port: number, more: object = {}): object {
  const spec = { endpoints: [{ address: '127.0.0.1', port }], ...more }
  return { apiVersion: 'portcullis.dev/v1alpha1', kind: 'Backend', metadata: { name: 'mirror' }, spec }
}

/** So many connections; 0 is no limit. Making one may take long. */
function limited(maxConnections: number): object {
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'BackendPolicy',
    metadata: { name: 'few' },
    spec: {
      targetRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'mirror' }],
      connections: { max: maxConnections, connectTimeout: '60s' },
    },
  }
}

const mirroring = {
  filters: [{ type: 'RequestMirror', requestMirror: { backendRef: to('mirror') } }],
  backendRefs: [to('up')],
}

interface Mirrored extends TestGateway {
  /** Of the log, those about mirrors. */
  readonly warnings: readonly { readonly event: string; readonly reason: string }[]
  lost(): Record<string, number>
}

async function mirrored(up: number, rule: object, ...more: readonly object[]): Promise<Mirrored> {
  const warnings: { event: string; reason: string }[] = []
  const write = (line: string): void => {
    const parsed = JSON.parse(line) as { event: string; reason: string }
    if (parsed.event.startsWith('mirror')) warnings.push(parsed)
  }
  const started = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('r', { rules: [{ ...mirroring, ...rule }] }),
      httpRoute('p', { rules: [{ matches: [exact('/plain')], backendRefs: [to('up')] }] }),
      backend('up', [up]),
      ...more,
    ),
    { systemAuthorities: () => [authority.root], log: new Logger({ write, human: false }) },
  )
  const lost = (): Record<string, number> =>
    Object.fromEntries(
      [...started.metrics().matchAll(/^portcullis_mirror_lost_total\{.*reason="(\w+)"\} (\d+)$/gm)].map(
        ([, reason, count]) => [reason!, Number(count)],
      ),
    )
  return Object.assign(started, { warnings, lost })
}

const sink = (): Promise<TestUpstream> =>
  TestUpstream.start((request, response) => {
    readBody(request).then(
      body => response.end(String(body.length)),
      () => response.destroy(),
    )
  })

/** Resolves when this holds; the test's own time is its limit. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setImmediate()
}

async function post(started: TestGateway, bytes: number): Promise<void> {
  const answer = await send(started.port(), { method: 'POST', body: 'a'.repeat(bytes) })
  assert.deepEqual([answer.status, answer.body], [200, String(bytes)])
}

for (const protocol of ['https', 'h2'] as const)
  suite(`a mirror of ${protocol} whose connection is still being made`, () => {
    test('gets a body that has come whole meanwhile', async () => {
      await using upstream = await sink()
      await using held = await HeldUpstream.start({ cert, key })
      await using started = await mirrored(upstream.port, {}, mirror(held.port, { protocol }), limited(0))
      await post(started, 300_000)
      held.release()
      assert.equal(await held.bodies.first(), 300_000)
      assert.deepEqual(started.lost(), {})
    })

    test('loses a body that is too long to wait, says so once, and is not as cold the next time', async () => {
      await using upstream = await sink()
      await using held = await HeldUpstream.start({ cert, key })
      await using started = await mirrored(upstream.port, {}, mirror(held.port, { protocol }), limited(0))
      await post(started, 20 * MIB)
      await post(started, 20 * MIB)
      assert.deepEqual(started.lost(), { mirror_slow: 2 })
      assert.deepEqual(
        started.warnings.map(({ event, reason }) => [event, reason]),
        [['mirror.lost', 'mirror_slow']],
      )
      // Of HTTP/1 the connections of the copies went with them, and another one is being made.
      await held.connections.count(protocol === 'https' ? 3 : 1)
      held.release()
      await held.handshakes.first()
      await post(started, 300_000)
      assert.equal(await held.bodies.first(), 300_000)
      assert.equal(held.connections.all.length, protocol === 'https' ? 3 : 1)
      assert.deepEqual(started.lost(), { mirror_slow: 2 })
    })

    test('holds no more than so much of all copies', async () => {
      await using upstream = await sink()
      await using held = await HeldUpstream.start({ cert, key })
      await using started = await mirrored(upstream.port, {}, mirror(held.port, { protocol }), limited(0))
      await Promise.all(Array.from({ length: 14 }, () => post(started, 3 * MIB)))
      const { mirror_full: lost = 0 } = started.lost()
      // 32 MiB are the most; the one that would pass the bound is lost whole.
      assert.ok(lost >= 4 && lost < 14, String(lost))
      held.release()
      assert.deepEqual(await held.bodies.count(14 - lost), Array(14 - lost).fill(3 * MIB))
      assert.deepEqual(started.lost(), { mirror_full: lost })
    })
  })

test('a mirror of HTTP/1 without TLS gets a body that is longer than 64 KiB while it is cold', async () => {
  await using upstream = await sink()
  const lengths: number[] = []
  await using mirrors = await TestUpstream.start((request, response) => {
    void readBody(request).then(body => {
      lengths.push(body.length)
      response.end()
    })
  })
  await using started = await mirrored(upstream.port, {}, mirror(mirrors.port))
  // Now there is a connection to the backend, and none to the mirror.
  await send(started.port(), { path: '/plain' })
  await post(started, 2 * MIB)
  await until(() => lengths.length > 0)
  assert.deepEqual([lengths, started.lost()], [[2 * MIB], {}])
})

suite('a copy that is lost is counted by reason', () => {
  test('where nobody listens', async () => {
    await using upstream = await sink()
    await using started = await mirrored(upstream.port, {}, mirror(1))
    for (let i = 0; i < 3; i++) await post(started, 1)
    await until(() => started.lost()['connection_refused'] === 3)
    assert.deepEqual(started.lost(), { connection_refused: 3 })
    assert.equal(started.warnings.length, 1)
  })

  test('where there is no endpoint', async () => {
    await using upstream = await sink()
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'none' },
      spec: { ports: [{ port: 80 }] },
    }
    const filters = [{ type: 'RequestMirror', requestMirror: { backendRef: { name: 'none', port: 80 } } }]
    await using started = await mirrored(upstream.port, { filters }, service)
    await post(started, 1)
    assert.deepEqual(started.lost(), { destination_unavailable: 1 })
  })

  test('where all connections are taken, or no answer comes', async () => {
    await using upstream = await sink()
    await using silent = await RawServer.start(socket => void socket.resume())
    await using started = await mirrored(
      upstream.port,
      { timeouts: { backendRequest: '500ms' } },
      mirror(silent.port),
      limited(1),
    )
    await post(started, 1)
    await post(started, 1)
    await until(() => started.lost()['http_response_timeout'] !== undefined)
    assert.deepEqual(started.lost(), { connection_limit_reached: 1, http_response_timeout: 1 })
    assert.equal(started.warnings.length, 2)
  })

  test('where it breaks off', async () => {
    await using upstream = await sink()
    await using breaking = await RawServer.start(socket => void socket.once('data', () => socket.destroy()))
    await using started = await mirrored(upstream.port, {}, mirror(breaking.port))
    await post(started, 1)
    await until(() => started.lost()['connection_terminated'] !== undefined)
    assert.deepEqual(started.lost(), { connection_terminated: 1 })
  })

  test('where the request itself is never complete', async () => {
    await using upstream = await sink()
    await using mirrors = await sink()
    await using started = await mirrored(upstream.port, {}, mirror(mirrors.port))
    const client = await RawClient.to(started.port())
    client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
    await until(() => upstream.connections === 1 && mirrors.connections === 1)
    await client[Symbol.asyncDispose]()
    await started.line(line => line['portcullis.failure'] === 'client_gone')
    assert.deepEqual(started.lost(), { request_incomplete: 1 })
  })
})
