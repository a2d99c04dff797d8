import type { Outcome } from './exchange.ts'
import type { World } from './virtual-time.ts'

/** Begins a request of this client. */
type Ask = (client: number, onOver: (outcome: Outcome) => void) => void

/** Requests that come whether or not those before are answered, so many in a second, of so many clients: Poisson's. */
export function openLoop(
  { time, random }: World,
  clients: number,
  perSecond: number | ((elapsedMs: number) => number),
  ask: Ask,
  onOver: (outcome: Outcome, beganMs: number) => void,
): void {
  const rate = typeof perSecond === 'number' ? () => perSecond : perSecond
  const next = (): void => {
    time.after(exponential(random, 1000 / rate(time.elapsedMs)), () => {
      const beganMs = time.elapsedMs
      ask(Math.floor(random() * clients), outcome => onOver(outcome, beganMs))
      next()
    })
  }
  next()
}

/** Clients each of which waits for its answer, and then a while, before it asks again. */
export function closedLoop(
  { time, random }: World,
  clients: number,
  thinkMs: number,
  ask: Ask,
  onOver: (outcome: Outcome, beganMs: number) => void,
): void {
  const think = (client: number): void => {
    time.after(exponential(random, thinkMs), () => {
      const beganMs = time.elapsedMs
      ask(client, outcome => {
        onOver(outcome, beganMs)
        think(client)
      })
    })
  }
  for (let client = 0; client < clients; client++) think(client)
}

function exponential(random: () => number, mean: number): number {
  return -mean * Math.log(1 - random())
}
