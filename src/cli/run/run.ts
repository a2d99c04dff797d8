import { closeSync, openSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve as absolute } from 'node:path'
import { FileSource } from '../../control/files/file-source.ts'
import { KeptReadings } from '../../control/files/kept-readings.ts'
import { WorkerGroup } from '../../proxy/workers.ts'
import { leave } from '../../shared/leave.ts'
import { log } from '../../telemetry/log.ts'
import { RecentMemories } from '../../telemetry/recent/recent-memories.ts'
import type { SpanExporter } from '../../telemetry/spans/exporter.ts'
import type { Collector } from '../../telemetry/spans/post.ts'
import { SPANS, type SpanBatch } from '../../telemetry/spans/span-writer.ts'
import { RecentReader } from '../../telemetry/recent/recent-reader.ts'
import { AdminPaths } from '../../admin/paths.ts'
import type { AdminView } from '../../admin/listener.ts'
import type { Accounts } from '../../api/access.ts'
import type { ApiPart } from '../../api/api.ts'
import { GATEWAY_SERVICES } from '../../translation/gateway-services.ts'
import type { Declared } from '../../translation/service.ts'
import { LiveFigures } from '../../admin/figures/figures.ts'
import { PastFile } from '../../admin/figures/past-file.ts'
import type { Seen } from '../../admin/seen.ts'
import { openAdmin, secretsFolder } from './admin.ts'
import { Controller, systemCalendar } from '../../control/controller.ts'
import { Services } from '../../control/services.ts'
import { Sources, type Gathered } from '../../control/source.ts'
import type { Source } from '../../translation/source.ts'
import type { Cluster } from './cluster.ts'
import { DataDirectory } from './data-directory.ts'
import { Garbage } from './garbage.ts'
import { setOwnListeners, type OwnListener } from '../../upstream/own-listeners.ts'
import { choose } from '../roles.ts'
import { ruleTypes } from '../rule-types.ts'
import { version } from '../version.ts'
import type { ClusterOptions, RunOptions } from '../command/options.ts'
import { resourceOf } from './otlp.ts'
import { ProcessMetrics } from './process-metrics.ts'
import { tellServiceManager } from './service-manager.ts'

/** What services have to write once nobody is served any more. */
const LAST_MS = 5_000

/** What services need before all of what is declared is served gets this long; the rest is served meanwhile. */
const READY_MS = 10_000

/** A worker that has not heard of endpoints by then stands still, and nobody is to wait for it. */
const HEARD_MS = 5_000

/** What is in flight when the process is told to end gets this long. */
const GRACE_MS = 30_000

/**
 * `portcullis run`: serves until a signal ends it; the answer is the exit code.
 * It is 1 where there is nothing to stay for: the admin listener or the access
 * log cannot be had, or no port at all can be served. What can be served is, and
 * the rest is complained about, and tried again when it changes.
 */
export async function run(options: RunOptions, source?: Source): Promise<number> {
  log.setLevel(options.logLevel)
  const asked = untilSignal()
  const accessLog =
    options.accessLog.type === 'file' ? absolute(options.accessLog.path) : options.accessLog.type
  if (options.accessLog.type === 'file' && !canAppend(accessLog)) return 1
  const data = DataDirectory.open(options.dataDir, options.isDataNamed, log)
  if (data === 'failed') return 1
  const cluster = options.cluster && (await clusterOf(options, options.cluster, data))
  if (cluster === 'failed') return 1
  const ofFiles = source === undefined && options.paths.length === 0 ? [] : [source ?? files(options, data)]
  const sources = new Sources([...ofFiles, ...(cluster === null ? [] : [cluster.source])])
  const instance = new Instance(options, sources, accessLog, data, cluster)
  const admin = await openAdmin(options, data, instance.view)
  if (admin === 'failed') return instance.end(0, 1)
  instance.keepFrom(admin?.bound ?? [])
  if (options.collector !== null) await instance.exportSpans(options.collector)
  if (!(await instance.start(asked))) {
    admin.close()
    return instance.end(0, 1)
  }
  tellServiceManager('ready', 'serving')
  await asked
  tellServiceManager('stopping', 'draining')
  const hint = process.stderr.isTTY ? { message: 'Ctrl-C again does not wait for what is in flight' } : {}
  log.info('draining', { graceMs: GRACE_MS, ...hint })
  await instance.end(GRACE_MS, 0)
  admin.close()
  data?.release()
  log.info('ended')
  log.flush()
  return 0
}

/** What only few need is not loaded by the rest. */
async function clusterOf(
  { roles }: RunOptions,
  options: ClusterOptions,
  data: DataDirectory | null,
): Promise<Cluster | 'failed'> {
  const { openCluster } = await import('./cluster.ts')
  return openCluster(options, choose(roles).kinds, data)
}

