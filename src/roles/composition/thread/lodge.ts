import { setTimeout as after } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import type { Gateway } from '../../../composition/routes/gateway.ts'
import type { Lodge } from '../../../proxy/lodgers.ts'
import type { FromWorker, WorkerSettings } from '../../../proxy/messages.ts'
import { systemClock } from '../../../upstream/clock.ts'
import { AnsweringEngine, displacedIn } from './answering.ts'
import { CrossingServer } from './crossing-server.ts'
import { forgotten } from './forgotten.ts'
import { Holdings } from './holdings.ts'
import type { LodgerTask } from './settings.ts'

/** Serves a composition without code in the thread of a worker: to that it is a thread all the same, whose crossing is a call. */
export const lodge: Lodge = async (data, port, plane) => {
  const { composition, served, holdBytes } = data as LodgerTask
  takeForgotten()
  const gateway = await gatewayOf(served)
  const engine = new AnsweringEngine({ composition, gateway, plane, tell })
  const holdings = new Holdings(holdBytes, displacedIn(composition, plane))
  const { workers } = workerData as WorkerSettings
  all.set(holdings, holdBytes / workers)
  share()
  const server = new CrossingServer(port, engine.answer, systemClock, holdings)
  return {
    leave: graceMs => Promise.race([server.drain(), after(graceMs, undefined, { ref: false })]),
    close: () => {
      engine.close()
      all.delete(holdings)
      share()
    },
  }
}

/** Who serves the one loads nothing of the other. */
async function gatewayOf(served: LodgerTask['served']): Promise<Gateway> {
  if ('aggregate' in served) {
    const { gatewayOfAggregate } = await import('../../../composition/aggregate/aggregate.ts')
    return gatewayOfAggregate(served.aggregate) as unknown as Gateway
  }
  const { gatewayOfTranscoding } = await import('../../../composition/manifest/transcoding.ts')
  return gatewayOfTranscoding(served.transcoding)
}

const tell = (channel: string, message: unknown): void =>
  parentPort!.postMessage({ type: 'told', channel, message } satisfies FromWorker)

/** What requests of all that lodge in a thread may hold together: it serves everybody else, too. */
const ALL_BYTES = 256 * 1024 ** 2

/** With what each may hold by its own limits: those of all workers together. */
const all = new Map<Holdings, number>()

function share(): void {
  for (const [holdings, bytes] of all) holdings.bound(Math.min(bytes, ALL_BYTES / all.size))
}

let isTaken = false

/** Calls that nobody waits for any more are no fault; what is one ends the thread, as it does without lodgers. */
function takeForgotten(): void {
  if (isTaken) return
  isTaken = true
  process.on(
    'unhandledRejection',
    forgotten(error => {
      throw error
    }),
  )
}
