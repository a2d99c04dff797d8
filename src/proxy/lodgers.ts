import type { MessagePort } from 'node:worker_threads'
import { SharedState } from '../shared/node-state.ts'
import { LocalPort, type CrossingPort } from '../shared/crossing/crossing-port.ts'
import { Instruments } from '../telemetry/instruments.ts'
import { log } from '../telemetry/log.ts'
import { MetricsWriter } from '../telemetry/metrics.ts'
import type { RuleTypes } from './compile.ts'
import { Engine } from './engine.ts'
import type { FromWorker, LodgerMessage, WorkerSettings } from './messages.ts'
import { obey } from './obeying.ts'

/** Of a lodger, what is not the data plane's. */
export interface Lodging {
  /** Nothing new comes from the worker: resolves when what is under way is answered, `graceMs` from now at the latest. */
  leave(graceMs: number): Promise<void>
  /** Nothing is under way any more. */
  close(): void
}

/**
 * Puts what `data` describes between a way from the worker and an engine of its own, which has a snapshot. Rejects with
 * what keeps it from serving. Requests may have come by `port` before.
 */
export type Lodge = (data: object, port: CrossingPort, plane: Engine) => Promise<Lodging>

/** What of services answers requests in this thread, each with clusters, counters and metrics of its own, as a Guest has them. */
export class Lodgers {
  private readonly types: RuleTypes
  private readonly host: Engine
  private readonly settings: WorkerSettings
  private readonly lodge: Lodge
  private readonly all = new Set<Lodger>()
  private isDrained = false

  constructor(types: RuleTypes, host: Engine, settings: WorkerSettings, lodge: Lodge) {
    this.types = types
    this.host = host
    this.settings = settings
    this.lodge = lodge
  }

  add(message: LodgerMessage): void {
    // Nobody asks any more, and its port would keep the thread.
    if (this.isDrained) return message.port.close()
    const { host, types, settings, lodge } = this
    const lodger = new Lodger(message, { host, types, settings, lodge }, () => this.all.delete(lodger))
    this.all.add(lodger)
  }

  /** What is under way in them gets so long. */
  async drain(graceMs: number): Promise<void> {
    this.isDrained = true
    await Promise.all([...this.all].map(lodger => lodger.drain(graceMs)))
  }
}

interface House {
  readonly types: RuleTypes
  readonly host: Engine
  readonly settings: WorkerSettings
  readonly lodge: Lodge
}

class Lodger {
  private readonly port: MessagePort
  private readonly plane: Engine
  private readonly writer: MetricsWriter
  private readonly lodging: Promise<Lodging | null>
  private readonly left: () => void
  /** Resolves where it is to leave before it has begun. */
  private readonly given = Promise.withResolvers<null>()
  private leaving: Promise<void> | null = null

  constructor({ thread, shared, data, port }: LodgerMessage, house: House, left: () => void) {
    const { types, host, settings, lodge } = house
    const tell = (message: FromWorker): void => port.postMessage(message)
    this.port = port
    this.left = left
    this.writer = new MetricsWriter(undefined, series => tell({ type: 'series', series }), {
      onOverflow: (family, series) => log.warn('metrics.overflow', { family, series }),
    })
    const { writer } = this
    this.plane = new Engine({
      types,
      shared: new SharedState(shared),
      sinks: { instruments: new Instruments(writer), accessLog: null },
      log,
      workers: settings.workers,
      place: settings.place,
      ticketKeys: settings.ticketKeys,
      // The loop is that of the worker, who looks at it and sheds.
      overload: { beginMs: Infinity },
      tell: (channel, message) => tell({ type: 'told', channel, message }),
    })
    const [here, there] = LocalPort.pair(error => log.error('bundle.failed', { thread, error }))
    host.addThread(thread, here)
    // Before its clusters are there it could but fail what is asked of it.
    const ready = Promise.withResolvers<void>()
    const begun = ready.promise.then(() => (this.leaving === null ? lodge(data, there, this.plane) : null))
    this.lodging = Promise.race([begun, this.given.promise]).then(
      lodging => {
        if (lodging !== null) tell({ type: 'lodged', fault: null })
        return lodging
      },
      (error: unknown) => {
        tell({ type: 'lodged', fault: error instanceof Error ? error.message : String(error) })
        there.close()
        return null
      },
    )
    obey(port, {
      engine: this.plane,
      writer,
      applied: writer.gauge('portcullis_snapshot_version', {}),
      onApplied: () => ready.resolve(),
      other: message => {
        if (message.type === 'drain') void this.drain(message.graceMs)
      },
    })
    port.on('close', () => void this.drain(0))
  }

  drain(graceMs: number): Promise<void> {
    return (this.leaving ??= this.leave(graceMs))
  }

  private async leave(graceMs: number): Promise<void> {
    this.given.resolve(null)
    const lodging = await this.lodging
    await lodging?.leave(graceMs)
    await this.plane.drain(graceMs)
    lodging?.close()
    this.writer.flush()
    this.port.postMessage({ type: 'drained' } satisfies FromWorker)
    this.port.close()
    this.left()
  }
}
