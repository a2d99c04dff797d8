import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { WorkerGroup } from '../../src/proxy/workers.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'
import { Logger } from '../../src/telemetry/log.ts'
import { MetricsReader } from '../../src/telemetry/metrics-reader.ts'
import { send } from '../support/client.ts'
import { snapshotOf } from '../support/gateway.ts'
import { freePort } from '../support/process.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'
import { workerEntry } from '../support/worker-entry.ts'

/** Two workers on one port, which get a snapshot for each call of `apply`. */
class Group implements AsyncDisposable {
  readonly workers: WorkerGroup
  restarts = 0
  private readonly port: number

  constructor(port: number) {
    this.port = port
    const log = new Logger({ write: () => {} })
    this.workers = new WorkerGroup({
      entry: workerEntry,
      workers: 2,
      logLevel: 'error',
      accessLog: 'off',
      log,
      metrics: new MetricsReader(),
      onRestart: () => void this.restarts++,
    })
  }

  apply(snapshot: Snapshot): ReturnType<WorkerGroup['apply']> {
    const ports = snapshot.ports.map(port => ({ ...port, address: '127.0.0.1', port: this.port }))
    return this.workers.apply({ ...snapshot, ports })
  }

  /** Of so many connections that each worker has had some. */
  async statuses(...paths: readonly string[]): Promise<number[][]> {
    const ask = async (path: string): Promise<number[]> => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => send(this.port, { path })))
      return [...new Set(answers.map(({ status }) => status))]
    }
    return Promise.all(paths.map(ask))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.workers.drain(100)
  }
}

const routes = (port: number, ...paths: readonly string[]): string =>
  yamlOf(
    gateway(),
    backend('up', [port]),
    ...paths.map((path, i) =>
      httpRoute(`r${i}`, { rules: [{ matches: [prefix(path)], backendRefs: [to('up')] }] }),
    ),
  )

suite('patches between the main thread and workers', () => {
  test('a worker that takes over has all, and the next patch is for that', async () => {
    await using upstream = await TestUpstream.start()
    await using group = new Group(await freePort())
    await group.apply(snapshotOf(routes(upstream.port, '/a'), 1))
    await group.apply(snapshotOf(routes(upstream.port, '/a', '/b'), 2))
    assert.deepEqual(await group.statuses('/a', '/b', '/c'), [[200], [200], [404]])
    await group.workers.replace(1)
    await group.apply(snapshotOf(routes(upstream.port, '/c', '/b'), 3))
    assert.deepEqual(await group.statuses('/a', '/b', '/c'), [[404], [200], [200]])
  })

  test('a snapshot that cannot be applied ends no worker: it is told, and what serves goes on', async () => {
    await using upstream = await TestUpstream.start()
    await using group = new Group(await freePort())
    await group.apply(snapshotOf(routes(upstream.port, '/a'), 1))
    const good = snapshotOf(routes(upstream.port, '/a', '/b'), 2)
    // No translation makes such a cluster: it stands for any fault of ours.
    const cluster = { ...good.clusters[0]!, name: 'broken', balancer: { type: 'none' } }
    const endpoints = { ...good.endpoints, broken: [{ address: '127.0.0.1', port: 1, weight: 1 }] }
    const broken = { ...good, clusters: [...good.clusters, cluster], endpoints }
    const [result] = await group.apply(broken)
    assert.ok(result !== undefined && 'error' in result && result.held === true, JSON.stringify(result))
    assert.deepEqual(await group.statuses('/a', '/b'), [[200], [404]])
    const [next] = await group.apply({ ...good, version: 3 })
    assert.ok(next !== undefined && 'port' in next, JSON.stringify(next))
    assert.deepEqual(await group.statuses('/a', '/b'), [[200], [200]])
    assert.equal(group.restarts, 0)
  })
})
