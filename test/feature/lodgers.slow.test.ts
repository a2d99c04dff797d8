// A composition without code in the threads of workers: what becomes of its requests when workers come and go.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { WorkerGroup } from '../../src/proxy/workers.ts'
import type { LodgerGroup } from '../../src/proxy/lodger-group.ts'
import { backendRule } from '../../src/roles/composition/translation/backend-rule.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'
import { Logger } from '../../src/telemetry/log.ts'
import { MetricsReader } from '../../src/telemetry/metrics-reader.ts'
import { threadAddress } from '../../src/upstream/crossing/address.ts'
import { clusterOf } from '../support/cluster.ts'
import { snapshotOf } from '../support/gateway.ts'
import { freePort, type LogLine } from '../support/process.ts'
import { RawClient } from '../support/raw.ts'
import { Seen } from '../support/until.ts'
import { TestUpstream } from '../support/upstream.ts'
import { wireClient } from '../support/wire-client.ts'
import { between } from '../support/wires.ts'
import { entryOf } from '../support/within.ts'
import { workerEntry } from '../support/worker-entry.ts'

const aggregate = {
  backends: { a: {} },
  routes: [
    {
      path: '/page/{id}',
      parts: {
        one: { backend: 'a', path: '/{params.id}' },
        two: { backend: 'a', path: '/{params.id}', query: { x: '2' } },
      },
    },
  ],
}
const page = { one: { at: '/7' }, two: { at: '/7?x=2' } }

/** Workers, whose one route leads to what lodges with them. */
class Lodged implements AsyncDisposable {
  readonly log = new Seen<LogLine>()
  readonly metrics = new MetricsReader()
  readonly workers: WorkerGroup
  readonly port: number
  readonly group: LodgerGroup
  private version = 0

  private constructor(port: number, declared: unknown, workers: number) {
    this.port = port
    this.workers = new WorkerGroup({
      entry: workerEntry,
      workers,
      logLevel: 'error',
      accessLog: 'off',
      log: new Logger({
        human: false,
        windowMs: 0,
        write: line => this.log.push(JSON.parse(line) as LogLine),
      }),
      metrics: this.metrics,
    })
    this.group = this.lodge(declared)
  }

  /** One more. */
  lodge(declared: unknown = aggregate): LodgerGroup {
    return this.workers.lodge({
      composition: 'default/home',
      served: { aggregate: declared },
      holdBytes: 2 ** 20,
    })
  }

  static async start(upstream: number, declared: unknown = aggregate, workers = 2): Promise<Lodged> {
    const lodged = new Lodged(await freePort(), declared, workers)
    try {
      await Promise.all([lodged.group.begun(), lodged.group.apply(lodged.inner(upstream))])
      await lodged.route([lodged.group])
      return lodged
    } catch (error) {
      await lodged[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Requests go to these from now on. */
  async route(groups: readonly LodgerGroup[]): Promise<void> {
    const made = snapshotOf(between('h1', 1), ++this.version)
    const endpoints = groups.map(({ id }) => ({ address: threadAddress(id), port: 1, weight: 1 }))
    await this.workers.apply({
      ...made,
      clusters: made.clusters.map(cluster => ({ ...cluster, protocol: 'bundle' })),
      endpoints: Object.fromEntries(made.clusters.map(({ name }) => [name, endpoints])),
      ports: made.ports
        .filter(({ protocol }) => protocol === 'http')
        .map(port => ({ ...port, address: '127.0.0.1', port: this.port })),
    })
  }

  inner(upstream: number): Snapshot {
    const { origin } = clusterOf('a')
    const { rule, settings } = backendRule('composition/default/home/a', origin, entryOf(), 'a')
    return {
      version: 1,
      ports: [],
      clusters: [clusterOf('a', settings)],
      endpoints: { a: [{ address: '127.0.0.1', port: upstream, weight: 1 }] },
      within: { a: rule },
    }
  }

  /** By a connection of its own, so that any of the workers may have it. */
  async ask(path = '/page/7'): Promise<readonly [status: number, body: unknown]> {
    await using client = wireClient('h1', this.port)
    const { status, body } = await client.send({ path })
    return [status, JSON.parse(body.toString())]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.workers.drain(1_000)
    await this.group.drain(1_000)
  }
}

const json = { 'content-type': 'application/json' }

const start = () =>
  TestUpstream.start((request, response) =>
    response.writeHead(200, json).end(JSON.stringify({ at: request.url })),
  )

/** Answers when it is let. */
async function held() {
  const { promise, resolve } = Promise.withResolvers<void>()
  const asked = new Seen<string>()
  const upstream = await TestUpstream.start((request, response) => {
    asked.push(request.url!)
    void promise.then(() => response.writeHead(200, json).end(JSON.stringify({ at: request.url })))
  })
  return { upstream, asked, release: resolve }
}

suite('a composition that lodges with workers', () => {
  test('is served by all of them, and by one that begins later', async () => {
    await using upstream = await start()
    await using lodged = await Lodged.start(upstream.port)
    for (let i = 0; i < 10; i++) assert.deepEqual(await lodged.ask(), [200, page])
    const [first] = lodged.workers.ids
    await lodged.workers.kill(first!)
    await lodged.log.first(({ event }) => event === 'worker.serving')
    for (let i = 0; i < 10; i++) assert.deepEqual(await lodged.ask(), [200, page])
    assert.deepEqual(
      lodged.log.all.filter(({ event }) => event === 'bundle.failed'),
      [],
    )
  })

  test('loses no request when workers are replaced', async () => {
    await using upstream = await start()
    await using lodged = await Lodged.start(upstream.port)
    let over = false
    const answers: unknown[] = []
    const asking = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!over) answers.push(await lodged.ask())
      }),
    )
    for (const id of lodged.workers.ids) await lodged.workers.replace(id)
    over = true
    await asking
    assert.ok(answers.length > 0)
    for (const answer of answers) assert.deepEqual(answer, [200, page])
  })

