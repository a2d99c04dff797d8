import { Server, ServerCredentials } from '@grpc/grpc-js'
import assert from 'node:assert/strict'
import { createServer as createHttp2 } from 'node:http2'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { suite, test } from 'node:test'
import { snapshotOf } from '../../../../test/support/gateway.ts'
import { plain } from '../../../../test/support/policies.ts'
import { ok, RawUpstream } from '../../../../test/support/raw-upstream.ts'
import { Authority } from '../../../../test/support/certificates.ts'
import { SecureUpstream } from '../../../../test/support/secure-upstream.ts'
import { TestUpstream } from '../../../../test/support/upstream.ts'
import { RawServer } from '../../../../test/support/raw.ts'
import { Seen } from '../../../../test/support/until.ts'
import { setOwnListeners } from '../../../upstream/own-listeners.ts'
import { Logger } from '../../../telemetry/log.ts'
import type { HealthChecks } from '../../../snapshot/health.ts'
import type { Snapshot } from '../../../snapshot/snapshot.ts'
import type { ClusterTls } from '../../../snapshot/tls.ts'
import { Checker, type CheckerOptions } from './checker.ts'

const name = 'Backend/default/up'
/** Time for an answer on a machine that is busy with others. */
const single = { interval: '5s', timeout: '5s', healthyThreshold: 1, unhealthyThreshold: 1 }
const often = { interval: '400ms', timeout: '400ms' }
const soon = { interval: '100ms', timeout: '100ms' }
const checked = (ports: number | readonly number[], healthChecks: object = {}): Snapshot =>
  snapshotOf(plain(ports, { upstream: { healthChecks: { ...single, ...healthChecks } } }))

/** What is said of each endpoint, by its port, "" for healthy. */
class World implements Disposable {
  readonly told = new Seen<Readonly<Record<string, string | null>> | null>()
  readonly checker: Checker
  checks = 0

  constructor(more: Partial<CheckerOptions> = {}) {
    this.checker = new Checker({
      log: new Logger({ write: () => {} }),
      tell: verdicts => this.told.push(verdicts[name] ?? null),
      checked: () => this.checks++,
      ...more,
    })
  }

  async of(port: number, wanted: (word: string) => boolean = () => true): Promise<string> {
    const key = `127.0.0.1:${port}`
    const said = await this.told.first(one => typeof one?.[key] === 'string' && wanted(one[key]))
    return said![key]!
  }

  [Symbol.dispose](): void {
    this.checker.stop()
  }
}

suite('HTTP', () => {
  for (const [what, answer, http, expected] of [
    ['200', ok('x'), {}, ''],
    ['204, which is not expected', 'HTTP/1.1 204 X\r\n\r\n', {}, 'status 204, expected 200'],
    ['204, which is', 'HTTP/1.1 204 X\r\n\r\n', { statuses: [200, 204] }, ''],
    ['503', 'HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n', {}, 'status 503, expected 200'],
    ['the body that is wanted', ok('all is READY here'), { body: 'READY' }, ''],
    ['another body', ok('starting'), { body: 'READY' }, 'the body does not have "READY"'],
    ['an endless body that is not looked at', `HTTP/1.1 200 X\r\n\r\n${'x'.repeat(200_000)}`, {}, ''],
    ['half a body', 'HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\nhalf', {}, 'no answer in time'],
    ['nothing', '', {}, 'no answer in time'],
    [
      'nonsense',
      'nonsense\r\n\r\n',
      {},
      /^http_protocol_error \(.+\): the response of the backend is malformed$/,
    ],
  ] as const)
    test(what, async () => {
      await using upstream = await RawUpstream.answering(() => answer)
      using world = new World()
      const patience = expected === 'no answer in time' ? soon : {}
      world.checker.apply(checked(upstream.port, { http, ...patience }))
      const said = await world.of(upstream.port)
      if (typeof expected === 'string') assert.equal(said, expected)
      else assert.match(said, expected)
    })

  test('what is asked: method, path, host, and its own port', async () => {
    await using upstream = await RawUpstream.answering(() => ok('x'))
    await using probes = await RawUpstream.answering(() => ok('x'))
    using world = new World()
    world.checker.apply(
      checked(upstream.port, {
        port: probes.port,
        http: { method: 'OPTIONS', path: '/healthz?deep', hostname: 'shop.internal' },
      }),
    )
    assert.equal(await world.of(upstream.port), '')
    assert.equal(upstream.conversations.length, 0)
    assert.match(
      probes.conversations[0]!.text,
      /^OPTIONS \/healthz\?deep HTTP\/1\.1\r\nHost: shop\.internal\r\n/,
    )
  })

  test('a connection is kept, and one that was just closed is no failure', async () => {
    let closing = false
    await using upstream = await RawUpstream.answering((_, conversation) => {
      if (closing) setImmediate(() => conversation.socket.destroy())
      return ok('x')
    })
    using world = new World()
    world.checker.apply(checked(upstream.port, { interval: '1s', timeout: '1s' }))
    await upstream.until(({ requests }) => requests.length >= 2)
    assert.equal(upstream.conversations.length, 1)
    closing = true
    await upstream.until(({ conversations }) => conversations.length >= 2)
    assert.deepEqual(world.told.all, [{ [`127.0.0.1:${upstream.port}`]: '' }])
  })
})

