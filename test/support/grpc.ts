import { fileURLToPath } from 'node:url'
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type CallOptions,
  type ChannelCredentials,
  type ClientDuplexStream,
  type ClientOptions,
  type ClientReadableStream,
  type ClientWritableStream,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type MethodDefinition,
  type ServerOptions,
  type ServiceDefinition,
  type ServiceError,
  type StatusObject,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

/** What echo.proto calls Message; what is left out is empty. */
export interface Message {
  readonly text: string
  readonly data: Buffer
  readonly count: number
}

export type Sent = Partial<Message>

const path = fileURLToPath(new URL('echo.proto', import.meta.url))
/** As @grpc/proto-loader reads it. */
export const definitions = loadSync(path, { defaults: true })

type Method = MethodDefinition<Sent, Message>
const service = definitions['test.Echo'] as unknown as Readonly<
  Record<'Unary' | 'Collect' | 'Spread' | 'Chat', Method>
>

export interface Handlers {
  readonly Unary: handleUnaryCall<Message, Sent>
  readonly Collect: handleClientStreamingCall<Message, Sent>
  readonly Spread: handleServerStreamingCall<Message, Sent>
  readonly Chat: handleBidiStreamingCall<Message, Sent>
}

/** Messages come back: the same, all of them as one, one so many times, and one for each. */
const echo: Handlers = {
  Unary(call, answer) {
    const trailers = new Metadata()
    for (const [name, value] of Object.entries(call.metadata.getMap()))
      if (name.startsWith('x-test')) trailers.set(name, value)
    call.sendMetadata(trailers)
    answer(null, call.request, trailers)
  },
  Collect(call, answer) {
    const texts: string[] = []
    let bytes = 0
    call.on('data', ({ text, data }: Message) => {
      texts.push(text)
      bytes += data.length
    })
    call.on('end', () => answer(null, { text: texts.join(), count: bytes }))
  },
  Spread(call) {
    const { text, count } = call.request
    for (let i = 0; i < count; i++) call.write({ text: `${text}${i}` })
    call.end()
  },
  Chat(call) {
    call.on('data', (message: Message) => call.write(message))
    call.on('end', () => call.end())
  },
}

/** A server of @grpc/grpc-js on port 0 of 127.0.0.1; what is not handled otherwise is an echo. */
export class EchoServer implements AsyncDisposable {
  readonly server: Server
  readonly port: number

  private constructor(server: Server, port: number) {
    this.server = server
    this.port = port
  }

  static async start(
    handlers: Partial<Handlers> = {},
    options: ServerOptions & { readonly port?: number; readonly secure?: ServerCredentials } = {},
  ): Promise<EchoServer> {
    const { port = 0, secure = ServerCredentials.createInsecure(), ...more } = options
    const server = new Server({ 'grpc.max_receive_message_length': -1, ...more })
    server.addService(service as unknown as ServiceDefinition, { ...echo, ...handlers })
    const bound = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${port}`, secure, (error, chosen) => {
        if (error === null) resolve(chosen)
        else reject(error)
      })
    })
    return new EchoServer(server, bound)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.forceShutdown()
    await Promise.resolve()
  }
}

/** What a call came to, whatever that is. */
export interface Outcome {
  readonly code: number
  readonly details: string
  /** null where the call failed. */
  readonly message: Message | null
  readonly head: Metadata | null
  readonly trailers: Metadata
}

export interface CallMore {
  readonly metadata?: Readonly<Record<string, string | Buffer>>
  readonly deadlineMs?: number
}

/** A client of @grpc/grpc-js, on one connection of its own. */
export class EchoClient implements Disposable {
  private readonly client: Client

  constructor(
    port: number,
    secure: ChannelCredentials = credentials.createInsecure(),
    options: ClientOptions = {},
  ) {
    this.client = new Client(`127.0.0.1:${port}`, secure, {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
      // Whoever retries hides what the gateway answered.
      'grpc.enable_retries': 0,
      ...options,
    })
  }

  unary(message: Sent, more: CallMore = {}): Promise<Outcome> {
    const { path: name, requestSerialize, responseDeserialize } = service.Unary
    return new Promise(resolve => {
      let head: Metadata | null = null
      let reply: Message | null = null
      const call = this.client.makeUnaryRequest(
        name,
        requestSerialize,
        responseDeserialize,
        message,
        metadataOf(more),
        optionsOf(more),
        (_error: ServiceError | null, value?: Message) => {
          reply = value ?? null
        },
      )
      call.on('metadata', (metadata: Metadata) => (head = metadata))
      call.on('status', ({ code, details, metadata }: StatusObject) =>
        resolve({ code, details, message: reply, head, trailers: metadata }),
      )
    })
  }

  /** Resolves with the one reply, rejects with the status. */
  collect(more: CallMore = {}): {
    readonly call: ClientWritableStream<Sent>
    readonly reply: Promise<Message>
  } {
    const { path: name, requestSerialize, responseDeserialize } = service.Collect
    const { promise, resolve, reject } = Promise.withResolvers<Message>()
    const call = this.client.makeClientStreamRequest(
      name,
      requestSerialize,
      responseDeserialize,
      metadataOf(more),
      optionsOf(more),
      (error: ServiceError | null, value?: Message) => {
        if (value === undefined) reject(error ?? new Error('neither reply nor error'))
        else resolve(value)
      },
    )
    return { call, reply: promise }
  }

  spread(message: Sent, more: CallMore = {}): ClientReadableStream<Message> {
    const { path: name, requestSerialize, responseDeserialize } = service.Spread
    return this.client.makeServerStreamRequest(
      name,
      requestSerialize,
      responseDeserialize,
      message,
      metadataOf(more),
      optionsOf(more),
    )
  }

  chat(more: CallMore = {}): ClientDuplexStream<Sent, Message> {
    const { path: name, requestSerialize, responseDeserialize } = service.Chat
    return this.client.makeBidiStreamRequest(
      name,
      requestSerialize,
      responseDeserialize,
      metadataOf(more),
      optionsOf(more),
    )
  }

  [Symbol.dispose](): void {
    this.client.close()
  }
}

function metadataOf({ metadata = {} }: CallMore): Metadata {
  const made = new Metadata()
  for (const [name, value] of Object.entries(metadata)) made.set(name, value)
  return made
}

function optionsOf({ deadlineMs }: CallMore): CallOptions {
  return deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs }
}

/** The status with which a streaming call ends. An error is one too, and no exception. */
export function statusOf(
  call: ClientReadableStream<Message> | ClientDuplexStream<Sent, Message>,
): Promise<StatusObject> {
  call.on('error', () => {})
  return new Promise(resolve => call.on('status', resolve))
}
