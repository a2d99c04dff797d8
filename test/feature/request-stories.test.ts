import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect, createServer } from 'node:net'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { storyOf } from '../../src/admin/requests/story.ts'
import type { RequestStory } from '../../src/admin/shapes/requests.ts'
import { ruleTypes } from '../../src/cli/rule-types.ts'
import type { RecentRecord } from '../../src/telemetry/recent/slot-reader.ts'
import { AuthService } from '../support/auth-service.ts'
import { Authority, tlsSecret } from '../support/certificates.ts'
import { send } from '../support/client.ts'
import { snapshotOf, startGateway, type TestGateway } from '../support/gateway.ts'
import { EchoClient, EchoServer } from '../support/grpc.ts'
import { grpcYaml } from '../support/grpc-gateway.ts'
import { clientPolicy, externalAuthPolicy } from '../support/policies.ts'
import { freePort } from '../support/process.ts'
import { RawClient } from '../support/raw.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { settled } from '../support/settled.ts'
import { ask, httpsListener, secure } from '../support/tls.ts'
import { TestUpstream } from '../support/upstream.ts'

/** The first record, there or still to come, that is wanted. */
async function recordOf(
  { recent }: TestGateway,
  wanted: (record: RecentRecord) => boolean,
): Promise<RecentRecord> {
  for (;;) {
    const found = recent.list({}, 1_000).records.find(wanted)
    if (found !== undefined) return found
    await setImmediate()
  }
}

function told(record: RecentRecord, yaml: string, version = 1): RequestStory {
  return storyOf(record, 0, { snapshot: snapshotOf(yaml, version), filters: ruleTypes.filters })
}

const decided = (story: RequestStory): string[] =>
  story.phases.filter(step => step.decided).map(({ layer }) => layer)

const routed = (port: number, ...more: readonly object[]): string =>
  yamlOf(gateway(), httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }), backend('up', [port]), ...more)

