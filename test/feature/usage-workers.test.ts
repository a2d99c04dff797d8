// What the end of a worker, by accident or on purpose, makes of what it has counted.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { WorkerGroup } from '../../src/proxy/workers.ts'
import type { Flush } from '../../src/roles/management/usage/flush.ts'
import { Logger } from '../../src/telemetry/log.ts'
import { MetricsReader } from '../../src/telemetry/metrics-reader.ts'
import { send } from '../support/client.ts'
import { snapshotOf } from '../support/gateway.ts'
import { freePort } from '../support/process.ts'
import { ours } from '../support/published.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'
import { workerEntry } from '../support/worker-entry.ts'

const yaml = (port: number, upstream: number): string =>
  yamlOf(
    gateway([{ name: 'http', port }]),
    backend('b', [upstream]),
    httpRoute('r', { rules: [{ backendRefs: [to('b')] }] }),
    ours('API', 'open', { routeRefs: [{ name: 'r' }] }),
  )

/** Two workers (one alone has its ports alone), and what they have told. */
class Group {
  readonly workers: WorkerGroup
  readonly flushes: Flush[] = []
  readonly port: number

  private constructor(port: number) {
    this.port = port
    this.workers = new WorkerGroup({
      entry: workerEntry,
      workers: 2,
      logLevel: 'error',
      accessLog: 'off',
      log: new Logger({ write: () => {} }),
      metrics: new MetricsReader(),
      onTold: (channel, message) => {
        assert.equal(channel, 'usage')
        this.flushes.push(message as Flush)
      },
    })
  }

  static async start(t: TestContext): Promise<Group> {
    const upstream = await TestUpstream.start()
    t.after(() => upstream[Symbol.asyncDispose]())
    const group = new Group(await freePort())
    t.after(() => group.workers.drain(0))
    await group.workers.apply(snapshotOf(yaml(group.port, upstream.port)))
    return group
  }

  /** Requests, once somebody serves. */
  async ask(count: number): Promise<void> {
    for (let i = 0; i < count;) {
      const answer = await send(this.port).catch(() => null)
      if (answer === null) await setTimeout(20)
      else {
        assert.equal(answer.status, 200)
        i++
      }
    }
  }

  get told(): number {
    let requests = 0
    for (const { apis } of this.flushes)
      for (const { consumers } of apis)
        for (const { operations } of consumers)
          for (const { cells } of operations) for (let i = 1; i < cells.length; i += 5) requests += cells[i]!
    return requests
  }

  async heard(requests: number): Promise<void> {
    while (this.told < requests) await setTimeout(20)
  }
}

test('a worker that dies takes what it has not told, and no more', async t => {
  const group = await Group.start(t)
  await group.ask(10)
  await group.heard(10)
  await group.ask(8)
  const [id] = group.workers.ids
  await group.workers.kill(id!)
  await group.ask(3)
  await group.workers.drain(1_000)
  assert.ok(group.told >= 13 && group.told <= 21, String(group.told))
})

test('a worker that is replaced, or told to end, has told everything', async t => {
  const group = await Group.start(t)
  for (const id of group.workers.ids) {
    await group.ask(6)
    await group.workers.replace(id)
  }
  await group.ask(6)
  await group.workers.drain(1_000)
  assert.equal(group.told, 18)
})
