import assert from 'node:assert/strict'
import type { GatewayAnswer } from '../engine/messages.ts'
import { EventStreamParser, LineParser } from '../streams/event-stream.ts'
import { gathered } from '../transport/gathered.ts'

/** An item as a client has it: `error` and `gap` are events of these names. */
export interface TestItem {
  readonly event: string
  readonly id: string | null
  readonly data: unknown
}

/** How a test lets what it waits for happen: by the virtual clock, or as time goes. */
export type During = <T>(work: Promise<T>) => Promise<T>

/**
 * A stream that a test takes: items come when they are asked for, and the clock goes on meanwhile.
 *
 * @example
 * await using s = t.stream('/prices/EUR')
 * assert.deepEqual((await s.next())?.data, { price: 3 })
 */
export class TestStream implements AsyncDisposable {
  private readonly answer: Promise<GatewayAnswer>
  private readonly during: During
  private readonly client: AbortController
  private readonly waiting: TestItem[] = []
  private chunks: AsyncIterator<Uint8Array> | null = null
  private parser: EventStreamParser | LineParser | null = null

  constructor(answer: Promise<GatewayAnswer>, during: During, client: AbortController) {
    this.answer = answer
    this.during = during
    this.client = client
    answer.catch(() => undefined)
  }

  /** Its head has this status; a failure says what was answered. */
  async expect(status: number): Promise<GatewayAnswer> {
    const answer = await this.during(this.answer)
    if (answer.status !== status)
      assert.equal(answer.status, status, Buffer.from(await gathered(answer.body)).toString('utf8'))
    return answer
  }

  /** The next item, undefined where it has ended. Throws where it was broken off. */
  async next(): Promise<TestItem | undefined> {
    while (this.waiting.length === 0) {
      const chunks = (this.chunks ??= (await this.opened())[Symbol.asyncIterator]())
      const next: IteratorResult<Uint8Array, unknown> = await this.during(chunks.next())
      if (next.done === true) return undefined
      for (const { event, id, data } of this.parser!.push(next.value))
        this.waiting.push({ event: event ?? 'message', id, data: JSON.parse(data) as unknown })
    }
    return this.waiting.shift()
  }

  /** So many items, or fewer where it ends before. */
  async take(count: number): Promise<readonly TestItem[]> {
    const items: TestItem[] = []
    while (items.length < count) {
      const one = await this.next()
      if (one === undefined) break
      items.push(one)
    }
    return items
  }

  /** What their data is. */
  async data(count = Infinity): Promise<readonly unknown[]> {
    return (await this.take(count)).map(({ data }) => data)
  }

  /** The client goes away. */
  leave(): void {
    this.client.abort()
    this.chunks?.return?.().then(undefined, () => undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.leave()
    await Promise.resolve()
  }

  private async opened(): Promise<AsyncIterable<Uint8Array>> {
    const { headers, body } = await this.expect(200)
    const isEvents = headers['content-type'] === 'text/event-stream'
    this.parser = isEvents ? new EventStreamParser(Infinity) : new LineParser(Infinity)
    assert.ok(typeof body !== 'string' && !(body instanceof Uint8Array), 'the answer is no stream')
    return body
  }
}
