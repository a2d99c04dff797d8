import type { Static, TSchema } from 'typebox'
import type { Gap, StreamItem } from '../streams/item.ts'
import type { HttpOptions } from './call-options.ts'

/** A subscription that has begun: its items, each once, to one reader. It ends with the request, or when its reader returns. */
export type EventStream<T> = AsyncIterableIterator<StreamItem<T> | Gap>

export interface EventsOptions extends HttpOptions {
  /** GET where it is left out. */
  readonly method?: 'GET' | 'POST'
  /** Where to go on: that of the client's request, mostly. */
  readonly lastEventId?: string | null
  /** How long the backend may say nothing at all, comments counted; no bound where it is left out. */
  readonly idleMs?: number
  /** Whether to come back when the stream ends or fails, as EventSource does: at once it has failed where it is left out. */
  readonly reconnect?: true
}

/** What `events` is of a client. */
export interface Events {
  /**
   * Subscribes to a stream of events (SSE) or of lines of JSON (NDJSON), as the backend answers. Begins now, and is read
   * as fast as it is taken. With `item` the data of each is JSON that fits the schema, else its text as it came.
   *
   * @example
   * yield* c.feed.events('/prices/{symbol}', { path: { symbol }, item: Price, lastEventId })
   */
  events<S extends TSchema>(
    path: string,
    options: EventsOptions & { readonly item: S },
  ): EventStream<Static<S>>
  events(path: string, options?: EventsOptions): EventStream<string>
}
