import type { Static, TSchema } from 'typebox'
import type { Backends } from '../backends/backend.ts'
import type { Slow } from '../streams/bounded-queue.ts'
import type { Gap, StreamItem } from '../streams/item.ts'
import type { BaseRoute, CommonOptions, In, RouteContext } from './common.ts'

/** What a stream's route runs with. */
export interface StreamContext<B extends Backends, P extends string, I extends In> extends RouteContext<
  B,
  P,
  I
> {
  /** Where a client that comes back was (`Last-Event-ID`); null of one that is new. */
  readonly lastEventId: string | null
}

/** Limits of a stream; what is left out has no limit but where it says one. */
export interface StreamTimes {
  /** How long to wait for the first item before the answer begins: 250 where it is left out. What fails until then is answered with a status. */
  readonly headMs?: number
  /** How long the route may take for an item. */
  readonly idleMs?: number
  /** How long all of it may take. */
  readonly totalMs?: number
  /** After so much silence clients are sent something that says nothing: 15,000 where it is left out. */
  readonly keepaliveMs?: number
  /** How long a client may take nothing while there is something for it: 60,000 where it is left out. */
  readonly stallMs?: number
}

export interface StreamOptions<
  B extends Backends,
  P extends string,
  I extends In,
  O extends TSchema,
> extends CommonOptions<B, I> {
  /** GET where it is left out. */
  readonly method?: 'GET' | 'POST'
  /** Of each item: what it does not name is left out, what does not fit it ends the stream as a failure. */
  readonly out: O
  readonly times?: StreamTimes
  /** What becomes of a client that is slower than the route. Where it is left out the route waits for its client. */
  readonly slow?: Slow<Static<O>>
  /**
   * The items: an async generator, mostly. `timeoutMs` of the route is for what is before it begins. It is asked for
   * the next item when the one before has been taken, and returned when the client goes away.
   */
  run(x: StreamContext<B, P, I>): AsyncIterable<Static<O> | StreamItem<Static<O>> | Gap>
}

/** A route whose answer goes on: events, lines of JSON or an array by `Accept`, a WebSocket by `Upgrade`. */
export interface StreamRoute extends BaseRoute {
  readonly kind: 'stream'
  readonly options: StreamOptions<Backends, string, In, TSchema>
}

export type AddStream<B extends Backends> = <
  const P extends string,
  O extends TSchema,
  I extends In = Record<never, never>,
>(
  path: P,
  options: StreamOptions<B, P, I, O>,
) => StreamRoute
