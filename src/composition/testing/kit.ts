import type { Clock } from '../../upstream/clock.ts'
import { lowerCased, type Backends, type CallNames } from '../backends/backend.ts'
import type { GatewayRequest } from '../engine/messages.ts'
import type { Gateway } from '../routes/gateway.ts'
import { addStubs, Bench, lookedAt, type TestOptions } from './bench.ts'
import type { AllStubs } from './stubs.ts'
import { TestAnswer, type WholeAnswer } from './test-answer.ts'
import { gathered } from '../transport/gathered.ts'
import { replay } from './replay.ts'
import { framesOfWs } from '../streams/frames.ts'
import { TestSocket } from './test-socket.ts'
import { TestStream } from './test-stream.ts'
import { TestRequest } from './test-request.ts'
import type { Trace } from './trace.ts'

export interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: unknown
  /** The client goes away then. */
  readonly leaveAfterMs?: number
}

export interface StreamAskOptions extends Omit<AskOptions, 'leaveAfterMs'> {
  /** GET where it is left out. */
  readonly method?: 'GET' | 'POST'
  /** Where the client was. */
  readonly lastEventId?: string
}

export interface SocketAskOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** Subprotocols that are offered. */
  readonly protocols?: readonly string[]
}

type Ask = (target: string, options?: AskOptions) => TestRequest

/** What a test of a gateway has beside the stubs of its backends. */
export interface Kit<Name extends string> extends AsyncDisposable {
  readonly get: Ask
  readonly head: Ask
  readonly post: Ask
  readonly put: Ask
  readonly patch: Ask
  readonly delete: Ask
  /** A stream: as events, where `accept` says nothing else. */
  stream(target: string, options?: StreamAskOptions): TestStream
  /** A WebSocket, also of a stream. */
  socket(target: string, options?: SocketAskOptions): TestSocket
  /**
   * Calls are answered as `portcullis composition record` has seen it, each by its path, parameters and body. What is
   * stubbed after it comes first. Throws where the folder has no fixtures; a call that is in none of them fails the test.
   */
  replay(folder: string): void
  /** Of the request that was begun last. */
  readonly trace: Trace<Name>
  readonly clock: Clock
}

/**
 * A gateway under test: in process, without sockets, its backends by stubs that are typed by their contracts, by a clock
 * that waits for nothing. Throws where a backend is called like something that the kit has itself.
 *
 * @example
 * await using t = await testGateway(gateway)
 * t.users.stub('GET /users/{id}', { id: '7', name: 'Ada' })
 * t.users.fail('GET /users/{id}/orders', { status: 503, afterMs: 2000 })
 * await t.get('/me/7/home').expect(200).partial(['orders']).json({ name: 'Ada', orders: [] })
 */
export async function testGateway<B extends Backends>(
  gateway: Gateway<B>,
  options: TestOptions<keyof B & string> = {},
): Promise<AllStubs<B> & Kit<CallNames<B>>> {
  const bench = new GatewayBench(gateway as unknown as Gateway, options)
  await addStubs(bench, options.contracts)
  // By the virtual clock nobody waits for what is loaded.
  if (hasSockets(gateway as unknown as Gateway)) await framesOfWs()
  return bench as unknown as AllStubs<B> & Kit<CallNames<B>>
}

const hasSockets = ({ backends, routes }: Gateway): boolean =>
  routes.some(({ kind }) => kind === 'stream' || kind === 'websocket') ||
  Object.values(backends).some(({ protocol }) => protocol === 'websocket')

class GatewayBench extends Bench implements Kit<string> {
  private readonly requests: TestRequest[] = []

  readonly get = this.ask('GET')
  readonly head = this.ask('HEAD')
  readonly post = this.ask('POST')
  readonly put = this.ask('PUT')
  readonly patch = this.ask('PATCH')
  readonly delete = this.ask('DELETE')

  stream(target: string, { method = 'GET', headers, lastEventId, body }: StreamAskOptions = {}): TestStream {
    const client = new AbortController()
    const request = this.request(method, target, client, {
      body,
      headers: {
        accept: 'text/event-stream',
        ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
        ...headers,
      },
    })
    this.begin(request)
    return new TestStream(this.engine.answer(request), work => this.during(work), client)
  }

  socket(target: string, { headers, protocols }: SocketAskOptions = {}): TestSocket {
    const client = new AbortController()
    const offered = protocols === undefined ? {} : { 'sec-websocket-protocol': protocols.join(', ') }
    const asked = this.request('GET', target, client, { headers: { ...offered, ...headers } })
    const request: GatewayRequest = { ...asked, upgrade: 'websocket' }
    this.begin(request)
    return new TestSocket(this.engine.answer(request), work => this.during(work), client, this.clock)
  }

  replay(folder: string): void {
    replay(folder, this.gateway.backends, this.transport)
  }

  /** Fails where what was expected of a request was never looked at, since nobody awaited it. */
  async [Symbol.asyncDispose](): Promise<void> {
    lookedAt(this.requests)
    await Promise.resolve()
  }

  private ask(method: string): Ask {
    return (target, options = {}) => {
      const request = new TestRequest(this.answer(method, target, options))
      this.requests.push(request)
      return request
    }
  }

  private async answer(
    method: string,
    target: string,
    { headers, body, leaveAfterMs }: AskOptions,
  ): Promise<TestAnswer> {
    const client = new AbortController()
    const stop = leaveAfterMs === undefined ? null : this.clock.after(leaveAfterMs, () => client.abort())
    const request = this.request(method, target, client, { ...(headers && { headers }), body })
    const course = this.begin(request)
    const answering = this.whole(request)
    const answer = await this.during(answering)
    stop?.()
    return new TestAnswer(answer, course.trace, course.mistakes)
  }

  private request(
    method: string,
    target: string,
    client: AbortController,
    { headers = {}, body }: AskOptions,
  ): GatewayRequest {
    return {
      method,
      target,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...lowerCased(headers) },
      body: body === undefined ? null : once(Buffer.from(JSON.stringify(body))),
      signal: client.signal,
    }
  }

  /** What streams is read to its end: by the virtual clock, as the rest is. */
  private async whole(request: GatewayRequest): Promise<WholeAnswer> {
    const { status, headers, body } = await this.engine.answer(request)
    return { status, headers, text: Buffer.from(await gathered(body)).toString('utf8') }
  }
}

// oxlint-disable-next-line typescript/require-await -- a body comes asynchronously, this one at once
async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content
}
