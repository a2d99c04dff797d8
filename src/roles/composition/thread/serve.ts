import { setTimeout as after } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { Engine } from '../../../composition/engine/engine.ts'
import type { GatewayAnswer, GatewayRequest } from '../../../composition/engine/messages.ts'
import type { RuleTypes } from '../../../proxy/compile.ts'
import type { FromWorker, WorkerSettings } from '../../../proxy/messages.ts'
import { serve } from '../../../proxy/worker.ts'
import type { Counter } from '../../../telemetry/instrument.ts'
import { log } from '../../../telemetry/log.ts'
import type { MetricsScope } from '../../../telemetry/metrics.ts'
import { SPANS, SpanWriter } from '../../../telemetry/spans/span-writer.ts'
import { systemClock } from '../../../upstream/clock.ts'
import type { Gateway } from '../../../composition/routes/gateway.ts'
import type { LoadedBundle } from '../bundles/load.ts'
import type { BundleCode } from '../bundles/source.ts'
import { Beat, BEAT_MS } from '../threads/beat.ts'
import { collectGarbage } from '../threads/heap.ts'
import { CallMetrics } from './call-metrics.ts'
import { CallSpans } from './call-spans.ts'
import { ClusterTransport } from './cluster-transport.ts'
import { serveCrossing, type CrossingServer } from './crossing-server.ts'
import { FanOutLog } from './fan-out-log.ts'
import { filterRequest } from './filter-request.ts'
import { forgotten } from './forgotten.ts'
import { Holdings } from './holdings.ts'
import { together } from './observers.ts'
import { recorded } from './recording.ts'
import type { BundleTask, CrossingMessage, FromBundle } from './settings.ts'

type ServeTask = Extract<BundleTask, { readonly task: 'serve' }>

/** A thread that serves: the data plane without ports, and in front of that the bundle. */
export async function serveBundle(task: ServeTask, types: RuleTypes): Promise<void> {
  keepBeat(new Beat(task.beat))
  const { composition } = task
  process.on(
    'unhandledRejection',
    forgotten(error => log.error('composition.mistaken', { composition, error })),
  )
  const servers: CrossingServer[] = []
  let answer = notLoaded
  let close = (): void => undefined
  const writer = new SpanWriter(batch => tellWorkerGroup({ type: 'told', channel: SPANS, message: batch }))
  const plane = serve(types, {
    take: message => {
      const { port } = message as CrossingMessage
      servers.push(serveCrossing(port, request => answer(request), systemClock, holdings))
    },
    leave: async graceMs => {
      await left(servers, graceMs)
      close()
      writer.flush()
    },
  })
  const holdings = new Holdings(task.holdBytes, displacedIn(composition, plane.metricsScope()))
  const tell = (message: FromBundle): void => parentPort!.postMessage(message)
  try {
    const { gateway, config } = await loaded(task.code)
    const fanOut = log.tells('debug') ? new FanOutLog(composition, systemClock) : null
    const { tracing } = workerData as WorkerSettings
    const spans = tracing && new CallSpans(composition, gateway, writer, tracing)
    const engine = new Engine(gateway, {
      transport: recorded(new ClusterTransport(plane.within), gateway.backends, composition),
      clock: systemClock,
      config,
      observer: together([
        new CallMetrics(composition, plane.metricsScope()).observer,
        ...(spans === null ? [] : [spans.observer]),
        ...(fanOut === null ? [] : [fanOut.observer]),
        {
          mistaken: (error, _, route) => log.error('composition.mistaken', { composition, route, error }),
        },
      ]),
    })
    close = () => engine.close()
    const answered = (request: GatewayRequest): Promise<GatewayAnswer> => engine.answer(request)
    const told = fanOut?.told(answered) ?? answered
    answer = 'filter' in gateway ? request => told(filterRequest(request)) : told
    tell({ type: 'loaded' })
  } catch (error) {
    tell({ type: 'unloadable', fault: error instanceof Error ? error.message : String(error) })
  }
}

const tellWorkerGroup = (message: FromWorker): void => parentPort!.postMessage(message)

/** Who runs code loads nothing of what is declared, nor the other way round. */
async function loaded(code: BundleCode): Promise<LoadedBundle> {
  if ('file' in code) {
    const [{ loadBundle, seenFromHere }, { filesOf, loadAsKept }] = await Promise.all([
      import('../bundles/load.ts'),
      import('../bundles/text.ts'),
    ])
    const { text } = code
    if (text !== undefined) loadAsKept(text)
    try {
      return await loadBundle(code, text === undefined ? new Set() : filesOf(text))
    } catch (error) {
      // It was loaded when it was extracted, and something else is not as it was then.
      throw new Error(seenFromHere(error instanceof Error ? error.message : String(error)), { cause: error })
    }
  }
  const { gatewayOfAggregate } = await import('../../../composition/aggregate/aggregate.ts')
  return { gateway: gatewayOfAggregate(code.aggregate) as unknown as Gateway }
}

/** Counts requests that have lost their places, and says now and then that there are any. */
function displacedIn(composition: string, scope: MetricsScope): () => void {
  let counter: Counter | null = null
  let toldMs = -Infinity
  return () => {
    counter ??= scope.counter('portcullis_composition_displaced_total', { composition })
    counter.add(1)
    const nowMs = systemClock.now()
    if (nowMs - toldMs < TOLD_EVERY_MS) return
    toldMs = nowMs
    log.warn('composition.overloaded', { composition })
  }
}

const TOLD_EVERY_MS = 10_000

/** Nobody has a way to it before it is loaded. */
const notLoaded = (_: GatewayRequest): Promise<GatewayAnswer> => Promise.reject(new Error('it is not loaded'))

/** Who watches sees by it that the loop turns, and what is held. */
function keepBeat(beat: Beat): void {
  setInterval(() => beat.measure(collectGarbage), BEAT_MS)
}

/** All that workers have sent is answered, or it is too late for the rest. */
async function left(servers: readonly CrossingServer[], graceMs: number): Promise<void> {
  const late = after(graceMs, undefined, { ref: false })
  await Promise.race([Promise.all(servers.map(server => server.drain())), late])
}