suite('by a connection alone', () => {
  test('TCP: who accepts is well, who refuses is not', async () => {
    await using server = await RawServer.start(() => {})
    const dead = await RawServer.start(() => {})
    const { port } = dead
    await dead[Symbol.asyncDispose]()
    using world = new World()
    world.checker.apply(checked([server.port, port], { type: 'TCP' }))
    assert.equal(await world.of(server.port), '')
    assert.match(await world.of(port), /^connection_refused \(ECONNREFUSED\)/)
  })

  test('TLS where nothing is secured says so', async () => {
    await using server = await RawServer.start(() => {})
    using world = new World()
    world.checker.apply(checked(server.port, { type: 'TLS' }))
    assert.equal(await world.of(server.port), 'its connections are not secured, expected type TCP')
  })
})

test('HTTP/2', async () => {
  let status = 200
  const server = createHttp2((_, response) => response.writeHead(status).end('x')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  using world = new World()
  world.checker.apply(checked(port, { type: 'HTTP2', ...often }))
  assert.equal(await world.of(port), '')
  status = 500
  assert.equal(await world.of(port, word => word !== ''), 'status 500, expected 200')
  world.checker.stop()
  server.close()
})

test('grpc.health.v1, as grpc-js speaks it', async () => {
  let status = 1
  const services: string[] = []
  const server = new Server()
  const raw = (bytes: Buffer): Buffer => bytes
  server.addService(
    {
      Check: {
        path: '/grpc.health.v1.Health/Check',
        requestStream: false,
        responseStream: false,
        requestSerialize: raw,
        requestDeserialize: raw,
        responseSerialize: raw,
        responseDeserialize: raw,
      },
    },
    {
      Check(call: { request: Buffer }, answer: (error: object | null, bytes?: Buffer) => void) {
        services.push(call.request.subarray(2).toString())
        if (status === 5) answer({ code: 5, details: 'unknown service' })
        else answer(null, Buffer.of(8, status))
      },
    },
  )
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  )
  using world = new World()
  world.checker.apply(checked(port, { type: 'GRPC', grpc: { service: 'shop.Items' }, ...often }))
  assert.equal(await world.of(port, word => word === ''), '')
  assert.equal(services[0], 'shop.Items')
  status = 2
  assert.equal(await world.of(port, word => word !== ''), 'NOT_SERVING')
  status = 5
  assert.equal(await world.of(port, word => word.startsWith('grpc')), 'grpc-status 5')
  world.checker.stop()
  server.forceShutdown()
})

test('TLS is what requests have: by the authority and the name of the cluster', async () => {
  const [authority, other] = [await Authority.make('ours'), await Authority.make('theirs')]
  const { chain, key } = await authority.issue({ names: ['shop.internal'] })
  await using upstream = await SecureUpstream.start({ cert: chain, key })
  const trusting = (root: string): ClusterTls => ({
    serverName: 'shop.internal',
    names: [],
    authorities: ['ca'],
    certificate: null,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: '',
    key: root,
  })
  for (const type of ['HTTP', 'TLS', 'TCP'])
    for (const { root } of [authority, other]) {
      using world = new World()
      const snapshot = checked(upstream.port, { type })
      const clusters = snapshot.clusters.map(one => ({ ...one, tls: trusting(root) }))
      world.checker.apply({
        ...snapshot,
        clusters,
        certificates: { ca: { chain: root, key: '', fingerprint: '', leaf: null } },
      })
      const said = await world.of(upstream.port)
      if (type === 'TCP' || root === authority.root) assert.equal(said, '', type)
      else assert.match(said, /^tls_certificate_error/, type)
    }
})

