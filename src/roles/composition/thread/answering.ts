import { workerData } from 'node:worker_threads'
import { Engine } from '../../../composition/engine/engine.ts'
import type { Gateway } from '../../../composition/routes/gateway.ts'
import type { Engine as Plane } from '../../../proxy/engine.ts'
import type { WorkerSettings } from '../../../proxy/messages.ts'
import type { Counter } from '../../../telemetry/instrument.ts'
import { log } from '../../../telemetry/log.ts'
import { SpanWriter } from '../../../telemetry/spans/span-writer.ts'
import { systemClock } from '../../../upstream/clock.ts'
import { CallMetrics } from './call-metrics.ts'
import { CallSpans } from './call-spans.ts'
import { ClusterTransport } from './cluster-transport.ts'
import type { Answering } from './crossing-server.ts'
import { FanOutLog } from './fan-out-log.ts'
import { filterRequest } from './filter-request.ts'
import { together } from './observers.ts'
import { recorded } from './recording.ts'

/** A composition, and the data plane of this thread by whose clusters it calls. */
export interface Composed {
  /** `default/home` */
  readonly composition: string
  readonly gateway: Gateway
  readonly config?: unknown
  readonly plane: Plane
  /** Who takes spans. */
  readonly tell: (channel: string, message: unknown) => void
}

/** How requests of a composition are answered in this thread. */
export class AnsweringEngine {
  readonly answer: Answering
  private readonly engine: Engine
  private readonly writer: SpanWriter

  constructor({ composition, gateway, config, plane, tell }: Composed) {
    this.writer = new SpanWriter(tell)
    const fanOut = log.tells('debug') ? new FanOutLog(composition, systemClock) : null
    const { tracing } = workerData as WorkerSettings
    const spans = new CallSpans(composition, gateway, this.writer, tracing)
    const engine = new Engine(gateway, {
      transport: recorded(new ClusterTransport(plane.within), gateway.backends, composition),
      clock: systemClock,
      config,
      observer: together([
        new CallMetrics(composition, plane.metricsScope()).observer,
        spans.observer,
        ...(fanOut === null ? [] : [fanOut.observer]),
        {
          mistaken: (error, _, route) => log.error('composition.mistaken', { composition, route, error }),
        },
      ]),
    })
    this.engine = engine
    const answered: Answering = request => engine.answer(request)
    const told = fanOut?.told(answered) ?? answered
    this.answer = 'filter' in gateway ? request => told(filterRequest(request)) : told
  }

  /** Nothing is under way any more. */
  close(): void {
    this.engine.close()
    this.writer.flush()
  }
}

/** Counts requests that have lost their places, and says now and then that there are any. */
export function displacedIn(composition: string, plane: Plane): () => void {
  let counter: Counter | null = null
  let toldMs = -Infinity
  return () => {
    counter ??= plane.metricsScope().counter('portcullis_composition_displaced_total', { composition })
    counter.add(1)
    const nowMs = systemClock.now()
    if (nowMs - toldMs < TOLD_EVERY_MS) return
    toldMs = nowMs
    log.warn('composition.overloaded', { composition })
  }
}

const TOLD_EVERY_MS = 10_000
