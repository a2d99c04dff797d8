import { CertificateMetrics } from '../../src/control/certificate-metrics.ts'
import { Controller, type ControllerOptions } from '../../src/control/controller.ts'
import { FileSource } from '../../src/control/files/file-source.ts'
import { kinds, roles } from '../../src/cli/roles.ts'
import { WorkerGroup } from '../../src/proxy/workers.ts'
import { Logger } from '../../src/telemetry/log.ts'
import { MetricsReader } from '../../src/telemetry/metrics-reader.ts'
import type { RecentMemories } from '../../src/telemetry/recent/recent-memories.ts'
import { MetricsWriter } from '../../src/telemetry/metrics.ts'
import { Folder, type LogLine } from './process.ts'
import { workerEntry } from './worker-entry.ts'
import { Seen } from './until.ts'

/** What `portcullis run` puts together, with two workers, on real files; `change` resolves when a change is in force. */
export class Served implements AsyncDisposable {
  readonly folder: Folder
  readonly controller: Controller
  readonly workers: WorkerGroup
  readonly log = new Seen<LogLine>()
  readonly metrics = new MetricsReader()
  private readonly source: FileSource
  private readonly applied = new Seen<number>()

  private constructor(
    files: Readonly<Record<string, string>>,
    more: Partial<ControllerOptions>,
    recent: RecentMemories | null,
  ) {
    this.folder = new Folder(files)
    const { metrics } = this
    metrics.attach('main')
    const writer = new MetricsWriter(undefined, series => metrics.announce('main', series))
    const log = new Logger({
      human: false,
      windowMs: 0,
      write: line => this.log.push(JSON.parse(line) as LogLine),
    })
    this.workers = new WorkerGroup({
      entry: workerEntry,
      workers: 2,
      logLevel: 'error',
      accessLog: 'off',
      recent,
      log,
      metrics,
    })
    const reloads = {
      ok: writer.counter('portcullis_reloads_total', { result: 'ok' }),
      partial: writer.counter('portcullis_reloads_total', { result: 'partial' }),
    }
    this.controller = new Controller({
      roles,
      workers: this.workers,
      log,
      settings: {},
      reloads,
      certificates: new CertificateMetrics(writer),
      portRetryMs: 50,
      ...more,
    })
    this.source = new FileSource([this.folder.path], kinds, { debounceMs: 1 })
  }

  /** `more` is what a test wants otherwise of the controller: the time that certificates are judged by, how long it waits. */
  static async start(
    files: Readonly<Record<string, string>>,
    more: Partial<ControllerOptions> = {},
    recent: RecentMemories | null = null,
  ): Promise<Served> {
    const served = new Served(files, more, recent)
    await served.controller.apply(served.source.load())
    served.source.watch(load => {
      void served.controller.apply(load).then(() => served.applied.push(served.controller.status.version))
    })
    return served
  }

  async change(name: string, text: string): Promise<void> {
    const { length } = this.applied.all
    this.folder.write(name, text)
    await this.applied.count(length + 1)
  }

  event(event: string): Promise<LogLine> {
    return this.log.first(line => line['event'] === event)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.source.close()
    this.controller.stop()
    await this.workers.drain(100)
    this.folder[Symbol.dispose]()
  }
}
