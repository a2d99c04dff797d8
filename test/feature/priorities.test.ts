import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { send } from '../support/client.ts'
import { Answers } from '../../src/shared/questions.ts'
import type { ChallengeConfig } from '../../src/roles/ingress/acme/challenge-filter.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'
import { Logger } from '../../src/telemetry/log.ts'
import { origin } from '../support/exchange.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { block, headers } from '../support/http2/wire.ts'
import { RawClient } from '../support/raw.ts'
import { RawHttp2Client } from '../support/raw-http2.ts'
import { ofGateway, ofRoute, trafficPolicy } from '../support/traffic.ts'
import { TestUpstream } from '../support/upstream.ts'

/** Sheddable requests are refused from 91 exchanges on, Normal ones from 96, and all from 101. */
const overload = { exchanges: 100, bufferedBytes: 1e9, heapShare: 1 }

const yaml = (port: number, ...policies: readonly object[]): string =>
  yamlOf(
    gateway(),
    httpRoute('r', {
      rules: ['pay', 'search', 'hold', 'plain'].map(name => ({
        name,
        matches: [prefix(`/${name}`)],
        backendRefs: [to('up')],
      })),
    }),
    backend('up', [port]),
    ...policies,
  )

const asking = (path: string): Buffer =>
  block(':method', 'GET', ':scheme', 'http', ':path', path, ':authority', 'a.example')

const rule = (sectionName: string, priority: string, more: object = {}): object =>
  trafficPolicy(sectionName, { ...ofRoute, sectionName }, { priority, ...more })

/** What a CertificatePolicy puts on listeners; who is asked is this test. */
const challenge: ChallengeConfig = {
  type: 'acme-challenge',
  origin,
  channel: 'priorities',
  names: ['a.example'],
}

function validated(snapshot: Snapshot): Snapshot {
  const ports = snapshot.ports.map(port => ({
    ...port,
    listeners: port.listeners.map(one => ({ ...one, filters: [...(one.filters ?? []), challenge] })),
  }))
  return { ...snapshot, ports }
}

/** Holds what is asked for below /hold until it is let go, and answers all else. */
class Holding {
  readonly upstream: TestUpstream
  private readonly held: (() => void)[]

  private constructor(upstream: TestUpstream, held: (() => void)[]) {
    this.upstream = upstream
    this.held = held
  }

  static async start(): Promise<Holding> {
    const held: (() => void)[] = []
    const upstream = await TestUpstream.start((request, response) => {
      if (request.url?.startsWith('/hold') === true) held.push(() => response.end('held'))
      else response.end('ok')
    })
    return new Holding(upstream, held)
  }

  /** As many more are under way from then on. */
  async hold(port: number, count: number): Promise<void> {
    const wanted = this.held.length + count
    this.answers.push(...Array.from({ length: count }, () => send(port, { path: '/hold' })))
    while (this.held.length < wanted) await new Promise(setImmediate)
  }

  readonly answers: Promise<{ readonly status: number }>[] = []

  async release(): Promise<void> {
    for (const one of this.held.splice(0)) one()
    for (const answer of await Promise.all(this.answers.splice(0))) assert.equal(answer.status, 200)
  }
}

/** What is judged twice a second: until this is answered so. */
async function until(port: number, path: string, status: number): Promise<void> {
  while ((await send(port, { path })).status !== status);
}

async function statuses(port: number, ...paths: readonly string[]): Promise<number[]> {
  const all: number[] = []
  for (const path of paths) all.push((await send(port, { path })).status)
  return all
}

const shed = (running: TestGateway): string[] =>
  running
    .metrics()
    .split('\n')
    .filter(line => /^portcullis_(requests_shed_total|shedding_workers)/.test(line))
    .map(line => line.replace(/ [1-9]\d*$/, ' some'))
    .toSorted()

