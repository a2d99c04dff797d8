import { randomBytes } from 'node:crypto'
import type { Backends, Clients } from '../backends/backend.ts'
import { Scope } from '../calls/scope.ts'
import type { Slow } from './bounded-queue.ts'
import type { DataOf, Gap, StreamItem } from './item.ts'
import type { Subscription } from './subscription.ts'

/** What names a stream among those of the same `shared`: those of equal JSON are one. */
export type SharedKey = string | number | boolean | null | { readonly [name: string]: SharedKey }

export interface SharedContext {
  /**
   * With `resumes`, where the client was that has it begin; else null. Others get what is kept.
   */
  readonly lastEventId: string | null
  /** Aborted when nobody takes it any more. For what is no call of `c`. */
  readonly signal: AbortSignal
}

export interface SharedOptions<B extends Backends, K extends SharedKey, Y> {
  /** Begun for the first who takes a key, of whom it knows nothing else: no field of a client's request passes. */
  run(c: Clients<B>, key: K, x: SharedContext): AsyncIterable<Y>
  /** How long it goes on when nobody takes it: 5,000 where it is left out. */
  readonly lingerMs?: number
  /** What is kept for clients that come back: 100 items and 1 MiB of JSON where it is left out. */
  readonly replay?: { readonly messages?: number; readonly bytes?: number }
  /** What becomes of a client that is too slow; it never holds up the others. */
  readonly slow?: Slow<DataOf<Y>>
  /** How many keys may go on at once: 1,000 where it is left out. One more is answered 503. */
  readonly mostKeys?: number
  /** Whether `run` goes on at `lastEventId`. Where it does not, a client that was elsewhere is told of a gap. */
  readonly resumes?: boolean
}

/** Streams that are begun once and serve many clients. */
export class Shared<K extends SharedKey, T> {
  readonly backends: Backends
  readonly options: SharedOptions<Backends, SharedKey, unknown>
  /** Of ids that are made here, for items that have none: those of another time are known by it. */
  readonly epoch = randomBytes(6).toString('hex')

  constructor(backends: Backends, options: SharedOptions<Backends, SharedKey, unknown>) {
    this.backends = backends
    this.options = options
  }

  /**
   * The items from now on, or from where the client was, for as long as the request goes on. Throws a Problem 503 where
   * too many keys go on, and a TypeError outside of a route.
   */
  of(
    key: K,
    { lastEventId = null }: { readonly lastEventId?: string | null } = {},
  ): AsyncIterableIterator<StreamItem<T> | Gap> {
    const scope = Scope.current()
    const { shelf } = scope?.request ?? {}
    if (scope === undefined || shelf == null)
      throw new TypeError('a shared stream is for the routes of a gateway')
    const subscription = shelf.subscription(
      this as unknown as Shared<SharedKey, unknown>,
      key,
      lastEventId,
    ) as Subscription<T>
    return subscription.subscriber(scope, lastEventId)
  }
}

/**
 * A stream of backends that is begun for the first client who takes it, serves all, and ends when the last has been gone
 * for a while. Each client has a bound of its own; ids are those of the backend, or are made here.
 *
 * @example
 * const backends = { feed: http({ url: 'http://feed' }) }
 * const prices = shared(backends, {
 *   run: (c, symbol: string) => c.feed.events('/prices/{symbol}', { path: { symbol }, item: Price, reconnect: true }),
 * })
 * // in a route: run: ({ params, lastEventId }) => prices.of(params.symbol, { lastEventId })
 */
export function shared<const B extends Backends, K extends SharedKey, Y>(
  backends: B,
  options: SharedOptions<B, K, Y>,
): Shared<K, DataOf<Y>> {
  return new Shared(backends, options as unknown as SharedOptions<Backends, SharedKey, unknown>)
}
