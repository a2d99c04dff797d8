import { flushCompileCache } from 'node:module'
import { isatty } from 'node:tty'
import { parentPort, workerData } from 'node:worker_threads'
import { SharedState } from '../shared/node-state.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { AccessLog, type AccessLogOptions } from '../telemetry/access-log.ts'
import { accessText } from '../telemetry/access-text.ts'
import { DescriptorSink, FileSink, type AccessSink } from '../telemetry/access-sink.ts'
import { showsColour } from '../telemetry/colour.ts'
import { Instruments } from '../telemetry/instruments.ts'
import { log } from '../telemetry/log.ts'
import { MetricsWriter } from '../telemetry/metrics.ts'
import { RecentWriter } from '../telemetry/recent/recent-writer.ts'
import { RuntimeSampler } from '../telemetry/runtime-sampler.ts'
import { setOwnListeners } from '../upstream/own-listeners.ts'
import type { RuleTypes } from './compile.ts'
import { Engine, type PortResult } from './engine.ts'
import type { FromWorker, ToWorker, WorkerSettings } from './messages.ts'
import { Received } from './received.ts'
import type { SnapshotMessage } from './snapshot-bytes.ts'

/** What a thread does that is more than a worker. */
export interface Beside {
  /** A message that is none of a worker's. */
  take(message: unknown): void
  /** It is to be drained: resolves when nothing comes from elsewhere any more, `graceMs` from now at the latest. */
  leave(graceMs: number): Promise<void>
}

/** The body of a data-plane thread: an engine that does what the main thread says. */
export function serve(types: RuleTypes, beside: Beside | null = null): Engine {
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- what WorkerGroup gave; both ends are in this folder
  const settings: WorkerSettings = workerData
  const port = parentPort!
  const tell = (message: FromWorker): void => port.postMessage(message)

  log.setLevel(settings.logLevel)
  log.setFields({ worker: settings.id })
  const writer = new MetricsWriter(undefined, series => tell({ type: 'series', series }), {
    onOverflow: (family, series) => log.warn('metrics.overflow', { family, series }),
  })
  const instruments = new Instruments(writer)
  const sampler = new RuntimeSampler(writer, String(settings.id))
  const applied = writer.gauge('portcullis_snapshot_version', {})
  const accessLog = new AccessLog(sink(settings.accessLog), {
    onDropped: instruments.accessLogDropped,
    ...(settings.accessLog === 'stdout' && isatty(1) ? { line: forPeople() } : {}),
  })
  const engine = new Engine({
    types,
    shared: new SharedState(settings.shared),
    sinks: {
      instruments,
      accessLog: accessLog.enabled ? accessLog : null,
      recent: settings.recent === null ? null : new RecentWriter(settings.recent, settings.workers),
    },
    log,
    workers: settings.workers,
    place: settings.place,
    ticketKeys: settings.ticketKeys,
    tell: (channel, message) => tell({ type: 'told', channel, message }),
  })

  const received = new Received()

  function receive({ type, version, bytes }: SnapshotMessage): void {
    let snapshot: Snapshot
    try {
      snapshot = type === 'snapshot' ? received.whole(bytes) : received.patched(bytes)
    } catch (error) {
      log.warn('patch.lost', { version, error })
      return tell({ type: 'lost', version })
    }
    void apply(snapshot)
  }

  /** Never rejects: what serves goes on, and the main thread hears that this snapshot is not in force. */
  async function apply(snapshot: Snapshot): Promise<void> {
    const { version } = snapshot
    let ports: readonly PortResult[]
    try {
      ports = await engine.apply(snapshot)
      applied.set(version)
    } catch (error) {
      log.error('snapshot.failed', { version, error })
      ports = engine.unchanged(snapshot, error)
    }
    writer.flush()
    tell({ type: 'applied', version, ports })
  }

  async function drain(graceMs: number, gently: boolean): Promise<void> {
    await beside?.leave(graceMs)
    await engine.drain(graceMs, gently)
    sampler.stop()
    await accessLog.close()
    tell({ type: 'drained' })
    port.close()
  }

  // What has run until then is what a next start needs; a process that is killed would not write it.
  setTimeout(flushCompileCache, 5_000).unref()

  port.on('message', (message: ToWorker) => {
    switch (message.type) {
      case 'snapshot':
      case 'patch':
        return receive(message)
      case 'endpoints':
        received.setEndpoints(message.lists)
        for (const [cluster, list] of Object.entries(message.lists)) engine.setEndpoints(cluster, list)
        return
      case 'verdicts':
        return engine.setVerdicts(message.verdicts)
      case 'health':
        return tell({ type: 'health', number: message.number, clusters: engine.health(message.clusters) })
      case 'bundle-port':
        return engine.addThread(message.thread, message.port)
      case 'bundle-lost':
        return engine.loseThread(message.thread, message.failure, message.detail)
      case 'ticket-keys':
        return engine.setTicketKeys(message.keys)
      case 'own-listeners':
        return setOwnListeners(message.listeners)
      case 'drain':
        return void drain(message.graceMs, message.gently)
      case 'reopen':
        return accessLog.reopen()
      default:
        beside?.take(message)
    }
  })
  return engine
}

function sink(name: string): AccessSink | null {
  if (name === 'off') return null
  return name === 'stdout' ? new DescriptorSink() : new FileSink(name)
}

/** Programs read files and pipes, people terminals. */
function forPeople(): NonNullable<AccessLogOptions['line']> {
  const colour = showsColour(1)
  return (record, nowMs, mode) => accessText(record, nowMs, mode, colour)
}