/** What files said at the last start need not be read by the parser again. */
function files({ paths, roles }: RunOptions, data: DataDirectory | null): FileSource {
  const { kinds } = choose(roles)
  if (data === null) return new FileSource(paths, kinds)
  const readings = new KeptReadings(join(data.path, 'readings'), version())
  return new FileSource(paths, kinds, { reading: readings.read })
}

/** As built, this file is part of a bundle of dist/cli. */
const workerEntry = new URL(import.meta.url.endsWith('.ts') ? '../worker.ts' : './worker.js', import.meta.url)

/** One process that serves: sources, workers, and the controller between them. */
class Instance {
  private readonly options: RunOptions
  private readonly metrics = new ProcessMetrics()
  private readonly sources: Sources
  private readonly workers: WorkerGroup
  /** Null where they are not to be kept, or nobody could see them. */
  private readonly recent: RecentReader | null
  private readonly controller: Controller
  private readonly garbage = new Garbage()
  private readonly figures: LiveFigures
  /** Of the admin listener. */
  private readonly paths = new AdminPaths()
  private readonly services: Services
  private readonly ears = new Map<string, (message: unknown, worker: number) => void>()
  private readonly parts: ApiPart[] = []
  private accounts: Accounts | null = null
  private spans: SpanExporter | null = null
  /** What is said of this process where spans go. */
  private readonly resource = resourceOf(process.env)
  /** Null: files alone. */
  private readonly cluster: Cluster | null
  private serving = false

  constructor(
    options: RunOptions,
    sources: Sources,
    accessLog: string,
    data: DataDirectory | null,
    cluster: Cluster | null,
  ) {
    const { metrics } = this
    this.options = options
    this.sources = sources
    this.cluster = cluster
    const workers = options.workers === 'auto' ? availableParallelism() : options.workers
    const isSeen = options.admin !== null || data !== null
    const recent = isSeen && options.recentRequests ? new RecentMemories(workers) : null
    this.recent = recent === null ? null : new RecentReader(recent)
    this.workers = new WorkerGroup({
      entry: workerEntry,
      workers,
      zone: options.zone,
      recent,
      logLevel: options.logLevel,
      accessLog,
      cacheBytes: options.cacheBytes,
      tracing: options.collector && { share: options.tracesShare },
      log,
      metrics: metrics.reader,
      onRestart: () => metrics.restarts.add(1),
      onTold: (channel, message, worker) => this.ears.get(channel)?.(message, worker),
    })
    const { roles, kinds } = choose(options.roles)
    const { reloads, certificates } = metrics
    this.controller = new Controller({
      roles,
      workers: this.workers,
      log,
      settings: options.settings,
      reloads,
      certificates,
      onApplied: (wants, resources) => this.services.applied(wants, resources),
      onSaid: inForce => cluster?.said(inForce),
    })
    cluster?.watchServices(facts => void this.controller.give(GATEWAY_SERVICES, facts))
    this.figures = new LiveFigures({
      metrics: metrics.reader,
      workers: () => this.workers.size,
      file: data && new PastFile(join(data.path, 'figures'), log),
      calendar: systemCalendar,
      nowMs: () => performance.now(),
    })
    this.services = new Services(roles, {
      log,
      calendar: systemCalendar,
      metrics: metrics.writer,
      settings: { ...options, hasData: data !== null, secretsDir: secretsFolder(options) },
      kinds,
      tables: this.workers.tables,
      counters: (name, whose) => this.workers.counters(name, whose),
      sharedUs: () => this.workers.sharedUs(),
      listen: (channel, hear) => this.ears.set(channel, hear),
      declared: () => this.declared,
      served: () => this.controller.inForce?.snapshot ?? null,
      threads: this.workers,
      process: { resource: this.resource, version: version() },
      tellVerdicts: verdicts => this.workers.setVerdicts(verdicts),
      addApi: part => this.parts.push(part),
      keepAccounts: accounts => (this.accounts = accounts),
      give: async (fact, value) => {
        await this.controller.give(fact, value)
        // Endpoints take a short way, on which nobody waits for workers.
        await this.workers.heard(HEARD_MS)
      },
      serve: (path, answer, isOpen) => this.paths.add(path, answer, isOpen),
    })
    sources.add(this.services.sources)
  }

  /** Before the first worker has anything to tell. */
  async exportSpans(collector: Collector): Promise<void> {
    const { SpanExporter } = await import('../../telemetry/spans/exporter.ts')
    const { post } = await import('../../telemetry/spans/post.ts')
    const exporter = new SpanExporter({
      collector: collector.url.origin,
      post: body => post(collector, body),
      resource: this.resource,
      version: version(),
      log,
      metrics: this.metrics.writer,
    })
    this.spans = exporter
    this.ears.set(SPANS, batch => exporter.take(batch as SpanBatch))
  }

