import { setTimeout as after } from 'node:timers/promises'
import { parentPort } from 'node:worker_threads'
import type { GatewayAnswer, GatewayRequest } from '../../../composition/engine/messages.ts'
import type { RuleTypes } from '../../../proxy/compile.ts'
import type { FromWorker } from '../../../proxy/messages.ts'
import { serve, type Beside } from '../../../proxy/worker.ts'
import { log } from '../../../telemetry/log.ts'
import { systemClock } from '../../../upstream/clock.ts'
import type { Gateway } from '../../../composition/routes/gateway.ts'
import type { LoadedBundle } from '../bundles/load.ts'
import type { BundleCode } from '../bundles/source.ts'
import { Beat, BEAT_MS } from '../threads/beat.ts'
import { collectGarbage } from '../threads/heap.ts'
import { AnsweringEngine, displacedIn } from './answering.ts'
import { serveCrossing, type Answering, type CrossingServer } from './crossing-server.ts'
import { forgotten } from './forgotten.ts'
import { Holdings } from './holdings.ts'
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
  let answer: Answering = notLoaded
  let close = (): void => undefined
  const beside: Beside = {
    take: message => {
      const { port } = message as CrossingMessage
      servers.push(serveCrossing(port, request => answer(request), systemClock, holdings))
    },
    leave: async graceMs => {
      await left(servers, graceMs)
      close()
    },
  }
  const plane = serve(types, { beside })
  const holdings = new Holdings(task.holdBytes, displacedIn(composition, plane))
  const tell = (message: FromBundle): void => parentPort!.postMessage(message)
  try {
    const { gateway, config } = await loaded(task.code)
    const engine = new AnsweringEngine({ composition, gateway, config, plane, tell: tellWorkerGroup })
    close = () => engine.close()
    answer = engine.answer
    tell({ type: 'loaded' })
  } catch (error) {
    tell({ type: 'unloadable', fault: error instanceof Error ? error.message : String(error) })
  }
}

const tellWorkerGroup = (channel: string, message: unknown): void =>
  parentPort!.postMessage({ type: 'told', channel, message } satisfies FromWorker)

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
