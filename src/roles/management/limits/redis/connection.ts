import type { Redis } from 'ioredis'
import type { KitClock } from '../../../../filters/kit.ts'
import { StoreAway } from '../store/exact-store.ts'
import { PROBE_KEY } from './keys.ts'
import { scripts } from './script.ts'

/** How long a request waits for Redis, and no longer. */
const BUDGET_MS = 50
/** So many answers in a row that did not come in time, and nobody waits any more until Redis has answered a probe. */
const MOST_LATE = 5
const PROBE_MS = 250
/** Of what waits for an answer; beyond that Redis is not keeping up. */
const MOST_WAITING = 10_000
const SILENT_MS = 2_000
/** What answers may have, before one of them is whole: so much for itself, and for each that is waited for. */
const MOST_BYTES = 65_536
const MOST_BYTES_OF_ONE = 2_048
const MOST_RECONNECT_MS = 1_000

const options = {
  lazyConnect: true,
  enableOfflineQueue: false,
  // What was on its way when the connection broke may have been carried out: it is not sent twice.
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 2_000,
  enableAutoPipelining: true,
  retryStrategy: (times: number) => Math.min(MOST_RECONNECT_MS, 50 * 2 ** Math.min(times, 5)),
  connectionName: 'portcullis',
  // Whatever is asked has the same answers in both; Redis before 6 does not know HELLO, by which the other one begins.
  protocol: 2 as const,
  scripts: Object.fromEntries(Object.entries(scripts).map(([name, lua]) => [name, { lua }])),
}

type Script = keyof typeof scripts

interface Waiting {
  readonly deadlineMs: number
  readonly reject: (error: StoreAway) => void
  settled: boolean
}

export interface ConnectionEvents {
  /** Redis can be asked, or cannot any more, and why. */
  state(away: string | null): void
}

/**
 * One connection to Redis or Valkey, with a budget for each call and a breaker: who asks gets an answer within the
 * budget, or StoreAway.
 */
export class Connection {
  /** Null until its library is loaded, which only those need who count together. */
  private redis: Redis | null = null
  private readonly clock: Pick<KitClock, 'now' | 'after'>
  private readonly events: ConnectionEvents
  private readonly waiting: Waiting[] = []
  private lateInARow = 0
  /** That have come since an answer was whole. */
  private bytes = 0
  private isOpen = false
  private toldAway = false
  private why = 'it has not been connected to yet'
  /** What it has answered to the last probe in place of counting. */
  private refusal = ''
  private forgetSweep: (() => void) | null = null
  private forgetProbe: (() => void) | null = null
  private closed = false

  constructor(url: string, clock: Connection['clock'], events: ConnectionEvents) {
    this.clock = clock
    this.events = events
    void import('ioredis').then(({ Redis: Client }) => this.connect(new Client(url, { ...options })))
  }

  private connect(redis: Redis): void {
    if (this.closed) return
    this.redis = redis
    // Its parser keeps what has come of an answer for as long as it is not whole.
    redis.on('connect', () => redis.stream.on('data', (chunk: Buffer) => this.count(chunk.length)))
    redis.on('ready', () => this.probe())
    redis.on('close', () => this.goAway('the connection has ended'))
    redis.on('error', (error: Error) => this.goAway(error.message))
    // Its error has been told of.
    redis.connect().catch(() => {})
  }

  get away(): boolean {
    return !this.isOpen
  }

  /** Rejects with StoreAway within the budget; what was asked by then may still be carried out. */
  async call(
    script: Script,
    keys: readonly string[],
    values: readonly (string | number)[],
  ): Promise<unknown> {
    if (!this.isOpen) throw new StoreAway(this.why, false)
    if (this.waiting.length >= MOST_WAITING) throw new StoreAway('too many calls wait for an answer', false)
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const one: Waiting = { deadlineMs: this.clock.now() + BUDGET_MS, reject, settled: false }
    this.waiting.push(one)
    this.forgetSweep ??= this.sweepIn(BUDGET_MS)
    this.run(script, keys, values).then(
      answer => {
        this.bytes = 0
        if (one.settled) return
        one.settled = true
        this.lateInARow = 0
        resolve(answer)
      },
      (error: unknown) => {
        if (one.settled) return
        one.settled = true
        reject(new StoreAway(error instanceof Error ? error.message : String(error), true))
      },
    )
    return promise
  }

