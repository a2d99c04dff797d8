import type { KitClock } from '../../../../filters/kit.ts'
import type { Logger } from '../../../../telemetry/log.ts'
import type { Limit } from '../limit.ts'
import type { Meter } from '../meter.ts'
import { StoreAway, type ExactLevel, type ExactStore } from '../store/exact-store.ts'
import { nodesAnswer, takeAnswer } from './answer.ts'
import { Connection } from './connection.ts'
import { Denials } from './denials.ts'
import { KEPT_KEY, redisKey } from './keys.ts'
import { Settlements, type Settlement } from './settlements.ts'

/** What the node is counted by, and how often it says that it is there. */
const NODES_KEY = 'pc:nodes'
const NODE_MS = 5_000
const NODE_COUNTS_MS = 15_000
/** What was settled is told so much later, all at once. */
const SETTLE_MS = 20
/** At once on the wire, when Redis is there again. */
const MOST_AT_ONCE = 500

export interface RedisStoreOptions {
  /** `redis://…`, `rediss://…` */
  readonly url: string
  /** The same for all workers of a node, and no other's; null of who only looks, and counts for no part. */
  readonly node: string | null
  readonly clock: KitClock
  readonly log: Pick<Logger, 'warn' | 'info'>
}

/** Counters of several nodes in one Redis or Valkey: exact, by its clock, one call for all limits of a request. */
export class RedisStore implements ExactStore {
  private readonly options: RedisStoreOptions
  private readonly connection: Connection
  private readonly denials = new Denials()
  private readonly settlements = new Settlements()
  /** How much Redis's clock is ahead of ours; windows are those of its time. */
  private aheadMs = 0
  private nodes = 1
  private flushing = false
  private forget: () => void = () => {}
  private closed = false

  constructor(options: RedisStoreOptions) {
    this.options = options
    this.connection = new Connection(options.url, options.clock, {
      state: away => {
        if (away === null) options.log.info('counters.available')
        else options.log.warn('counters.unavailable', { message: away })
        if (away === null) void this.sayHere()
        if (away === null) this.flushLater()
      },
    })
    this.sayHereLater()
  }

  get away(): boolean {
    return this.connection.away
  }

  get share(): number {
    return 1 / this.nodes
  }

  take(
    meters: readonly Meter[],
    costs: readonly number[],
  ): readonly ExactLevel[] | Promise<readonly ExactLevel[]> {
    return this.denials.of(meters, this.options.clock.now()) ?? this.ask(meters, costs, true)
  }

  settle(meters: readonly Meter[], costs: readonly number[]): void {
    const wallMs = this.wallMs()
    for (const [i, meter] of meters.entries()) {
      const cost = costs[i] ?? 0
      if (cost === 0) continue
      const { key, endMs } = this.placeOf(meter, wallMs)
      this.settlements.add(key, meter, cost, endMs)
    }
    this.flushLater()
  }

  async peek(meters: readonly Meter[]): Promise<readonly ExactLevel[]> {
    return this.ask(
      meters,
      meters.map(() => 0),
      false,
    )
  }

  /** Behind all that it has answered by now, so that a mark says that those were counted in what is still there. */
  async isWhole(): Promise<boolean> {
    if (this.away) return false
    return this.connection.call('kept', [KEPT_KEY], [0]).then(
      found => found === 1,
      () => false,
    )
  }

  drain(): void {
    this.closed = true
    this.forget()
    // What is left is told first; nobody waits for it.
    void this.flush().finally(() => this.connection.close())
  }

  private wallMs(): number {
    return this.options.clock.wallMs() + this.aheadMs
  }

  private placeOf(
    meter: Meter,
    wallMs: number,
  ): { readonly key: string; readonly startMs: number; readonly endMs: number } {
    if (!meter.limit.isQuota) return { key: redisKey(meter, 0), startMs: 0, endMs: 0 }
    const { startMs, endMs } = meter.windowAt(wallMs)
    return { key: redisKey(meter, startMs), startMs, endMs: endMs === Infinity ? 0 : endMs }
  }

