import { flushCompileCache } from 'node:module'
import { isatty } from 'node:tty'
import { parentPort, workerData } from 'node:worker_threads'
import { SharedState } from '../shared/node-state.ts'
import { AccessLog, type AccessLogOptions } from '../telemetry/access-log.ts'
import { accessText } from '../telemetry/access-text.ts'
import { DescriptorSink, FileSink, type AccessSink } from '../telemetry/access-sink.ts'
import { showsColour } from '../telemetry/colour.ts'
import { Instruments } from '../telemetry/instruments.ts'
import { log } from '../telemetry/log.ts'
import { MetricsWriter } from '../telemetry/metrics.ts'
import { RecentWriter } from '../telemetry/recent/recent-writer.ts'
import { SpanWriter } from '../telemetry/spans/span-writer.ts'
import { RuntimeSampler } from '../telemetry/runtime-sampler.ts'
import { setOwnListeners } from '../upstream/own-listeners.ts'
import type { RuleTypes } from './compile.ts'
import { Engine } from './engine.ts'
import { ExchangeSpans } from './exchange-spans.ts'
import { Lodgers, type Lodge } from './lodgers.ts'
import type { FromWorker, WorkerSettings } from './messages.ts'
import { obey } from './obeying.ts'

/** What a thread does that is more than a worker. */
export interface Beside {
  /** A message that is none of a worker's. */
  take(message: unknown): void
  /** It is to be drained: resolves when nothing comes from elsewhere any more, `graceMs` from now at the latest. */
  leave(graceMs: number): Promise<void>
}

/** Of lodgers, when nobody asks any more: what they ask themselves is nobody's. */
const LODGERS_GRACE_MS = 100

/** The body of a data-plane thread: an engine that does what the main thread says. `lodge`: of a worker, who may have lodgers. */
export function serve(
  types: RuleTypes,
  { beside = null, lodge }: { readonly beside?: Beside | null; readonly lodge?: Lodge } = {},
): Engine {
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
  const accessLog = new AccessLog(sink(settings.accessLog), {
    onDropped: instruments.accessLogDropped,
    ...(settings.accessLog === 'stdout' && isatty(1) ? { line: forPeople() } : {}),
  })
  const { tracing } = settings
  const spanWriter = new SpanWriter((channel, message) => tell({ type: 'told', channel, message }))
  // Threads beside the workers have spans of their own, of requests as they know them.
  const spans =
    tracing === null || beside !== null
      ? null
      : new ExchangeSpans(spanWriter, { ...tracing, to: '', name: '', attributes: [] })
  const engine = new Engine({
    types,
    shared: new SharedState(settings.shared),
    sinks: {
      instruments,
      accessLog: accessLog.enabled ? accessLog : null,
      recent: settings.recent === null ? null : new RecentWriter(settings.recent, settings.workers),
      spans,
      spanWriter,
    },
    log,
    workers: settings.workers,
    place: settings.place,
    ticketKeys: settings.ticketKeys,
    tell: (channel, message) => tell({ type: 'told', channel, message }),
  })

  const lodgers = lodge === undefined ? null : new Lodgers(types, engine, settings, lodge)

  async function drain(graceMs: number, gently: boolean): Promise<void> {
    await beside?.leave(graceMs)
    await engine.drain(graceMs, gently)
    await lodgers?.drain(LODGERS_GRACE_MS)
    spanWriter.flush()
    sampler.stop()
    await accessLog.close()
    tell({ type: 'drained' })
    port.close()
  }

  // What has run until then is what a next start needs; a process that is killed would not write it.
  setTimeout(flushCompileCache, 5_000).unref()

  obey(port, {
    engine,
    writer,
    applied: writer.gauge('portcullis_snapshot_version', {}),
    other: message => {
      switch (message.type) {
        case 'own-listeners':
          return setOwnListeners(message.listeners)
        case 'drain':
          return void drain(message.graceMs, message.gently)
        case 'reopen':
          return accessLog.reopen()
        case 'lodger':
          return lodgers?.add(message)
        default:
          beside?.take(message)
      }
    },
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
