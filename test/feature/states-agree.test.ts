import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Cluster } from '../../src/admin/shapes/cluster.ts'
import type { Finding } from '../../src/api/shapes/finding.ts'
import { send } from '../support/client.ts'
import { portcullis } from '../support/command.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

/** A gateway of one worker whose only cluster has these objects; what all who show it say of that. */
async function running(
  cluster: string,
  objects: readonly object[],
  run: (shown: Shown, port: number) => Promise<void>,
): Promise<void> {
  const port = await freePort()
  using folder = new Folder({ 'a.yaml': yamlOf(gateway([{ name: 'http', port }]), ...objects) })
  await using process = await RunProcess.start([folder.path], '--workers', '1', '--access-log', 'off')
  await process.started()
  await run(new Shown(process, cluster, port), port)
}

class Shown {
  readonly process: RunProcess
  private readonly name: string
  private readonly port: number

  constructor(process: RunProcess, name: string, port: number) {
    this.process = process
    this.name = name
    this.port = port
  }

  /** What the Admin API says, which the console shows. */
  async cluster(wanted: (cluster: Cluster) => boolean): Promise<Cluster> {
    for (;;) {
      const answer = await this.process.get(`/v1/clusters/${encodeURIComponent(this.name)}`)
      const cluster = (await answer.json()) as Cluster
      if (wanted(cluster)) return cluster
    }
  }

  /** The lines of `explain` that say how it is now. */
  async explained(): Promise<readonly string[]> {
    const admin = `http://127.0.0.1:${this.process.admin}`
    const { stdout } = await portcullis(['explain', '--admin', admin, 'GET', `http://a:${this.port}/`])
    return stdout
      .split('\n')
      .filter(line => line.startsWith('now '))
      .map(line => line.slice(3).trim())
  }

  /** A sample of this family, once it is this. */
  async metric(family: string, labels: string, value: number): Promise<void> {
    const line = `portcullis_upstream_${family}{cluster="${this.name}"${labels}} ${value}`
    for (;;) {
      const text = await (await this.process.get('/metrics')).text()
      if (text.split('\n').includes(line)) return
    }
  }

  async problems(): Promise<readonly string[]> {
    const { items } = (await (await this.process.get('/v1/problems')).json()) as { items: Finding[] }
    return items.filter(one => one.running).map(({ severity, reason }) => `${severity} ${reason}`)
  }
}

const policy = (target: object, spec: object): object => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'BackendPolicy',
  metadata: { name: 'sick' },
  spec: { targetRefs: [target], ...spec },
})
const up = { group: 'portcullis.dev', kind: 'Backend', name: 'up' }
const toUp = httpRoute('all', { rules: [{ backendRefs: [to('up')] }] })