  test('is had by workers that leave while something else takes its place', async () => {
    await using upstream = await start()
    await using lodged = await Lodged.start(upstream.port)
    await using clients = new AsyncDisposableStack()
    const halves = await Promise.all(Array.from({ length: 8 }, () => RawClient.to(lodged.port)))
    for (const client of halves) {
      clients.use(client)
      // A worker that leaves waits for the rest, and sends it to where requests go by then.
      client.write('GET /page/7 HTTP/1.1\r\nHost: a\r\n')
    }
    const replaced = lodged.workers.ids.map(id => lodged.workers.replace(id))
    await lodged.log.count(replaced.length)
    const next = lodged.lodge()
    await Promise.all([next.begun(), next.apply(lodged.inner(upstream.port))])
    await lodged.route([next])
    for (const client of halves) client.write('\r\n')
    await Promise.all(halves.map(client => client.until(/\}\}$/)))
    for (const { text } of halves) assert.match(text, /^HTTP\/1\.1 200 /)
    await clients.disposeAsync()
    await Promise.all(replaced)
    await next.drain(1_000)
  })

  test('finishes what it has begun when it leaves, and nothing comes behind that', async () => {
    const { upstream, asked, release } = await held()
    await using _ = upstream
    await using lodged = await Lodged.start(upstream.port)
    const asking = lodged.ask()
    await asked.count(2)
    await lodged.route([])
    const drained = lodged.group.drain(10_000)
    release()
    assert.deepEqual(await asking, [200, page])
    await drained
    assert.equal((await lodged.ask())[0], 503)
  })

  test('finishes what it has begun when the process ends', async () => {
    const { upstream, asked, release } = await held()
    await using _ = upstream
    await using lodged = await Lodged.start(upstream.port)
    const asking = lodged.ask()
    await asked.count(2)
    const drained = lodged.workers.drain(10_000)
    release()
    assert.deepEqual(await asking, [200, page])
    await drained
  })

  test('answers nobody before its clusters are there', async () => {
    await using upstream = await start()
    await using lodged = await Lodged.start(upstream.port)
    const late = lodged.lodge()
    await lodged.route([late])
    const asking = lodged.ask()
    await late.apply(lodged.inner(upstream.port))
    assert.deepEqual(await asking, [200, page])
    await late.drain(1_000)
  })

  test('has metrics of its own, counted once', async () => {
    await using upstream = await start()
    await using lodged = await Lodged.start(upstream.port)
    for (let i = 0; i < 6; i++) await lodged.ask()
    const text = lodged.metrics.render()
    const total = [...text.matchAll(/^portcullis_composition_calls_total\{.*\} (\d+)$/gm)]
    assert.equal(
      total.reduce((sum, [, count]) => sum + Number(count), 0),
      12,
      text,
    )
  })

  test('that cannot be made says why', async () => {
    await using upstream = await start()
    await assert.rejects(Lodged.start(upstream.port, { backends: {}, routes: [] }), /routes/)
  })
})