  /** Serves what the sources say, and follows them; false where that is nothing. `asked`: to end, which a cluster that cannot be reached must not hold up. */
  async start(asked: Promise<void>): Promise<boolean> {
    const { sources, workers, controller, options } = this
    process.on('SIGHUP', () => sources.reload())
    process.on('SIGUSR2', () => workers.reopenLogs())
    await this.services.start()
    const load = await Promise.race([sources.load(), asked.then(() => null)])
    if (load === null) return true
    await this.apply(load)
    const { ports } = controller.status
    // A cluster has its first Gateway when somebody makes one.
    if (ports.length === 0 && options.cluster === null) {
      log.error('nothing.served', { message: nothingServed(options.paths, controller) })
      return false
    }
    sources.watch(change => void this.apply(change))
    await this.services.ready(READY_MS)
    this.serving = true
    const zone = options.zone === null ? {} : { zone: options.zone.name }
    log.info('started', {
      ports,
      workers: workers.size,
      ...zone,
      admin: options.admin,
      paths: options.paths,
    })
    return true
  }

  private async apply(load: Gathered): Promise<void> {
    await this.controller.apply(load)
    this.garbage.left()
  }

  private get declared(): Declared | null {
    const { inForce } = this.controller
    return inForce && { resources: inForce.resources, ...inForce.status }
  }

  private get seen(): Seen {
    const { paths } = this.options
    const { roles, kinds } = choose(this.options.roles)
    return {
      program: {
        version: version(),
        node: process.versions.node,
        startedMs: performance.timeOrigin,
        paths,
        roles: roles.map(({ name }) => name),
        workers: this.workers.size,
      },
      ready: () => this.serving,
      inForce: () => this.controller.inForce,
      metrics: this.metrics.reader,
      figures: this.figures,
      recent: this.recent,
      types: ruleTypes,
      kinds,
      health: (clusters, withinMs) => this.workers.health(clusters, withinMs),
      cache: this.workers.cache,
      inspectKit: {
        table: name => this.workers.table(name),
        counters: (name, whose) => this.workers.counters(name, whose),
        sharedUs: () => this.workers.sharedUs(),
        wallMs: Date.now,
      },
      nowMs: Date.now,
    }
  }

  /** Of nobody's requests shall one come to these listeners by way of a backend. */
  keepFrom(listeners: readonly OwnListener[]): void {
    // Services of this thread ask others too.
    setOwnListeners(listeners)
    this.workers.keepFrom(listeners)
  }

  /** What the admin listener shows of it. */
  get view(): AdminView {
    const { seen, paths, parts, metrics, workers } = this
    return {
      seen,
      paths,
      parts,
      accounts: () => this.accounts,
      metrics: openMetrics => metrics.render(workers.size, openMetrics),
    }
  }

  /** Lets requests finish for at most `graceMs`; answers with the exit code given. */
  async end(graceMs: number, code: number): Promise<number> {
    this.serving = false
    this.sources.close()
    const left = this.cluster?.stop()
    const stopped = this.services.stop(graceMs)
    this.controller.stop()
    this.garbage.stop()
    await Promise.all([stopped, left, this.workers.drain(graceMs)])
    await this.services.ended(LAST_MS)
    await this.spans?.close(LAST_MS)
    await this.figures.stop()
    this.metrics.stop()
    return code
  }
}

/** Ctrl-C is one signal of the terminal, and one more of npm, or whatever else stands between. */
const ONE_KEY_MS = 500

/** The first SIGTERM or SIGINT. A SIGINT after that is of somebody who does not want to wait: it ends the process. */
function untilSignal(): Promise<void> {
  let firstMs = 0
  return new Promise(resolve => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.on(signal, () => {
        if (firstMs !== 0 && signal === 'SIGINT' && performance.now() - firstMs > ONE_KEY_MS) endAtOnce()
        firstMs ||= performance.now()
        resolve()
      })
  })
}

function endAtOnce(): never {
  log.warn('ended', { message: 'by a second SIGINT, with what was in flight' })
  log.flush()
  // What shells answer for a program that SIGINT has ended.
  leave(130)
}

function nothingServed(paths: readonly string[], { status }: Controller): string {
  const from = paths.join(', ')
  if (status.portErrors.length > 0) return `none of the ports of ${from} can be listened on: see above`
  if (status.problems.some(({ reason }) => reason !== 'NoGateway') || status.conditions.length > 0)
    return `no Gateway in ${from} has a listener that can be served: see above, or run: portcullis check ${paths.join(' ')}`
  return `there is no Gateway in ${from}`
}

/** A worker cannot say that its file is not to be had otherwise than by dying, again and again. */
function canAppend(path: string): boolean {
  try {
    closeSync(openSync(path, 'a'))
    return true
  } catch (error) {
    const message = `cannot write the access log (--access-log): ${error instanceof Error ? error.message : String(error)}`
    log.error('access_log.failed', { message })
    return false
  }
}
