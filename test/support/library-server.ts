import {
  Server,
  ServerCredentials,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { fromBinary, fromJson, toBinary, toJson, type DescMessage, type JsonValue } from '@bufbuild/protobuf'
import { library } from './library.ts'

type Json = Readonly<Record<string, JsonValue>>

/** What answers the methods of library.proto; messages are their JSON. */
export interface LibraryHandlers {
  readonly GetBook?: handleUnaryCall<Json, Json>
  readonly ListBooks?: handleUnaryCall<Json, Json>
  readonly CreateBook?: handleUnaryCall<Json, Json>
  readonly UpdateBook?: handleUnaryCall<Json, Json>
  readonly TagBook?: handleUnaryCall<Json, Json>
  readonly MoveBook?: handleUnaryCall<Json, Json>
  readonly DeleteBook?: handleUnaryCall<Json, Json>
  readonly GetCover?: handleUnaryCall<Json, Json>
  readonly PutCover?: handleUnaryCall<Json, Json>
  readonly WatchBooks?: handleServerStreamingCall<Json, Json>
  readonly Download?: handleServerStreamingCall<Json, Json>
  readonly ImportBooks?: handleClientStreamingCall<Json, Json>
  readonly Discuss?: handleBidiStreamingCall<Json, Json>
}

const service = library.getService('library.Library')!

const reads = (schema: DescMessage) => (bytes: Buffer) =>
  toJson(schema, fromBinary(schema, bytes), { registry: library })
const writes = (schema: DescMessage) => (json: JsonValue) =>
  Buffer.from(toBinary(schema, fromJson(schema, json, { registry: library })))

const definition: ServiceDefinition = Object.fromEntries(
  service.methods.map(({ name, input, output, methodKind }) => [
    name,
    {
      path: `/library.Library/${name}`,
      requestStream: methodKind === 'client_streaming' || methodKind === 'bidi_streaming',
      responseStream: methodKind === 'server_streaming' || methodKind === 'bidi_streaming',
      requestSerialize: writes(input),
      requestDeserialize: reads(input),
      responseSerialize: writes(output),
      responseDeserialize: reads(output),
    },
  ]),
)

/** A server of @grpc/grpc-js that has these methods of library.proto. */
export class LibraryServer implements AsyncDisposable {
  readonly url: string
  private readonly server: Server

  private constructor(server: Server, port: number) {
    this.server = server
    this.url = `http://127.0.0.1:${port}`
  }

  static async start(handlers: LibraryHandlers): Promise<LibraryServer> {
    const server = new Server()
    server.addService(definition, handlers as UntypedServiceImplementation)
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, chosen) => {
        if (error === null) resolve(chosen)
        else reject(error)
      })
    })
    return new LibraryServer(server, port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.forceShutdown()
    await Promise.resolve()
  }
}