test('endpoints of a name are its addresses, as they are resolved', async () => {
  await using a = await TestUpstream.startOn('0.0.0.0', (_, response) => void response.end('x'))
  let addresses = ['127.0.0.1', '127.0.0.2']
  using world = new World({ lookup: () => Promise.resolve(addresses) })
  const snapshot = checked(a.port)
  const clusters = snapshot.clusters.map(one => ({ ...one, dnsRefreshMs: 100 }))
  world.checker.apply({
    clusters,
    endpoints: { [name]: [{ address: 'up.internal', port: a.port, weight: 1 }] },
  })
  await world.told.first(said => said?.[`127.0.0.2:${a.port}`] === '')
  addresses = ['127.0.0.3']
  await world.told.first(said => said?.[`127.0.0.3:${a.port}`] === '')
  await world.told.first(said => said?.[`127.0.0.2:${a.port}`] === null)
})

suite('who is asked', () => {
  test('state outlives a reload; who leaves is forgotten, and a cluster without checks', async () => {
    await using a = await RawUpstream.answering(() => ok('x'))
    await using b = await RawUpstream.answering(() => 'HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n')
    // A check that comes too late on a busy machine changes nothing.
    const lasting = { unhealthyThreshold: 100, ...often }
    using world = new World()
    world.checker.apply(checked([a.port, b.port], { ...lasting, interval: '5s', timeout: '5s' }))
    await Promise.all([world.of(a.port), world.of(b.port)])
    world.checker.apply(checked([a.port, b.port], lasting))
    const { checks } = world
    await a.until(() => world.checks > checks + 3)
    const words = (port: number) => world.told.all.flatMap(one => one?.[`127.0.0.1:${port}`] ?? [])
    assert.deepEqual(words(a.port), [''], 'what was known is not told again')
    assert.ok(!words(b.port).includes(''))
    world.checker.apply(checked([a.port], lasting))
    await world.told.first(one => one?.[`127.0.0.1:${b.port}`] === null)
    world.checker.apply(snapshotOf(plain(a.port)))
    await world.told.first(one => one === null)
  })

  test('a thousand that hang hold up nobody, and so many are asked at once', async () => {
    let open = 0
    let most = 0
    const hanging = await RawServer.start(socket => {
      most = Math.max(most, ++open)
      socket.on('close', () => open--).resume()
    })
    await using server = hanging
    await using good = await RawUpstream.answering(() => ok('x'))
    const one = checked(good.port)
    const [config] = one.clusters
    const healthChecks: HealthChecks = { ...config!.healthChecks!, timeoutMs: 100, intervalMs: 1_000 }
    const endpoints = Array.from({ length: 1_000 }, (_, i) => ({
      address: `127.1.${i >> 8}.${i & 255}`,
      port: server.port,
      weight: 1,
    }))
    using world = new World({
      tell: verdicts => Object.values(verdicts).forEach(said => world.told.push(said)),
    })
    world.checker.apply({
      clusters: [{ ...config!, name: 'hanging', healthChecks }, config!],
      endpoints: { hanging: endpoints, [name]: one.endpoints[name]! },
    })
    assert.equal(await world.of(good.port), '')
    assert.ok(most <= 64, `${most} at once`)
  })

  test('who waits for a place is asked when clusters whose checks hang are gone', async () => {
    await using hanging = await RawServer.start(socket => void socket.resume())
    await using good = await RawUpstream.answering(() => ok('x'))
    const one = checked(good.port)
    const [config] = one.clusters
    const healthChecks: HealthChecks = { ...config!.healthChecks!, timeoutMs: 600_000, intervalMs: 600_000 }
    const names = ['a', 'b', 'c', 'd']
    const endpoints = Array.from({ length: 64 }, (_, i) => ({
      address: `127.1.0.${i + 1}`,
      port: hanging.port,
      weight: 1,
    }))
    using world = new World()
    world.checker.apply({
      clusters: [...names.map(other => ({ ...config!, name: other, healthChecks })), config!],
      endpoints: { ...Object.fromEntries(names.map(other => [other, endpoints])), ...one.endpoints },
    })
    world.checker.apply(one)
    assert.equal(await world.of(good.port), '')
  })

  test('a cluster that goes is told of before it can be back', async () => {
    await using a = await RawUpstream.answering(() => ok('x'))
    using world = new World()
    world.checker.apply(checked(a.port))
    await world.of(a.port)
    world.checker.apply(snapshotOf(plain(a.port)))
    assert.equal(world.told.all.at(-1), null)
  })

  test('the admin listener of the gateway never is', async () => {
    await using admin = await RawUpstream.answering(() => ok('x'))
    setOwnListeners([{ address: '127.0.0.1', port: admin.port }])
    using world = new World()
    for (const type of ['HTTP', 'TCP', 'GRPC']) world.checker.apply(checked(admin.port, { type }))
    world.checker.apply(checked(1, { port: admin.port }))
    assert.match(await world.of(1), /^destination_ip_prohibited/)
    setOwnListeners([])
    assert.equal(admin.conversations.length, 0)
  })
})