suite('a worker that holds too much refuses', () => {
  test('what is Sheddable first, then Normal, Critical last, with Retry-After; and ends with it', async () => {
    const holding = await Holding.start()
    await using upstream = holding.upstream
    const policies = [rule('pay', 'Critical'), rule('hold', 'Critical'), rule('search', 'Sheddable')]
    const told: string[] = []
    const log = new Logger({ human: false, windowMs: 0, write: line => told.push(line) })
    await using running = await startGateway(yaml(upstream.port, ...policies), { overload, log })
    const port = running.port()
    await holding.hold(port, 92)
    await until(port, '/search', 503)
    assert.deepEqual(await statuses(port, '/search', '/plain', '/nowhere', '/pay'), [503, 200, 404, 200])
    await holding.hold(port, 5)
    await until(port, '/plain', 503)
    assert.deepEqual(await statuses(port, '/search', '/plain', '/nowhere', '/pay'), [503, 503, 503, 200])
    const refused = await send(port, { path: '/plain' })
    assert.equal(refused.headers['retry-after'], '1')
    assert.match(refused.body, /"reason":"proxy_overloaded"/)
    await holding.hold(port, 4)
    await until(port, '/pay', 503)
    assert.deepEqual(shed(running), [
      'portcullis_requests_shed_total{priority="Critical",reason="exchanges"} some',
      'portcullis_requests_shed_total{priority="Normal",reason="exchanges"} some',
      'portcullis_requests_shed_total{priority="Sheddable",reason="exchanges"} some',
      'portcullis_shedding_workers some',
    ])
    const line = await running.line(
      one => one['url.path'] === '/pay' && one['http.response.status_code'] === 503,
    )
    assert.equal(line['portcullis.failure'], 'proxy_overloaded')
    assert.equal(line['portcullis.failure.reason'], 'exchanges')
    await holding.release()
    await until(port, '/search', 200)
    assert.match(running.metrics(), /^portcullis_shedding_workers 0$/m)
    const events = told.join('')
    for (const serves of ['Normal', 'Critical', 'none'])
      assert.match(events, new RegExp(`"event":"overload.begun","reason":"exchanges","serves":"${serves}"`))
    assert.match(events, /"event":"overload.ended"/)
  })

  test('by the nearest policy, and by the one behind it for what that leaves out', async () => {
    const holding = await Holding.start()
    await using upstream = holding.upstream
    const policies = [
      trafficPolicy('all', ofGateway, {
        priority: 'Sheddable',
        except: [{ paths: [{ value: '/search/live' }] }],
      }),
      rule('hold', 'Critical'),
      rule('pay', 'Critical', { except: [{ methods: ['DELETE'] }] }),
    ]
    await using running = await startGateway(yaml(upstream.port, ...policies), { overload })
    const port = running.port()
    await holding.hold(port, 92)
    await until(port, '/plain', 503)
    assert.deepEqual(
      await statuses(port, '/search', '/search/live', '/plain', '/nowhere', '/pay'),
      [503, 200, 503, 503, 200],
    )
    assert.equal((await send(port, { path: '/pay', method: 'DELETE' })).status, 503)
    await holding.release()
  })

  test('over HTTP/2 too, and sends clients whom it refuses elsewhere: what they ask until they go is theirs to ask there', async () => {
    const holding = await Holding.start()
    await using upstream = holding.upstream
    const policies = [rule('hold', 'Critical'), rule('pay', 'Critical'), rule('search', 'Sheddable')]
    await using running = await startGateway(yaml(upstream.port, ...policies), {
      overload: { ...overload, stayMs: 0, leavingShare: 1 },
    })
    const port = running.port()
    await holding.hold(port, 92)
    await until(port, '/search', 503)
    await using refused = await RawHttp2Client.to(port)
    await using served = await RawHttp2Client.to(port)
    served.says(headers(1, asking('/pay')))
    refused.says(headers(1, asking('/search')))
    await served.until(/^DATA 1 \d+ END$/)
    await refused.until(/^DATA 1 \d+ END$/)
    await refused.until(/^GOAWAY/)
    // The client may not know yet: it does not answer the ping that comes behind.
    refused.says(headers(3, asking('/search')), headers(5, asking('/pay')))
    await refused.until(/^RST 3 REFUSED_STREAM$/i)
    await refused.until(/^DATA 5 \d+ END$/)
    served.says(headers(3, asking('/pay')))
    await served.until(/^DATA 3 \d+ END$/)
    assert.equal(
      served.said.some(line => line.startsWith('GOAWAY')),
      false,
    )
    assert.match(running.metrics(), /^portcullis_connections_sent_away_total 1$/m)
    await holding.release()
  })

  test('before filters and before the body', async () => {
    const holding = await Holding.start()
    await using upstream = holding.upstream
    const once = { rateLimits: [{ name: 'one', requests: 1, unit: 'Hour' }] }
    const policies = [rule('hold', 'Critical'), rule('search', 'Sheddable', once)]
    await using running = await startGateway(yaml(upstream.port, ...policies), { overload })
    const port = running.port()
    assert.deepEqual(await statuses(port, '/search', '/search'), [200, 429])
    await holding.hold(port, 92)
    await until(port, '/search', 503)
    await using client = await RawClient.to(port)
    client.write('POST /search HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000000\r\n\r\n')
    await client.until(/^HTTP\/1\.1 503 [^]*proxy_overloaded/)
    await holding.release()
  })

  test('not who validates a name for our certificate, whatever listener and route say', async () => {
    const holding = await Holding.start()
    await using upstream = holding.upstream
    const answers = new Answers('priorities', () => Promise.resolve('proof'))
    const policies = [
      trafficPolicy('all', ofGateway, { priority: 'Sheddable' }),
      rule('hold', 'Critical'),
      httpRoute('other', {
        rules: [{ matches: [prefix('/.well-known/acme-challenge')], backendRefs: [to('up')] }],
      }),
    ]
    await using running = await startGateway(yaml(upstream.port, ...policies), { overload, edit: validated })
    const port = running.port()
    await holding.hold(port, 97)
    await until(port, '/plain', 503)
    const path = '/.well-known/acme-challenge/DGyRejmCefe7v4NfDGDKfA_1234-5678'
    const proof = await send(port, { path })
    assert.deepEqual([proof.status, proof.body], [200, 'proof'])
    assert.equal((await send(port, { path, method: 'POST' })).status, 503)
    assert.equal((await send(port, { path, host: 'b.example' })).status, 503)
    await holding.release()
    answers.close()
  })
})
