import type { Clock } from '../../upstream/clock.ts'
import { CallFailure } from '../calls/failure.ts'
import { StreamItem } from '../streams/item.ts'
import type { AnswerBody } from '../transport/transport.ts'
import { bodyTooLarge } from '../transport/whole-body.ts'
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

/** A body of a stub that comes as it is made; it ends where its call does. */
export class StubBody implements AnswerBody {
  private readonly call: string
  private readonly chunks: AsyncIterator<Uint8Array>
  private readonly signal: AbortSignal

  constructor(call: string, chunks: AsyncIterable<Uint8Array>, signal: AbortSignal) {
    this.call = call
    this.chunks = chunks[Symbol.asyncIterator]()
    this.signal = signal
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const next = await this.orAborted(this.chunks.next())
        if (next.done === true) return
        yield next.value
      }
    } catch (error) {
      if (error instanceof CallFailure) throw error
      throw new CallFailure('http_response_incomplete', this.call, 'by the test', { cause: error })
    } finally {
      this.cancel()
    }
  }

  async bytes(limitBytes: number): Promise<Uint8Array> {
    const content = Buffer.concat(await Array.fromAsync(this))
    if (content.length > limitBytes) throw bodyTooLarge(this.call, limitBytes)
    return content
  }

  cancel(): void {
    this.chunks.return?.().then(undefined, () => undefined)
  }

  private orAborted<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(this.signal.reason as CallFailure)
      if (this.signal.aborted) return abort()
      this.signal.addEventListener('abort', abort, { once: true })
      work.then(resolve, reject).finally(() => this.signal.removeEventListener('abort', abort))
    })
  }
}