suite('explain, Admin API, metrics, log and problems say the same', { timeout: 120_000 }, () => {
  test('of readiness, checks and ejection, which are one state', async () => {
    // On addresses of their own, for an EndpointSlice has one port.
    const answers = new Map<string, number>([['127.0.3.1', 200]])
    await using upstream = await TestUpstream.startOn('0.0.0.0', (request, response) => {
      const { localAddress = '' } = request.socket
      const sick = request.url === '/healthz' ? localAddress === '127.0.3.3' : localAddress === '127.0.3.4'
      answers.set(localAddress, 1 + (answers.get(localAddress) ?? 0))
      response.statusCode = sick ? 503 : 200
      response.end()
    })
    const service = { group: '', kind: 'Service', name: 'shop' }
    const objects = [
      httpRoute('all', { rules: [{ backendRefs: [{ name: 'shop', port: 80 }] }] }),
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'shop' }, spec: { ports: [{ port: 80 }] } },
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: 'shop-1', labels: { 'kubernetes.io/service-name': 'shop' } },
        addressType: 'IPv4',
        ports: [{ port: upstream.port }],
        endpoints: [1, 2, 3, 4].map(i => ({
          addresses: [`127.0.3.${i}`],
          conditions: { ready: i !== 2 },
        })),
      },
      policy(service, {
        healthChecks: { interval: '1s', http: { path: '/healthz' } },
        outlierDetection: { consecutive5xx: 2, baseEjection: '1h', maxEjection: '1h', panicThreshold: 1 },
      }),
    ]
    await running('Service/default/shop:80', objects, async (shown, port) => {
      await shown.process.event('endpoint.unhealthy')
      while (shown.process.log.all.every(line => line['event'] !== 'endpoint.ejected')) await send(port)
      const { endpoints, panics } = await shown.cluster(one =>
        one.endpoints.some(({ state }) => state === 'ejected'),
      )
      assert.deepEqual(
        endpoints.map(({ address, state, reason }) => `${address} ${state}: ${reason ?? ''}`),
        [
          '127.0.3.1 serving: ',
          '127.0.3.2 unready: its EndpointSlice says so',
          '127.0.3.3 unhealthy: status 503, expected 200',
          '127.0.3.4 ejected: consecutive_5xx: 2 in a row',
        ],
      )
      assert.equal(panics, false)
      const lines = await shown.explained()
      assert.equal(lines[0], '1 of 4 endpoints serves')
      assert.ok(lines.includes(`127.0.3.2:${upstream.port} is unready, its EndpointSlice says so`))
      assert.ok(lines.includes(`127.0.3.3:${upstream.port} is unhealthy, status 503, expected 200`))
      assert.match(
        lines.join('\n'),
        /127\.0\.3\.4:\d+ is ejected until [-\dT:.]+Z, consecutive_5xx: 2 in a row/,
      )
      for (const state of ['unready', 'unhealthy', 'ejected'])
        await shown.metric('endpoints_out', `,state="${state}"`, 1)
      await shown.metric('endpoints_serving', '', 1)
      const unready = await shown.process.event('endpoint.unready')
      assert.deepEqual(
        [unready['endpoint'], unready['reason']],
        [`127.0.3.2:${upstream.port}`, 'its EndpointSlice says so'],
      )
      const unhealthy = await shown.process.event('endpoint.unhealthy')
      assert.equal(unhealthy['reason'], 'status 503, expected 200')
      const ejected = await shown.process.event('endpoint.ejected')
      assert.deepEqual([ejected['reason'], ejected['detail']], ['consecutive_5xx', '2 in a row'])
      assert.deepEqual(await shown.problems(), ['warning EndpointUnhealthy'])
    })
  })

  test('of panic: all are used', async () => {
    await using sick = await TestUpstream.start((_, response) => {
      response.statusCode = 500
      response.end()
    })
    await using other = await TestUpstream.start((_, response) => {
      response.statusCode = 500
      response.end()
    })
    const objects = [
      toUp,
      backend('up', [sick.port, other.port]),
      policy(up, {
        outlierDetection: {
          consecutive5xx: 1,
          baseEjection: '1h',
          maxEjection: '1h',
          maxEjectedPercent: 100,
        },
      }),
    ]
    await running('Backend/default/up', objects, async (shown, port) => {
      while (shown.process.log.all.every(line => line['event'] !== 'cluster.panics')) await send(port)
      const { endpoints } = await shown.cluster(({ panics }) => panics)
      assert.deepEqual(
        endpoints.map(({ state }) => state),
        ['ejected', 'ejected'],
      )
      assert.ok(
        (await shown.explained()).includes('so few are well that all are used, also those that are not'),
      )
      await shown.metric('panic', '', 1)
      assert.deepEqual(await shown.problems(), ['error EndpointEjected'])
    })
  })

  test('of a breaker, and of the retry budget', async () => {
    let sick = true
    await using upstream = await TestUpstream.start((_, response) => {
      response.statusCode = sick ? 500 : 200
      response.end()
    })
    const trip = { minRequests: 4, openFor: '2s', probes: 1 }
    const retry = { attempts: 1, retryOn: { triggers: ['5xx'] } }
    const objects = [toUp, backend('up', [upstream.port]), policy(up, { circuitBreaker: { trip }, retry })]
    await running('Backend/default/up', objects, async (shown, port) => {
      for (let i = 0; i < 2; i++) assert.equal((await send(port)).status, 500)
      const { breaker, retryBudget, limits } = await shown.cluster(one => one.breaker?.state !== 'closed')
      assert.equal(breaker?.reason, '4 of 4 failed')
      if (breaker?.state === 'open') assert.ok(Date.parse(breaker.until ?? '') > Date.now() - 60_000)
      assert.deepEqual(retryBudget, { requests: 2, retries: 2, allowed: 100, intervalMs: 10_000 })
      assert.match(limits, /repeated once after 500 to 599 with pauses of 25ms to 250ms/)
      assert.match(limits, /breaker open for 2s where 50 % failed of at least 4 attempts in 10s then 1 probe/)
      await shown.metric('breaker_opened_total', ',reason="errors"', 1)
      await shown.metric('retries_paid_total', '', 2)
      const opened = await shown.process.event('breaker.open')
      assert.equal(opened['detail'], '4 of 4 failed')
      await shown.cluster(one => one.breaker?.state === 'half-open')
      const lines = (await shown.explained()).join('\n')
      assert.match(lines, /its breaker is half-open, 4 of 4 failed, 0 requests under way/)
      assert.match(lines, /2 of 100 retries of its budget used, with 2 requests in 10s/)
      await shown.metric('breaker_half_open', '', 1)
      assert.deepEqual(await shown.problems(), ['error BreakerOpen'])
      sick = false
      assert.equal((await send(port)).status, 200)
      await shown.cluster(one => one.breaker?.state === 'closed')
      await shown.metric('breaker_open', '', 0)
      // What was said of all clusters is good for a second.
      while ((await shown.problems()).length > 0);
    })
  })
})
