import { setTimeout as after } from 'node:timers/promises'
import { parentPort } from 'node:worker_threads'
import { gatewayOfAggregate } from '../../../composition/aggregate/aggregate.ts'
import type { Gateway } from '../../../composition/routes/gateway.ts'
import type { Lodge } from '../../../proxy/lodgers.ts'
import type { FromWorker } from '../../../proxy/messages.ts'
import { log } from '../../../telemetry/log.ts'
import { systemClock } from '../../../upstream/clock.ts'
import { AnsweringEngine, displacedIn } from './answering.ts'
import { CrossingServer } from './crossing-server.ts'
import { forgotten } from './forgotten.ts'
import { Holdings } from './holdings.ts'
import type { LodgerTask } from './settings.ts'

/** Serves a composition without code in the thread of a worker: to that it is a thread all the same, whose crossing is a call. */
export const lodge: Lodge = (data, port, plane) => {
  const { composition, aggregate, holdBytes } = data as LodgerTask
  takeForgotten(composition)
  const gateway = gatewayOfAggregate(aggregate) as unknown as Gateway
  const engine = new AnsweringEngine({ composition, gateway, plane, tell })
  const holdings = new Holdings(holdBytes, displacedIn(composition, plane))
  const server = new CrossingServer(port, engine.answer, systemClock, holdings)
  return Promise.resolve({
    leave: graceMs => Promise.race([server.drain(), after(graceMs, undefined, { ref: false })]),
    close: () => engine.close(),
  })
}

const tell = (channel: string, message: unknown): void =>
  parentPort!.postMessage({ type: 'told', channel, message } satisfies FromWorker)

let isTaken = false

/** Of calls that nobody waits for any more; once in a thread. */
function takeForgotten(composition: string): void {
  if (isTaken) return
  isTaken = true
  process.on(
    'unhandledRejection',
    forgotten(error => log.error('composition.mistaken', { composition, error })),
  )
}
