// What happens to clusters, on a real API server: it is restarted, watches break, versions are forgotten, the leader dies,
// and routes come and go by the hundred. Requests are served all the while, and statuses are complete soon after.
import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { after, before, suite, test, type TestContext } from 'node:test'
import { globSync } from 'node:fs'
import { send } from '../support/client.ts'
import { freePort, RunProcess } from '../support/process.ts'
import { RealCluster } from '../support/real-cluster.ts'
import { TestUpstream } from '../support/upstream.ts'

const root = join(import.meta.dirname, '../..')
const ROUTES = '/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes'
const MERGE = 'application/merge-patch+json'
/** Of the last change, until all statuses are those of the present generations. */
const COMPLETE_MS = 10_000

const route = (name: string, path: string) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name, namespace: 'default' },
  spec: {
    parentRefs: [{ name: 'front' }],
    rules: [
      {
        matches: [{ path: { type: 'PathPrefix', value: path } }],
        backendRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'items' }],
      },
    ],
  },
})

/** Asks without a pause on connections that stay, and counts what is not answered 200. */
class Traffic {
  requests = 0
  readonly failed: string[] = []
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 4 })
  private readonly ended: Promise<unknown>
  private isEnding = false

  constructor(host: string, port: number) {
    this.ended = Promise.all([1, 2].map(() => this.ask(host, port)))
  }

  private async ask(host: string, port: number): Promise<void> {
    while (!this.isEnding) {
      const outcome = await this.once(host, port)
      this.requests++
      if (outcome !== '200') this.failed.push(outcome)
      await delay(2)
    }
  }

  private once(host: string, port: number): Promise<string> {
    return new Promise(resolve => {
      const call = request({ host, port, path: '/steady', agent: this.agent }, response => {
        let body = ''
        response.on('data', chunk => (body += String(chunk)))
        response.on('end', () => resolve(response.statusCode === 200 ? '200' : body))
      })
      call.on('error', error => resolve(String(error)))
      call.end()
    })
  }

  async end(): Promise<void> {
    this.isEnding = true
    await this.ended
    this.agent.destroy()
  }
}

interface Listed {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly generation: number }
    readonly status?: {
      readonly parents?: readonly {
        readonly conditions: readonly { readonly observedGeneration: number }[]
      }[]
    }
  }[]
}

suite('outages of a cluster', () => {
  let cluster: RealCluster | null = null
  let upstream: TestUpstream
  let port = 0
  /** Two replicas, each on an address of its own. */
  const hosts = ['127.0.0.1', '127.0.0.2']
  const replicas = new Map<string, RunProcess>()

  before(async context => {
    const folder = process.env['GATEWAY_API']
    if (folder === undefined) {
      if (process.env['CI']) throw new Error('GATEWAY_API names no folder (.ci/run), and CI must not skip')
      return
    }
    cluster = await RealCluster.start(context as TestContext)
    if (cluster === null) return
    const definitions = globSync(join(folder, 'config/crd/standard/gateway.networking.k8s.io_*s.yaml'))
    cluster.kubectl([
      'apply',
      '--server-side',
      ...definitions.flatMap(file => ['-f', file]),
      '-f',
      join(root, 'deploy/kustomize/crds.yaml'),
    ])
    cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])
    upstream = await TestUpstream.start((_, response) => response.end('items'))
    port = await freePort()
    cluster.kubectl(['apply', '--server-side', '-f', '-'], base(port, upstream.port))
    for (const host of hosts) replicas.set(host, await replica(host))
    for (const run of replicas.values()) await run.started()
  })

  after(async () => {
    for (const run of replicas.values()) await run[Symbol.asyncDispose]()
    await cluster?.[Symbol.asyncDispose]()
    await upstream[Symbol.asyncDispose]()
  })

  const base = (listen: number, backend: number) => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front, namespace: default }
spec: { gatewayClassName: portcullis, listeners: [{ name: http, protocol: HTTP, port: ${listen} }] }
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: items, namespace: default }
spec: { endpoints: [{ address: 127.0.0.1, port: ${backend} }] }
---
# A worker that gets no processor, beside an API server on two cores, refuses what is less than Critical.
apiVersion: portcullis.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: steady, namespace: default }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: steady }]
  priority: Critical
