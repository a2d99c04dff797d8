import type { World } from './virtual-time.ts'

/** What an endpoint does wrong, and when (ms since the run began). */
export interface Fault {
  readonly fromMs: number
  readonly untilMs: number
  /** Answers this status at once; 0: resets the request before a byte of an answer. */
  readonly status?: number
  /** Of the requests that meet it; absent: all. */
  readonly share?: number
  /** Answers take so many times as long. */
  readonly slower?: number
  /** Answers take so long, whatever they took before. */
  readonly takesMs?: number
  /** Accepts no connection, and resets those that it has. */
  readonly down?: true
}

export interface HostSettings {
  /** Of the time that an answer takes: the median, and the deviation of its logarithm. */
  readonly serviceMs: number
  readonly spread: number
  /** Requests that it works at; others wait, first come, first served. */
  readonly places: number
  /** How many may wait; more are answered 503. */
  readonly queue: number
  readonly faults: readonly Fault[]
}

/** How a request to an endpoint ends: with a status, or 0: it is reset. */
type Answer = (status: number) => void

/** How long a process takes to say that it cannot. */
const FAIL_MS = 1

/**
 * A server behind the gateway, simulated: so many places, a queue before them, times by a logarithmic normal distribution,
 * faults by schedule. What it has begun it finishes, also when nobody waits for it any more, as most servers do.
 */
export class Host {
  /** Attempts that have come here. */
  arrived = 0
  /** Told of each of them. */
  onArrival: () => void = () => {}
  private readonly world: World
  private readonly settings: HostSettings
  private busy = 0
  private readonly waiting: Answer[] = []

  constructor(world: World, settings: HostSettings) {
    this.world = world
    this.settings = settings
  }

  get isDown(): boolean {
    return this.fault?.down === true
  }

  arrive(answer: Answer): void {
    this.arrived++
    this.onArrival()
    const { settings } = this
    const fault = this.met()
    if (fault?.down === true) this.later(0, answer, 0)
    else if (fault?.status !== undefined) this.later(FAIL_MS, answer, fault.status)
    else if (this.busy < settings.places) this.work(answer)
    else if (this.waiting.length < settings.queue) this.waiting.push(answer)
    else this.later(FAIL_MS, answer, 503)
  }

  private get fault(): Fault | undefined {
    const { elapsedMs } = this.world.time
    return this.settings.faults.find(({ fromMs, untilMs }) => elapsedMs >= fromMs && elapsedMs < untilMs)
  }

  /** By this request. */
  private met(): Fault | undefined {
    const { fault } = this
    return fault?.share === undefined || this.world.random() < fault.share ? fault : undefined
  }

  private work(answer: Answer): void {
    this.busy++
    this.world.time.after(this.workMs(), () => {
      this.busy--
      answer(this.isDown ? 0 : 200)
      const next = this.waiting.shift()
      if (next !== undefined) this.work(next)
    })
  }

  private workMs(): number {
    const { serviceMs, spread } = this.settings
    const { slower = 1, takesMs } = this.met() ?? {}
    return takesMs ?? serviceMs * Math.exp(spread * normal(this.world.random)) * slower
  }

  private later(ms: number, answer: Answer, status: number): void {
    this.world.time.after(ms, () => answer(status))
  }
}

/** Box and Muller's. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
