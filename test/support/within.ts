import assert from 'node:assert/strict'
import { ruleTypes } from '../../src/cli/rule-types.ts'
import { newCallRecord } from '../../src/composition/calls/call-record.ts'
import { CallFailure } from '../../src/composition/calls/failure.ts'
import type { BackendEntry } from '../../src/composition/manifest/manifest.ts'
import type { BackendRequest } from '../../src/composition/transport/transport.ts'
import { Engine, type EngineOptions } from '../../src/proxy/engine.ts'
import { ClusterTransport } from '../../src/roles/composition/thread/cluster-transport.ts'
import { backendRule } from '../../src/roles/composition/translation/backend-rule.ts'
import type { Cluster } from '../../src/snapshot/cluster.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'
import { Instruments } from '../../src/telemetry/instruments.ts'
import { Logger } from '../../src/telemetry/log.ts'
import { MetricsReader } from '../../src/telemetry/metrics-reader.ts'
import { MetricsWriter } from '../../src/telemetry/metrics.ts'
import { clusterOf } from './cluster.ts'

/** A backend `a`, as a manifest has it. */
export function entryOf(more: Partial<BackendEntry> = {}): BackendEntry {
  return {
    name: 'a',
    protocol: 'rest',
    url: 'http://a.example/',
    timeoutMs: 10_000,
    limitBytes: 4 * 1024 * 1024,
    retry: null,
    deadlineHeader: null,
    relay: [],
    resilience: {},
    ...more,
  }
}

export interface WithinOptions {
  readonly entry?: Partial<BackendEntry>
  /** What a policy of the backend says. */
  readonly cluster?: Partial<Cluster>
  readonly engine?: Partial<EngineOptions>
  readonly snapshot?: Partial<Snapshot>
}

/** A data plane without ports, of which a composition's backend `a` is at these ports of 127.0.0.1. */
export class ThreadWithin implements AsyncDisposable {
  readonly engine: Engine
  readonly transport: ClusterTransport
  private readonly reader = new MetricsReader()
  private readonly writer: MetricsWriter

  private constructor(more: Partial<EngineOptions> = {}) {
    this.reader.attach('test')
    this.writer = new MetricsWriter(undefined, series => this.reader.announce('test', series))
    this.engine = new Engine({
      log: new Logger({ write: () => {} }),
      types: ruleTypes,
      overload: { beginMs: Infinity },
      sinks: { instruments: new Instruments(this.writer), accessLog: null },
      ...more,
    })
    this.transport = new ClusterTransport(this.engine.within)
  }

  static async of(ports: readonly number[], options: WithinOptions = {}): Promise<ThreadWithin> {
    const thread = new ThreadWithin(options.engine)
    await thread.apply(ports, options)
    return thread
  }

  async apply(
    ports: readonly number[],
    { entry, cluster, snapshot }: WithinOptions = {},
    version = 1,
  ): Promise<void> {
    const { origin } = clusterOf('a')
    const { rule, settings } = backendRule('composition/default/c/a', origin, entryOf(entry), 'a')
    await this.engine.apply({
      version,
      ports: [],
      clusters: [clusterOf('a', { ...cluster, ...settings })],
      endpoints: { a: ports.map(port => ({ address: '127.0.0.1', port, weight: 1 })) },
      within: { a: rule },
      ...snapshot,
    })
  }

  metrics(): string {
    this.writer.flush()
    return this.reader.render()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.engine.drain(100)
  }
}

/** A call of `a`, with what a test wants otherwise. */
export function callOf(more: Partial<BackendRequest> = {}): BackendRequest {
  return {
    backend: 'a',
    url: new URL('http://a.example/'),
    call: 'a GET /',
    method: 'GET',
    target: '/',
    headers: {},
    body: null,
    signal: new AbortController().signal,
    deadlineMs: performance.now() + 60_000,
    retry: null,
    repeatable: true,
    record: newCallRecord('a GET /', performance.now()),
    ...more,
  }
}

export const fails = (failure: string) => (error: unknown) => {
  assert.ok(error instanceof CallFailure, String(error))
  assert.equal(error.failure, failure)
  return true
}
