import { systemClock, type Clock } from '../../upstream/clock.ts'
import type { Backend, Backends, CallNames } from '../backends/backend.ts'
import { lowerCased } from '../backends/backend.ts'
import { Engine } from '../engine/engine.ts'
import type { GatewayRequest } from '../engine/messages.ts'
import type { Gateway } from '../routes/gateway.ts'
import { grpcStubsFor } from './grpc-stubs.ts'
import { StubTransport } from './stub-transport.ts'
import { stubsFor, type AllStubs, type Check } from './stubs.ts'
import { TestAnswer, type WholeAnswer } from './test-answer.ts'
import { gathered } from '../transport/gathered.ts'
import { replay } from './replay.ts'
import { framesOfWs } from '../streams/frames.ts'
import { socketStubsFor } from './stub-sockets.ts'
import { TestSocket } from './test-socket.ts'
import { TestStream } from './test-stream.ts'
import { TestRequest } from './test-request.ts'
import { Trace } from './trace.ts'
import { VirtualClock } from './virtual-clock.ts'

export interface TestOptions<Name extends string = string> {
  /** `virtual` where it is left out: what takes seconds takes none. `real` for routes that await what is no call. */
  readonly clock?: 'virtual' | 'real'
  /** OpenAPI documents of backends: answers of their stubs are held to them as they are given. */
  readonly contracts?: { readonly [N in Name]?: object }
}

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
  const bench = new Bench(gateway as unknown as Gateway, options)
  const contracts: Readonly<Record<string, object | undefined>> = options.contracts ?? {}
  for (const name of Object.keys(gateway.backends)) {
    if (name in bench || name === 'then')
      throw new TypeError(`a backend cannot be called "${name}" in a test: the kit has that itself`)
    const stubs = await stubsOf(name, gateway.backends[name]!, bench.transport, contracts[name])
    Object.defineProperty(bench, name, { value: stubs, enumerable: true })
  }
  // By the virtual clock nobody waits for what is loaded.
  if (hasSockets(gateway as unknown as Gateway)) await framesOfWs()
  return bench as unknown as AllStubs<B> & Kit<CallNames<B>>
}

async function stubsOf(
  name: string,
  backend: Backend,
  transport: StubTransport,
  contract: object | undefined,
): Promise<unknown> {
  if (backend.grpc !== undefined) return grpcStubsFor(name, backend.grpc.service, transport)
  if (backend.socket !== undefined) return socketStubsFor(name, backend, transport)
  return stubsFor(name, transport, await checkOf(contract))
}

const hasSockets = ({ backends, routes }: Gateway): boolean =>
  routes.some(({ kind }) => kind === 'stream' || kind === 'websocket') ||
  Object.values(backends).some(({ protocol }) => protocol === 'websocket')

/** Loaded by tests that ask for it: a validator takes longer to load than all else. */
async function checkOf(document: object | undefined): Promise<Check | null> {
  if (document === undefined) return null
  const { ContractCheck } = await import('./contract-check.ts')
  const contract = new ContractCheck(document)
  return (call, given) => contract.check(call, given)
}

interface Course {
  readonly trace: Trace
  readonly mistakes: unknown[]
}

class Bench implements Kit<string> {
  readonly clock: Clock
  readonly transport: StubTransport
  trace = new Trace()
  private readonly gateway: Gateway
  private readonly virtual: VirtualClock | null
  private readonly engine: Engine
  private readonly courses = new WeakMap<GatewayRequest, Course>()
  private readonly requests: TestRequest[] = []

  constructor(gateway: Gateway, { clock = 'virtual' }: TestOptions) {
    this.gateway = gateway
    this.virtual = clock === 'virtual' ? new VirtualClock() : null
    this.clock = this.virtual ?? systemClock
    this.transport = new StubTransport(this.clock)
    this.engine = new Engine(gateway, {
      transport: this.transport,
      clock: this.clock,
      // Half of all chances: a test must not depend on one.
      random: () => 0.5,
      observer: {
        called: (record, request) => this.traceOf(request).began(record),
        ended: (record, request) => this.traceOf(request).ended(record),
        mistaken: (error, request) => this.courses.get(request)?.mistakes.push(error),
      },
    })
  }

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
    this.courses.set(request, { trace: (this.trace = new Trace()), mistakes: [] })
    return new TestStream(this.engine.answer(request), work => this.during(work), client)
  }

  socket(target: string, { headers, protocols }: SocketAskOptions = {}): TestSocket {
    const client = new AbortController()
    const offered = protocols === undefined ? {} : { 'sec-websocket-protocol': protocols.join(', ') }
    const asked = this.request('GET', target, client, { headers: { ...offered, ...headers } })
    const request: GatewayRequest = { ...asked, upgrade: 'websocket' }
    this.courses.set(request, { trace: (this.trace = new Trace()), mistakes: [] })
    return new TestSocket(this.engine.answer(request), work => this.during(work), client, this.clock)
  }

  replay(folder: string): void {
    replay(folder, this.gateway.backends, this.transport)
  }

  /** Fails where what was expected of a request was never looked at, since nobody awaited it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const unseen = this.requests.filter(request => request.unseen).length
    if (unseen > 0) throw new Error(`${unseen} requests of the test were not awaited: nothing was looked at`)
    await Promise.resolve()
  }

  /** Of what is for many, it is that of whoever came last. */
  private traceOf(request: GatewayRequest): Trace {
    return this.courses.get(request)?.trace ?? this.trace
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
    const course: Course = { trace: (this.trace = new Trace()), mistakes: [] }
    this.courses.set(request, course)
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

  /** By the virtual clock, where there is one. Fails where a stub was missing, or broke its contract. */
  private async during<T>(work: Promise<T>): Promise<T> {
    const result = await (this.virtual?.during(work) ?? work)
    if (this.transport.missing.size > 0) throw new Error(this.transport.missingText)
    const [broken] = this.transport.broken
    if (broken !== undefined) throw broken
    return result
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
