import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cluster } from '../../src/admin/shapes/cluster.ts'
import type { Finding } from '../../src/api/shapes/finding.ts'
import { send } from '../support/client.ts'
import { backendPolicy } from '../support/policies.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

/** Requests are answered by its name, and checks as `healthy` says. */
class Backend {
  healthy: boolean
  asked = 0
  served = 0
  upstream: TestUpstream | null = null
  private readonly name: string

  constructor(name: string, healthy = true) {
    this.name = name
    this.healthy = healthy
  }

  async start(): Promise<this> {
    this.upstream = await TestUpstream.start((request, response) => {
      if (request.url === '/healthz') {
        this.asked++
        response.writeHead(this.healthy ? 200 : 503).end('x')
      } else {
        this.served++
        response.end(this.name)
      }
    })
    return this
  }

  get port(): number {
    return this.upstream!.port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.upstream![Symbol.asyncDispose]()
  }
}

const checks = {
  interval: '200ms',
  timeout: '200ms',
  healthyThreshold: 1,
  initialState: 'Unhealthy',
  http: { path: '/healthz' },
}

test(
  'checks take one out before a client meets it, once for all workers, and bring it back',
  { timeout: 90_000 },
  async () => {
    await using a = await new Backend('a').start()
    await using b = await new Backend('b').start()
    await using c = await new Backend('c', false).start()
    const port = await freePort()
    const text = (policy: object) =>
      yamlOf(
        gateway([{ name: 'http', port }]),
        backend('up', [a.port, b.port, c.port]),
        httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
        backendPolicy({ healthChecks: policy }),
      )
    using folder = new Folder({ 'a.yaml': text(checks) })
    await using run = await RunProcess.start([folder.path], '--workers', '2', '--access-log', 'off')
    await run.started()
    const json = async <T>(path: string): Promise<T> => (await run.get(path)).json() as Promise<T>
    const cluster = () => json<Cluster>(`/v1/clusters/${encodeURIComponent('Backend/default/up')}`)
    const until = async (holds: (shown: Cluster) => boolean): Promise<Cluster> => {
      for (;;) {
        const shown = await cluster()
        if (holds(shown)) return shown
      }
    }
    const states = ({ endpoints }: Cluster) => endpoints.map(({ state }) => state).join(' ')

    const shown = await until(one => one.endpoints[2]!.reason?.startsWith('status') === true)
    assert.equal(
      states(await until(one => states(one) === 'serving serving unhealthy')),
      'serving serving unhealthy',
    )
    assert.equal(shown.endpoints[2]!.reason, 'status 503, expected 200')
    assert.match(
      shown.limits,
      /checked by HTTP GET \/healthz every 200ms within 200ms, unhealthy until the first/,
    )
    // A connection for each, so that both workers have some.
    for (let i = 0; i < 24; i++) assert.equal((await send(port)).status, 200)
    assert.equal(c.served, 0)

    const counted = (metrics: string) =>
      [...metrics.matchAll(/^portcullis_health_checks_total\{.*\} (\d+)$/gm)].reduce(
        (sum, [, n]) => sum + Number(n),
        0,
      )
    const askedBefore = a.asked + b.asked + c.asked
    const known = counted(await (await run.get('/metrics')).text())
    const askedAfter = a.asked + b.asked + c.asked
    // What is counted was asked once; of each endpoint one may be under way, or its time was over.
    assert.ok(
      known >= askedBefore - 3 - 3 && askedAfter - known <= 6 + 3,
      `${askedBefore} ${known} ${askedAfter}`,
    )

    const { items } = await json<{ items: Finding[] }>('/v1/problems')
    assert.deepEqual(
      items.map(({ severity, reason }) => `${severity} ${reason}`),
      ['warning EndpointUnhealthy'],
    )

    // What is known outlives a reload: of those that would be unhealthy until a check, nobody has to wait for one.
    folder.write('a.yaml', text({ ...checks, interval: '60s' }))
    await run.event('snapshot.applied', ({ version }) => version === 2)
    for (let i = 0; i < 12; i++) assert.equal((await send(port)).status, 200)
    assert.equal(c.served, 0)

    folder.write('a.yaml', text(checks))
    c.healthy = true
    await until(one => states(one) === 'serving serving serving')
    while (c.served === 0) assert.equal((await send(port)).status, 200)

    for (const one of [a, b, c]) one.healthy = false
    const panic = await until(({ panics }) => panics)
    assert.ok(panic.endpoints.filter(({ state }) => state === 'unhealthy').length >= 2, states(panic))
    await run.event('cluster.panics')
    assert.equal((await send(port)).status, 200, 'one that may be dead is better than none')
  },
)