---
${JSON.stringify(route('steady', '/steady'))}
`

  const replica = (host: string): Promise<RunProcess> =>
    RunProcess.start(
      [],
      '--kubernetes',
      `--kubeconfig=${cluster!.kubeconfig}`,
      '--workers=1',
      '--roles=ingress',
      `--address=${host}`,
      '--access-log=off',
      '--lease=default/portcullis',
      '--publish=192.0.2.1',
      `--data=${join(cluster!.folder, host)}`,
    )

  const apply = async (method: string, name: string, body?: object): Promise<void> => {
    const path = method === 'POST' ? ROUTES : `${ROUTES}/${name}`
    const answer = await cluster!.ask(method, path, body, method === 'PATCH' ? MERGE : undefined)
    assert.ok(answer.status < 300, answer.body)
  }

  const each = async (names: readonly string[], work: (name: string) => Promise<void>): Promise<void> => {
    const rest = [...names]
    const next = async (): Promise<void> => {
      for (let name = rest.pop(); name !== undefined; name = rest.pop()) await work(name)
    }
    await Promise.all(Array.from({ length: 8 }, next))
  }

  /** Resolves when it holds; rejects when that takes too long, with what is told then. */
  const within = async (ms: number, what: string, holds: () => Promise<boolean>): Promise<void> => {
    for (const endMs = performance.now() + ms; !(await holds()); await delay(50))
      assert.ok(performance.now() < endMs, `${what}: not after ${ms} ms`)
  }

  const answers = (path: string, status: number) => async (): Promise<boolean> => {
    const got = await Promise.all(
      [...replicas.keys()].map(host => fetch(`http://${host}:${port}${path}`).then(one => one.status)),
    )
    return got.every(one => one === status)
  }

  /** How many routes have a status of their present generation. */
  const told = async (): Promise<readonly string[]> => {
    const { body } = await cluster!.ask('GET', ROUTES)
    const { items } = JSON.parse(body) as Listed
    return items
      .filter(({ metadata, status }) =>
        status?.parents?.[0]?.conditions.every(one => one.observedGeneration === metadata.generation),
      )
      .map(({ metadata }) => metadata.name)
  }

  const leader = (): string => {
    const { spec } = JSON.parse(
      cluster!.kubectl(['get', 'lease', 'portcullis', '-n', 'default', '-o', 'json']),
    ) as { readonly spec: { readonly holderIdentity?: string } }
    return spec.holderIdentity ?? ''
  }

  test('hundreds of routes come, change and go while requests are served, and statuses follow', async t => {
    if (cluster === null) return t.skip('no API server')
    const traffic = hosts.map(host => new Traffic(host, port))
    const names = Array.from({ length: 300 }, (_, i) => `churn-${i}`)
    await each(names, name => apply('POST', name, route(name, `/${name}`)))
    await each(names, name => apply('PATCH', name, { spec: route(name, `/${name}/new`).spec }))
    await within(COMPLETE_MS, 'statuses', async () => (await told()).length === names.length + 1)
    await within(5_000, 'the last route', answers(`/${names[0]!}/new`, 200))
    await each(names, name => apply('DELETE', name))
    await within(5_000, 'routes that are gone', answers(`/${names[0]!}/new`, 404))
    for (const one of traffic) await one.end()
    for (const { requests, failed } of traffic) {
      assert.ok(requests > 100, `${requests} requests`)
      assert.deepEqual(failed, [])
    }
  })

  test('the API server goes and comes again, and what changed is served', async t => {
    if (cluster === null) return t.skip('no API server')
    const traffic = hosts.map(host => new Traffic(host, port))
    await cluster.restartServer(async () => {
      for (const run of replicas.values()) await run.event('kubernetes.failing')
      assert.equal((await send(port, { path: '/steady' })).status, 200)
    })
    await apply('POST', 'after', route('after', '/after'))
    await within(30_000, 'a route that came after it', answers('/after', 200))
    await within(30_000, 'its status', async () => (await told()).includes('after'))
    for (const one of traffic) await one.end()
    assert.deepEqual(
      traffic.flatMap(({ failed }) => failed),
      [],
    )
  })

  test('versions that are forgotten are listed anew, with what went meanwhile', async t => {
    if (cluster === null) return t.skip('no API server')
    await apply('POST', 'gone', route('gone', '/gone'))
    await within(5_000, 'the route', answers('/gone', 200))
    // They hear nothing of what happens now, and of nothing later can what they know be continued.
    for (const run of replicas.values()) run.child.kill('SIGSTOP')
    await apply('DELETE', 'gone')
    await apply('POST', 'come', route('come', '/come'))
    await cluster.restartServer(() => cluster!.compact())
    for (const run of replicas.values()) run.child.kill('SIGCONT')
    await within(60_000, 'what came', answers('/come', 200))
    await within(5_000, 'what went', answers('/gone', 404))
    await within(60_000, 'its status', async () => (await told()).includes('come'))
  })

  test('the leader dies, and the other replica writes statuses', async t => {
    if (cluster === null) return t.skip('no API server')
    await within(60_000, 'a leader', async () => Promise.resolve(leader() !== ''))
    const held = leader()
    const led = (run: RunProcess): boolean => run.log.all.some(line => line['event'] === 'kubernetes.leads')
    const [host, run] = [...replicas].find(([, one]) => led(one)) ?? [...replicas][0]!
    replicas.delete(host)
    const others = [...replicas.keys()].map(one => new Traffic(one, port))
    await run.stop('SIGKILL')
    await apply('POST', 'orphan', route('orphan', '/orphan'))
    await within(5_000, 'the route', answers('/orphan', 200))
    // A Lease is free after as long as it says.
    await within(60_000, 'its status', async () => (await told()).includes('orphan'))
    assert.notEqual(leader(), held)
    for (const one of others) await one.end()
    assert.deepEqual(
      others.flatMap(({ failed }) => failed),
      [],
    )
  })
})