  private async ask(
    meters: readonly Meter[],
    costs: readonly number[],
    takes: boolean,
    again = true,
  ): Promise<readonly ExactLevel[]> {
    const wallMs = this.wallMs()
    const places = meters.map(meter => this.placeOf(meter, wallMs))
    const values = meters.flatMap((meter, i) => {
      const { limit } = meter
      const cost = costs[i] ?? 0
      const { startMs, endMs } = places[i]!
      return [
        limit.isQuota ? 'q' : 'r',
        takes ? cost : 0,
        limit.needOf(cost),
        limit.isQuota ? limit.row.amount : limit.intervalUs,
        limit.rate.burst,
        startMs,
        endMs,
        limit.flags ? 0 : 1,
      ]
    })
    const sentMs = this.options.clock.now()
    const answer = await this.connection.call(
      'take',
      places.map(({ key }) => key),
      values,
    )
    const { nowMs, found } = this.understood(() => takeAnswer(answer, meters, this.options.clock.wallMs()))
    this.learn(nowMs, sentMs)
    if (found === null) {
      if (again) return this.ask(meters, costs, takes, false)
      throw new StoreAway('its clock and ours do not agree on the time', false)
    }
    const levels = meters.map(({ limit }, i) => {
      const { outcome, value } = found[i]!
      if (!limit.isQuota) return rateLevel(limit, outcome, value)
      return quotaLevel(limit, outcome, value, places[i]!.endMs, nowMs)
    })
    if (takes) this.remember(meters, costs, levels)
    return levels
  }

  /** Behind an answer to something else, all that come are. */
  private understood<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      this.connection.leave(error instanceof Error ? error.message : String(error))
      throw error
    }
  }

  private remember(meters: readonly Meter[], costs: readonly number[], levels: readonly ExactLevel[]): void {
    for (const [i, { outcome, used, resetSeconds }] of levels.entries()) {
      if (outcome !== 'denied') continue
      const { limit } = meters[i]!
      const needs = limit.needOf(costs[i] ?? 0)
      const retryMs = !limit.isQuota
        ? (used + (needs - limit.rate.burst) * limit.intervalUs) / 1000
        : resetSeconds * 1000
      this.denials.keep(meters, levels, i, retryMs, this.options.clock.now())
      return
    }
  }

  /** The middle of the call is when its clock was read, give or take half of what the call took. */
  private learn(redisMs: number, sentMs: number): void {
    const { clock } = this.options
    const tookMs = clock.now() - sentMs
    if (tookMs < 20) this.aheadMs = redisMs - (clock.wallMs() - tookMs / 2)
  }

  private flushLater(): void {
    if (this.flushing || this.closed || this.away) return
    this.flushing = true
    this.options.clock.after(SETTLE_MS, () => {
      this.flushing = false
      void this.flush().then(() => this.settlements.size > 0 && this.flushLater())
    })
  }

  private async flush(): Promise<void> {
    const all = this.settlements.take(this.wallMs())
    for (let from = 0; from < all.length; from += MOST_AT_ONCE) {
      const some = all.slice(from, from + MOST_AT_ONCE)
      const failed = (await Promise.all(some.map(one => this.tell(one)))).filter(one => one !== null)
      if (failed.length === 0) continue
      this.settlements.again([...failed, ...all.slice(from + MOST_AT_ONCE)])
      return
    }
  }

  /** Null when it has been told. Where nobody knows, what was used counts again, and what was given back does not: nobody gets more than the limit. */
  private async tell(one: Settlement): Promise<Settlement | null> {
    if (this.away) return one
    try {
      await this.connection.run('settle', [one.key], [one.kind, one.cost, one.intervalUs, one.endMs])
      return null
    } catch {
      return one.cost > 0 ? one : null
    }
  }

  private sayHereLater(): void {
    this.forget = this.options.clock.after(NODE_MS, () => {
      void this.sayHere().then(() => !this.closed && this.sayHereLater())
    })
  }

  private async sayHere(): Promise<void> {
    const { node } = this.options
    if (this.away || node === null) return
    try {
      const nodes = await this.connection.call('nodes', [NODES_KEY], [node, NODE_COUNTS_MS])
      this.nodes = this.understood(() => nodesAnswer(nodes))
    } catch {
      // The next time tells.
    }
  }
}

function rateLevel(
  { intervalUs, rate: { burst } }: Limit,
  outcome: ExactLevel['outcome'],
  aheadUs: number,
): ExactLevel {
  const most = intervalUs * burst
  const remaining = Math.max(0, Math.floor((most - aheadUs) / intervalUs))
  const untilUs = remaining === 0 ? aheadUs + intervalUs - most : aheadUs
  return { outcome, remaining, resetSeconds: Math.ceil(untilUs / 1e6), used: aheadUs }
}

/** `endMs` 0: never. */
function quotaLevel(
  { row }: Limit,
  outcome: ExactLevel['outcome'],
  used: number,
  endMs: number,
  nowMs: number,
): ExactLevel {
  const resetSeconds = endMs === 0 ? Infinity : Math.max(1, Math.ceil((endMs - nowMs) / 1000))
  return { outcome, remaining: Math.max(0, row.amount - used), resetSeconds, used }
}