  /** Without a budget, for what nobody waits for: it ends with the connection. */
  run(script: Script, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown> {
    // What `scripts` above has made of it.
    if (this.redis === null) return Promise.reject(new StoreAway(this.why, false))
    const redis = this.redis as unknown as Record<Script, (...args: readonly unknown[]) => Promise<unknown>>
    return redis[script](keys.length, ...keys, ...values)
  }

  /** Ends this connection, and makes another one. */
  leave(why: string): void {
    this.goAway(why)
    this.bytes = 0
    // Nobody waits for its other side to end it as well.
    this.redis?.stream.destroy()
  }

  close(): void {
    this.closed = true
    this.goAway('it is being left')
    this.redis?.disconnect()
  }

  private count(bytes: number): void {
    this.bytes += bytes
    if (this.bytes > MOST_BYTES + this.waiting.length * MOST_BYTES_OF_ONE)
      this.leave('its answer is longer than any')
  }

  /** Those whose time is over, the oldest first. */
  private sweep(): void {
    const nowMs = this.clock.now()
    let over = 0
    for (const one of this.waiting) {
      if (!one.settled && one.deadlineMs > nowMs) break
      over++
      if (one.settled) continue
      one.settled = true
      this.lateInARow++
      one.reject(new StoreAway(`no answer within ${BUDGET_MS} ms`, true))
    }
    this.waiting.splice(0, over)
    const [next] = this.waiting
    this.forgetSweep = next === undefined ? null : this.sweepIn(Math.max(1, next.deadlineMs - nowMs))
    if (this.lateInARow >= MOST_LATE)
      this.goAway(`${this.lateInARow} answers in a row took more than ${BUDGET_MS} ms`)
  }

  /** Where this process was held up, answers are there that have not been read yet: they are, before anybody is called late. */
  private sweepIn(ms: number): () => void {
    return this.clock.after(ms, () => setImmediate(() => this.sweep()))
  }

  private goAway(why: string): void {
    for (const one of this.waiting.splice(0)) {
      if (one.settled) continue
      one.settled = true
      one.reject(new StoreAway(why, true))
    }
    this.why = why
    this.lateInARow = 0
    this.probeLater()
    if (this.toldAway) return
    this.isOpen = false
    this.toldAway = true
    // Who could never be connected to has said nothing yet.
    if (!this.closed) this.events.state(why)
  }

  private probeLater(): void {
    if (this.closed) return
    this.forgetProbe ??= this.clock.after(PROBE_MS, () => {
      this.forgetProbe = null
      this.probe()
    })
  }

  /** One question on nobody's behalf: Redis is there again when it answers that in time, and has written what it was to. */
  private probe(): void {
    const { redis } = this
    if (this.closed || this.isOpen || redis === null) return
    if (redis.status !== 'ready') return this.probeLater()
    const sentMs = this.clock.now()
    // A connection that leads nowhere says nothing: another is made.
    const forget = this.clock.after(SILENT_MS, () => this.leave('it answers nothing'))
    this.run('probe', [PROBE_KEY], []).then(
      () => {
        this.bytes = 0
        forget()
        if (this.clock.now() - sentMs > BUDGET_MS || this.closed || this.isOpen) return this.probeLater()
        this.refusal = ''
        this.isOpen = true
        this.toldAway = false
        this.events.state(null)
      },
      (error: unknown) => {
        forget()
        if (error instanceof Error && error.name === 'ReplyError') this.refused(error.message)
        this.probeLater()
      },
    )
  }

  /** It is there, and cannot count; told once for each reason. */
  private refused(message: string): void {
    if (message === this.refusal || this.closed) return
    this.refusal = message
    this.toldAway = false
    this.goAway(`it cannot count: ${message}${adviceOn(message)}`)
  }
}

function adviceOn(message: string): string {
  // Before 5, a script that has read the clock may write nothing.
  if (/non deterministic|unknown command/i.test(message)) return '; Redis 5 or newer, or Valkey, is needed'
  if (message.startsWith('READONLY')) return '; --counters must be the URL of the primary'
  return ''
}
