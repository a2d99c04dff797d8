import { randomBytes } from 'node:crypto'
import type { Backends } from '../backends/backend.ts'
import { Scope } from '../calls/scope.ts'
import type { DataOf, Gap, StreamItem } from './item.ts'
import type { SharedKey, SharedOptions, Sharing } from './shared-options.ts'
import { Shelf } from './shelf.ts'

/** Streams that are begun once and serve many clients. */
export class Shared<K extends SharedKey, T> implements Sharing {
  readonly backends: Backends
  readonly options: SharedOptions<Backends, SharedKey, unknown>
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
    const shelf = scope?.request.commons
    if (scope === undefined || !(shelf instanceof Shelf))
      throw new TypeError('a shared stream is for the routes of a gateway')
    const subscription = shelf.subscription<T>(this, key, lastEventId, scope.request.client)
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
