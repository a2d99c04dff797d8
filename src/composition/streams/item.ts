/**
 * An item of a stream with what is said beside it: an id, by which a client that comes back says where it was
 * (`Last-Event-ID`), and the name of an event. Backends' events are items, and a route may yield them as they come.
 */
export class StreamItem<T> {
  readonly data: T
  readonly id: string | null
  /** `message` to clients where it is null. */
  readonly event: string | null

  /** Throws a TypeError where id or event cannot be a line of an event stream. */
  constructor(data: T, id: string | null, event: string | null) {
    if ((id !== null && /[\0\r\n]/.test(id)) || (event !== null && /[\r\n]/.test(event)))
      throw new TypeError(
        `${JSON.stringify(id ?? event)} cannot be the id or event of an item: it has a line break`,
      )
    this.data = data
    this.id = id
    this.event = event
  }
}

/**
 * `yield item(order, { id: order.number })`: what a client of an event stream is told beside the data.
 */
export const item = <T>(
  data: T,
  { id = null, event = null }: { readonly id?: string | null; readonly event?: string | null } = {},
): StreamItem<T> => new StreamItem(data, id, event)

/** In a stream: here items are missing. Clients are told, each format in its way. */
export class Gap {
  /** How many, where that is known. */
  readonly missed: number | null

  constructor(missed: number | null) {
    this.missed = missed
  }
}

/** What the items of a stream carry. */
export type DataOf<Y> = Y extends StreamItem<infer T> ? T : Y extends Gap ? never : Y

/**
 * The items of a stream with other data: ids, events and gaps stay.
 *
 * @example
 * run: ({ c }) => mapped(c.feed.events('/prices', { item: Price }), price => ({ price: price.value }))
 */
export async function* mapped<Y, R>(
  stream: AsyncIterable<Y>,
  change: (data: DataOf<Y>) => R | Promise<R>,
): AsyncGenerator<StreamItem<R> | Gap> {
  for await (const one of stream)
    if (one instanceof Gap) yield one
    else if (one instanceof StreamItem)
      yield new StreamItem(await change(one.data as DataOf<Y>), one.id, one.event)
    else yield new StreamItem(await change(one as DataOf<Y>), null, null)
}
