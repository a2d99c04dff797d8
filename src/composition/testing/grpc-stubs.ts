import type {
  JsonValue,
  DescMessage,
  DescMethod,
  DescService,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf'
import type { FailureName } from '../../http/failures.ts'
import { percentEncode } from '../../http/grpc/answer.ts'
import { CallFailure } from '../calls/failure.ts'
import { codeNumber, type GrpcCode } from '../grpc/codes.ts'
import { answerReading, envelope, messagesOf } from '../grpc/envelopes.ts'
import { Metadata } from '../grpc/metadata.ts'
import { gathered } from '../transport/gathered.ts'
import type { AnswerBody, BackendAnswer, BackendRequest } from '../transport/transport.ts'
import { GrpcError, type StubDetail } from './grpc-error.ts'
import type { StubOptions } from './stub-options.ts'
import type { StubTransport } from './stub-transport.ts'

/** What a stub is told beside messages. */
export interface StubCall {
  readonly metadata: Metadata
  /** By the clock of the test; fails when the call is cancelled. */
  wait(ms: number): Promise<void>
}

/** How a service fails: by a code, by its connection, or else it says nothing until the call's deadline. */
export interface GrpcFault extends StubOptions {
  readonly code?: GrpcCode
  readonly message?: string
  /** By their JSON: `{ type: 'google.rpc.BadRequest', value: { fieldViolations: [] } }`. */
  readonly details?: readonly StubDetail[]
  /** The connection ends, after `afterMs`. */
  readonly reset?: true
  /** There is nobody to connect to. */
  readonly refused?: true
}

type Init<M> = M extends { readonly output: infer O extends DescMessage } ? MessageInitShape<O> : never
type Asked<M> = M extends { readonly input: infer I extends DescMessage } ? MessageShape<I> : never
type Given<T> = T extends { readonly methodKind: 'unary' | 'client_streaming' }
  ? Init<T>
  : AsyncIterable<Init<T>> | Iterable<Init<T>>
type Request<M> = M extends { readonly methodKind: 'unary' | 'server_streaming' }
  ? Asked<M>
  : AsyncIterable<Asked<M>>

/** A message (of a stream: messages), or what makes it of the request. */
type Stubbed<M> = Given<M> | ((request: Request<M>, call: StubCall) => Given<M> | Promise<Given<M>>)

/** The stubs of a service, typed by it. */
export interface GrpcStubs<S extends DescService> {
  stub<K extends keyof S['method'] & string>(
    method: K,
    answer: Stubbed<S['method'][K]>,
    options?: StubOptions,
  ): void
  fail(method: keyof S['method'] & string, fault: GrpcFault): void
}

type Answer = (request: unknown, call: StubCall) => unknown

export function grpcStubsFor(
  backend: string,
  service: DescService,
  transport: StubTransport,
): GrpcStubs<DescService> {
  const add = (name: string, { times = Infinity }: StubOptions, afterMs: number, answer: Answer) => {
    const method = service.methods.find(one => one.localName === name)
    if (method === undefined) throw new TypeError(`${service.typeName} has no method ${name}`)
    transport.add({
      call: `${backend} ${name}`,
      afterMs,
      left: times,
      answer: () => undefined,
      serve: request => new Serving(method, request, transport).answer(answer),
    })
  }
  return {
    stub(name, answer, options = {}) {
      const answered = typeof answer === 'function' ? (answer as Answer) : () => answer
      add(name, options, options.afterMs ?? 0, answered)
    },
    fail(name, fault) {
      const isSilent = fault.code === undefined && fault.reset !== true && fault.refused !== true
      add(name, fault, isSilent ? Infinity : (fault.afterMs ?? 0), () => {
        throw thrownBy(fault, `${backend} ${name}`)
      })
    },
  }
}

function thrownBy({ code, message = '', details = [], refused }: GrpcFault, call: string): Error {
  if (code !== undefined) return new GrpcError(code, message, details)
  const failure: FailureName = refused === true ? 'connection_refused' : 'connection_terminated'
  return new CallFailure(failure, call, 'by the test')
}

const isStream = ({ methodKind }: DescMethod): boolean =>
  methodKind === 'server_streaming' || methodKind === 'bidi_streaming'

const asksOnce = ({ methodKind }: DescMethod): boolean =>
  methodKind === 'unary' || methodKind === 'server_streaming'

/** One call as a server of gRPC serves it: through the bytes of its messages, so that what cannot be sent fails the test. */
class Serving {
  private readonly method: DescMethod
  private readonly request: BackendRequest
  private readonly transport: StubTransport

  constructor(method: DescMethod, request: BackendRequest, transport: StubTransport) {
    this.method = method
    this.request = request
    this.transport = transport
  }

  async answer(answer: Answer): Promise<BackendAnswer> {
    const { signal, headers } = this.request
    const call: StubCall = {
      metadata: new Metadata(headers),
      wait: ms => this.transport.pause(ms, signal),
    }
    try {
      const asked = await this.asked()
      const given = await answer(asked, call)
      const messages = isStream(this.method) ? (given as AsyncIterable<unknown>) : [given]
      const head = { 'content-type': 'application/grpc+proto' }
      return { status: 200, headers: head, body: new StubBody(this.request, this.frames(messages)) }
    } catch (error) {
      // What has no message is a status alone (Trailers-Only).
      return { status: 200, headers: await statusOf(error), body: new StubBody(this.request, nothing()) }
    }
  }

  private async asked(): Promise<unknown> {
    const { decode } = await import('../grpc/codec.ts')
    const { body, call } = this.request
    const { input } = this.method
    const bytes = body instanceof Uint8Array ? once(body) : (body ?? nothing())
    const messages = (async function* () {
      for await (const one of messagesOf(bytes, answerReading(call, 'gzip', Infinity)))
        yield decode(input, one, call)
    })()
    return asksOnce(this.method) ? (await messages.next()).value : messages
  }

  private async *frames(
    messages: AsyncIterable<unknown> | Iterable<unknown>,
  ): AsyncGenerator<Uint8Array, Fields> {
    const { encode } = await import('../grpc/codec.ts')
    try {
      for await (const one of messages) {
        let bytes!: Uint8Array
        this.transport.hold(() => (bytes = encode(this.method.output, one)))
        yield envelope(0, bytes)
      }
      return { 'grpc-status': '0' }
    } catch (error) {
      return await statusOf(error)
    }
  }
}

type Fields = Readonly<Record<string, string>>

// oxlint-disable-next-line typescript/require-await -- a body comes asynchronously, this one at once
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, Fields> {
  yield bytes
  return {}
}

// oxlint-disable-next-line typescript/require-await, require-yield -- as above
async function* nothing(): AsyncGenerator<Uint8Array, Fields> {
  return {}
}

/** Throws again what is no status. */
async function statusOf(error: unknown): Promise<Fields> {
  if (!(error instanceof GrpcError)) throw error
  const code = codeNumber(error.code)
  const fields: Record<string, string> = {
    'content-type': 'application/grpc+proto',
    'grpc-status': String(code),
    'grpc-message': percentEncode(error.message),
  }
  if (error.details.length > 0) {
    const { packedDetail, statusBytes } = await import('../grpc/details.ts')
    const details = error.details.map(({ type, value }) => packedDetail(type, value as JsonValue))
    const bytes = statusBytes(code, error.message, details)
    fields['grpc-status-details-bin'] = Buffer.from(bytes).toString('base64')
  }
  return fields
}

/** Frames, and behind them the status. It ends when its call does. */
class StubBody implements AnswerBody {
  trailers: Fields = {}
  private readonly request: BackendRequest
  private readonly frames: AsyncGenerator<Uint8Array, Fields>

  constructor(request: BackendRequest, frames: AsyncGenerator<Uint8Array, Fields>) {
    this.request = request
    this.frames = frames
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const { signal } = this.request
    const stopped = Promise.withResolvers<never>()
    stopped.promise.catch(() => undefined)
    const abort = () => stopped.reject(signal.reason as CallFailure)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    try {
      for (;;) {
        const { done, value } = await Promise.race([this.frames.next(), stopped.promise])
        if (done === true) return void (this.trailers = value)
        yield value
      }
    } finally {
      signal.removeEventListener('abort', abort)
      this.cancel()
    }
  }

  bytes(): Promise<Uint8Array> {
    return gathered(this)
  }

  cancel(): void {
    void this.frames.return({}).catch(() => undefined)
  }
}
