import assert from 'node:assert/strict'
import type { GatewayAnswer } from '../engine/messages.ts'
import type { Clock } from '../../upstream/clock.ts'
import { FrameSocket, type Closed } from '../streams/frame-socket.ts'
import { framesOfWs } from '../streams/frames.ts'
import { gathered } from '../transport/gathered.ts'
import type { During } from './test-stream.ts'
import { tunnelPair } from './tunnel-pair.ts'

/**
 * A WebSocket of a test, at the client's end: messages are JSON, but for text and bytes that are sent as they are.
 *
 * @example
 * await using s = t.socket('/ticks/EUR')
 * await s.send({ subscribe: 'EUR' })
 * assert.deepEqual(await s.receive(), { price: 3 })
 */
export class TestSocket implements AsyncDisposable {
  private readonly answer: Promise<GatewayAnswer>
  private readonly during: During
  private readonly client: AbortController
  private readonly clock: Clock
  private socket: Promise<FrameSocket> | null = null

  constructor(answer: Promise<GatewayAnswer>, during: During, client: AbortController, clock: Clock) {
    this.answer = answer
    this.during = during
    this.client = client
    this.clock = clock
    answer.catch(() => undefined)
  }

  /** The handshake is answered with this status: 101 where it is open. */
  async expect(status: number): Promise<GatewayAnswer> {
    const answer = await this.during(this.answer)
    if (answer.status !== status)
      assert.equal(answer.status, status, Buffer.from(await gathered(answer.body)).toString('utf8'))
    return answer
  }

  /** Settles when there is room for more; false where it is closed. */
  async send(message: unknown): Promise<boolean> {
    const raw = typeof message === 'string' || message instanceof Uint8Array
    const socket = await this.opened()
    return await this.during(socket.send(raw ? message : JSON.stringify(message), null))
  }

  /** The next message, undefined where it is closed. */
  async receive(): Promise<unknown> {
    const socket = await this.opened()
    const message = await this.during(socket.receive())
    if (message === null) return undefined
    return typeof message === 'string' ? (JSON.parse(message) as unknown) : message
  }

  /** How it was closed, once it is. */
  async closed(): Promise<Closed> {
    const socket = await this.opened()
    return await this.during(socket.closed)
  }

  async close(code?: number, reason?: string): Promise<void> {
    ;(await this.opened()).close(code, reason)
  }

  /** The client goes away without a word. */
  async leave(): Promise<void> {
    this.client.abort()
    const socket = await this.socket
    socket?.abort()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave()
  }

  private opened(): Promise<FrameSocket> {
    return (this.socket ??= this.open())
  }

  private async open(): Promise<FrameSocket> {
    const { tunnel } = await this.expect(101)
    const [ours, theirs] = tunnelPair()
    const frames = await framesOfWs()
    tunnel!(theirs)
    return new FrameSocket({ tunnel: ours, side: 'client', frames, clock: this.clock, limits: {}, slow: {} })
  }
}