suite('the story of', () => {
  test('a gRPC call that a server has answered, and of one whose server is down', async () => {
    await using server = await EchoServer.start()
    const yaml = grpcYaml(server.port)
    await using running = await startGateway(yaml)
    {
      using client = new EchoClient(running.port())
      await client.unary({ text: 'hello' })
    }
    const good = told(await recordOf(running, ({ grpcStatus }) => grpcStatus === 0), yaml)
    assert.deepEqual(
      [good.status, good.version, good.error, good.route],
      [200, 'HTTP/2', false, 'grpcroute/default/grpc/0'],
    )
    const dead = grpcYaml(await freePort())
    await running.reload(dead)
    using client = new EchoClient(running.port())
    await client.unary({ text: 'hello' })
    const bad = told(await recordOf(running, ({ grpcStatus }) => grpcStatus === 14), dead, 2)
    assert.deepEqual([bad.status, bad.failure, bad.error], [200, 'connection_refused', true])
    assert.deepEqual(decided(bad), ['backend'])
    assert.ok(bad.attempts.length > 1)
    // What it met is not in force any more for who asks later.
    assert.deepEqual(told(await recordOf(running, ({ grpcStatus }) => grpcStatus === 14), dead, 3).snapshot, {
      version: 2,
      inForce: false,
    })
  })

  test('a handshake that comes to nothing, which has no id', async () => {
    const authority = await Authority.make()
    const pair = await authority.issue({ names: ['a.example'] })
    const yaml = yamlOf(
      gateway([httpsListener('https', ['pair'], { hostname: 'a.example' })]),
      tlsSecret('pair', pair),
      httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
      backend('up', [await freePort()]),
    )
    await using running = await startGateway(yaml)
    await assert.rejects(secure(running.port(443), { ca: authority.root, servername: 'b.example' }))
    const story = told(await recordOf(running, ({ rejection }) => rejection !== ''), yaml)
    assert.deepEqual([story.id, story.method, story.status, story.error], [null, null, null, true])
    assert.equal(story.rejection, 'tls_unrecognized_name')
    assert.deepEqual(decided(story), ['connection'])
    const good = await ask(
      await secure(running.port(443), { ca: authority.root, servername: 'a.example' }),
      'a.example',
    ).catch(() => null)
    assert.equal(good?.status, 502)
    assert.equal(told(await recordOf(running, ({ status }) => status === 502), yaml).scheme, 'https')
  })

  test('a connection that is passed through', async () => {
    const server = createServer(socket => socket.end('bytes')).listen(0)
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const tls = { mode: 'Passthrough' }
    const yaml = yamlOf(
      gateway([{ ...httpsListener('pass', [], {}), protocol: 'TLS', tls }]),
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'TLSRoute',
        metadata: { name: 'pass' },
        spec: {
          parentRefs: [{ name: 'gw' }],
          hostnames: ['pass.example'],
          rules: [{ backendRefs: [to('up')] }],
        },
      },
      backend('up', [port]),
    )
    await using running = await startGateway(yaml)
    await secure(running.port(443), { servername: 'pass.example' }).catch(() => null)
    const story = told(await recordOf(running, ({ route }) => route !== ''), yaml)
    assert.deepEqual(
      [story.route, story.host, story.endpoint],
      ['tlsroute/default/pass/0', 'pass.example', `127.0.0.1:${port}`],
    )
    assert.deepEqual([story.status, story.method, story.attemptCount], [null, null, 1])
    assert.equal(story.responseBytes, 5)
    server.close()
  })

  test('a request whose head came in pieces, and whose filter had to be waited for', async () => {
    await using service = await AuthService.start()
    await using upstream = await TestUpstream.start()
    const yaml = routed(upstream.port, backend('auth', [service.port]), externalAuthPolicy())
    await using running = await startGateway(yaml)
    await using client = await RawClient.to(running.port())
    client.write('GET /pieces HTTP/1.1\r\n')
    // It has been read when something that was sent later has been answered.
    assert.equal((await send(running.port(), { path: '/whole' })).status, 200)
    client.write('Host: a\r\n\r\n')
    await client.until(/^HTTP\/1\.1 200/)
    const story = told(await recordOf(running, ({ path }) => path === '/pieces'), yaml)
    assert.ok(story.timings.headMs > 0)
    assert.ok(story.timings.filtersMs > 0)
    const waited = story.filters.find(({ did }) => did === 'waited')
    assert.deepEqual([waited?.type, waited?.at.object], ['external-auth', 'ExternalAuthPolicy/default/ask'])
    assert.equal(told(await recordOf(running, ({ path }) => path === '/whole'), yaml).timings.headMs, 0)
  })

  test('a response that its client was slow to read', async () => {
    const body = Buffer.alloc(30_000_000, 'x')
    let sending: ServerResponse | null = null
    await using upstream = await TestUpstream.start((_, response) => {
      sending = response
      response.end(body)
    })
    const yaml = routed(upstream.port)
    await using running = await startGateway(yaml)
    const socket = connect(running.port(), '127.0.0.1')
    socket.write('GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await once(socket, 'readable')
    // Where more was sent than the system takes, the upstream is held up from then on, however long that is.
    assert.ok((await settled(() => sending?.writableLength ?? 0)) > 0)
    socket.resume()
    await once(socket, 'close')
    const story = told(await recordOf(running, ({ path }) => path === '/large'), yaml)
    assert.ok(story.timings.clientMs > 0)
    assert.equal(story.responseBytes, body.length)
  })

  test('requests of a neighbour is there while somebody asks for what is not', async () => {
    const yaml = yamlOf(
      gateway(),
      httpRoute('r', { rules: [{ matches: [prefix('/shop')], backendRefs: [to('down')] }] }),
      backend('down', [await freePort()]),
      clientPolicy({ trustedHops: 1 }),
    )
    await using running = await startGateway(yaml)
    const from = (client: string, path: string) =>
      send(running.port(), { path, headers: { 'X-Forwarded-For': client } })
    for (let i = 0; i < 20; i++) {
      await from('198.51.100.7', '/shop/cart')
      await from('198.51.100.7', `/missing/${i}`)
    }
    const scanner = connect(running.port(), '127.0.0.1').resume()
    const scan = 'GET /admin.php HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.66\r\n\r\n'
    scanner.write(scan.repeat(6_000))
    await recordOf(running, ({ serial }) => serial === 6_040)
    scanner.destroy()
    const kept = running.recent.list({ keep: 'errors', client: '198.51.100.7' }, 1_000).records
    assert.equal(kept.filter(({ status }) => status === 502).length, 20)
    assert.equal(kept.filter(({ status }) => status === 404).length, 20)
    // Nothing of the neighbour's is among the last four thousand any more.
    assert.ok(kept.every(({ serial }) => serial <= 40))
  })
})
