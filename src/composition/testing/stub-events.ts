import type { Clock } from '../../upstream/clock.ts'
import { StreamItem } from '../streams/item.ts'
import { reply, type Reply, type StubRequest } from './stub-transport.ts'

/** What an event source is given of a request, and by what it waits. */
export interface SourceRequest extends StubRequest {
  /** By the clock of the test. */
  pause(ms: number): Promise<void>
}

type Items = Iterable<unknown> | AsyncIterable<unknown>

/** Items one after another, or what makes them of a request. What is thrown breaks the stream off. */
export type Source = Items | ((request: SourceRequest) => Items)

export interface SourceOptions {
  /** How long before each item of a list. */
  readonly everyMs?: number
}

/** What a stub answers with that is an event source. */
export function sourceReply(source: Source, request: StubRequest, clock: Clock, everyMs = 0): Reply {
  const pause = (ms: number) =>
    new Promise<void>(resolve => {
      if (ms !== Infinity) clock.after(ms, resolve)
    })
  const items = typeof source === 'function' ? source({ ...request, pause }) : source
  return reply(200, written(items, everyMs === 0 ? null : () => pause(everyMs)), {
    'content-type': 'text/event-stream',
  })
}

async function* written(items: Items, before: (() => Promise<void>) | null): AsyncGenerator<Uint8Array> {
  for await (const one of items) {
    await before?.()
    const { data, id, event }: StreamItem<unknown> =
      one instanceof StreamItem ? (one as StreamItem<unknown>) : new StreamItem<unknown>(one, null, null)
    const lines = [
      ...(id === null ? [] : [`id: ${id}`]),
      ...(event === null ? [] : [`event: ${event}`]),
      `data: ${JSON.stringify(data)}`,
    ]
    yield Buffer.from(`${lines.join('\n')}\n\n`)
  }
}
