import type { DescMethod, Message } from '@bufbuild/protobuf'
import { writeTimeout } from '../../http/grpc/timeout.ts'
import type { Call } from '../calls/call.ts'
import { CallFailure } from '../calls/failure.ts'
import type * as Codec from '../grpc/codec.ts'
import { answerReading, messageEnvelope, messagesOf } from '../grpc/envelopes.ts'
import { Metadata, metadataFields } from '../grpc/metadata.ts'
import { checkHead, checkStatus, isEmptyStream } from '../grpc/status.ts'
import { basePathOf } from '../transport/base-path.ts'
import type { BackendAnswer, BackendRequest } from '../transport/transport.ts'
import type { Backend, GrpcDeclaration } from './backend.ts'
import type { CallSite } from './call-site.ts'
import type { GrpcOptions, Sent } from './grpc.ts'
import { fieldsFor } from './request-text.ts'
import { CallStream, endUnbegun } from './streamed-call.ts'
import { trackedCall, type RunningCall } from './tracked-call.ts'

let codec: typeof Codec | undefined

/** Loaded with the first call: who composes APIs of HTTP need not wait for protobuf. */
const loadCodec = async (): Promise<typeof Codec> => (codec ??= await import('../grpc/codec.ts'))

const clients = new WeakMap<Backend, new (name: string, site: CallSite) => object>()

/** What a route calls as `c.NAME` of a backend of gRPC, for one request: a method for each of the service. */
export function grpcClient(name: string, backend: Backend, site: CallSite): object {
  let Client = clients.get(backend)
  if (Client === undefined) {
    Client = clientClass(backend, backend.grpc!)
    clients.set(backend, Client)
  }
  return new Client(name, site)
}

/** A service may have methods of any name. */
const NAME = Symbol('name')
const SITE = Symbol('site')

/** Made once for a backend, not for each request: a service may have a hundred methods. */
function clientClass(
  backend: Backend,
  declaration: GrpcDeclaration,
): new (name: string, site: CallSite) => object {
  class Client {
    readonly [NAME]: string
    readonly [SITE]: CallSite

    constructor(name: string, site: CallSite) {
      this[NAME] = name
      this[SITE] = site
    }
  }
  for (const method of declaration.service.methods) {
    const calls = new MethodCalls(backend, declaration, method)
    Object.defineProperty(Client.prototype, method.localName, {
      value(this: Client, given: unknown, options: GrpcOptions = {}) {
        return calls.begin(this[NAME], this[SITE], given, options)
      },
    })
  }
  return Client
}

/** The calls of one method. */
class MethodCalls {
  private readonly backend: Backend
  private readonly declaration: GrpcDeclaration
  private readonly method: DescMethod
  private readonly target: string
  /** Whether there may be any number of messages in an answer. */
  private readonly streams: boolean

  constructor(backend: Backend, declaration: GrpcDeclaration, method: DescMethod) {
    this.backend = backend
    this.declaration = declaration
    this.method = method
    this.streams = method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming'
    this.target = `${basePathOf(backend.url)}/${method.parent.typeName}/${method.name}`
  }

  begin(
    backend: string,
    site: CallSite,
    given: unknown,
    options: GrpcOptions,
  ): Call<Message> | CallStream<Message> {
    const name = `${backend} ${this.method.localName}`
    const { timeoutMs } = this.backend
    if (!this.streams)
      return trackedCall(site, name, Math.min(timeoutMs, options.timeoutMs ?? Infinity), async call =>
        this.whole(call, await this.ask(backend, site, call, given, options), options),
      )
    return new CallStream(site, name, options.timeoutMs ?? Infinity, async call => {
      const stop = endUnbegun(call, site, timeoutMs)
      try {
        const answer = await this.ask(backend, site, call, given, options)
        return this.read(call, answer, options)
      } finally {
        stop()
      }
    })
  }

  /** The head of an answer that will have messages. */
  private async ask(
    backend: string,
    site: CallSite,
    call: RunningCall,
    given: unknown,
    options: GrpcOptions,
  ): Promise<BackendAnswer> {
    const { encode } = codec ?? (await loadCodec())
    const { methodKind, input } = this.method
    const framed = (one: unknown) => messageEnvelope(encode(input, one), this.declaration.gzip)
    const body =
      methodKind === 'unary' || methodKind === 'server_streaming'
        ? await framed(given)
        : sending(call, given as Sent<unknown>, framed)
    const answer = await site.transport.send(this.requestFor(backend, site, call, body, options))
    call.record.status = answer.status
    await checkHead(answer, call.name, this.method.parent.file, this.streams)
    options.onHead?.(new Metadata(answer.headers))
    return answer
  }

  private requestFor(
    backend: string,
    site: CallSite,
    call: RunningCall,
    body: BackendRequest['body'],
    options: GrpcOptions,
  ): BackendRequest {
    const { url, retry } = this.backend
    return {
      backend,
      url,
      call: call.name,
      protocol: 'h2',
      method: 'POST',
      target: this.target,
      headers: this.headersFor(site, call, options),
      body,
      signal: call.signal,
      deadlineMs: call.deadlineMs,
      retry,
      repeatable: options.idempotent ?? this.declaration.idempotent.has(this.method.localName),
      streams: this.streams,
      client: site.client,
      holding: site.request.holding,
      record: call.record,
    }
  }

  private headersFor(site: CallSite, call: RunningCall, options: GrpcOptions): Record<string, string> {
    const fields = fieldsFor(this.backend, site, {})
    if (options.metadata !== undefined) Object.assign(fields, metadataFields(options.metadata))
    fields['content-type'] = 'application/grpc+proto'
    fields['te'] = 'trailers'
    fields['grpc-accept-encoding'] = 'gzip'
    if (this.declaration.gzip) fields['grpc-encoding'] = 'gzip'
    const leftMs = call.deadlineMs - site.request.clock.now()
    if (leftMs !== Infinity) fields['grpc-timeout'] = writeTimeout(leftMs)
    return fields
  }

  /** The one message of an answer that does not stream. */
  private async whole(call: RunningCall, answer: BackendAnswer, options: GrpcOptions): Promise<Message> {
    let found: Message | null = null
    for await (const message of this.read(call, answer, options)) {
      if (found !== null) throw new CallFailure('backend_response_invalid', call.name, 'it has two messages')
      found = message
    }
    if (found === null) throw new CallFailure('backend_response_invalid', call.name, 'it has no message')
    return found
  }

  /** Its messages; fails behind them where its status is not OK. */
  private async *read(
    call: RunningCall,
    { headers, body }: BackendAnswer,
    options: GrpcOptions,
  ): AsyncGenerator<Message, void> {
    const { limitBytes } = this.backend
    if (isEmptyStream(headers)) return options.onTrailers?.(new Metadata(headers))
    for await (const bytes of messagesOf(
      body,
      answerReading(call.name, headers['grpc-encoding'], limitBytes),
    ))
      yield codec!.decode(this.method.output, bytes, call.name)
    const trailers = body.trailers ?? {}
    options.onTrailers?.(new Metadata(trailers))
    await checkStatus(trailers, headers, call.name, this.method.parent.file)
  }
}

/** Messages as they are to be had, each when the one before it has been taken. Where they cannot be had, the call fails. */
async function* sending(
  call: RunningCall,
  given: Sent<unknown>,
  framed: (message: unknown) => Promise<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const one of given) yield await framed(one)
  } catch (cause) {
    call.cancel(new CallFailure('cancelled', call.name, 'what it was to send cannot be had', { cause }))
    throw cause
  }
}
