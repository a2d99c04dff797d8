// What the suite and the programs that it starts say to one another: messages of protobuf, each behind its length.
import { create, fromBinary, toBinary, type DescMessage, type Message } from '@bufbuild/protobuf'
import { join } from 'node:path'
import { registryOfProtos } from '../../../src/composition/grpc/descriptors.ts'

/** The folder of the suite's own .proto files. */
export const protos: string = join(process.env['CONNECT_CONFORMANCE'] ?? '', 'proto')

const registry = registryOfProtos(['connectrpc/conformance/v1/server_compat.proto'], [protos])
const schema = (name: string): DescMessage => registry.getMessage(`connectrpc.conformance.v1.${name}`)!

/** What the server is to be. */
export interface ServerRequest {
  /** 1 is Connect, 2 gRPC, 3 gRPC-Web. */
  readonly protocol: number
  readonly httpVersion: number
  readonly useTls: boolean
  /** In PEM, of whom clients are to be; empty where they need none. */
  readonly clientTlsCert: Uint8Array
  /** In bytes; 0 is none. */
  readonly messageReceiveLimit: number
  readonly serverCreds?: { readonly cert: Uint8Array; readonly key: Uint8Array }
}

export interface ServerResponse {
  readonly host: string
  readonly port: number
  readonly pemCert?: Uint8Array
}

export const readRequest = (bytes: Uint8Array): ServerRequest =>
  fromBinary(schema('ServerCompatRequest'), bytes) as Message & ServerRequest

export const requestBytes = (request: Partial<ServerRequest>): Uint8Array =>
  written('ServerCompatRequest', { ...request })

export const readResponse = (bytes: Uint8Array): ServerResponse =>
  fromBinary(schema('ServerCompatResponse'), bytes) as Message & ServerResponse

export const responseBytes = (response: ServerResponse): Uint8Array =>
  written('ServerCompatResponse', { ...response })

const written = (name: string, members: Record<string, unknown>): Uint8Array =>
  toBinary(schema(name), create(schema(name), members))

/** The first message of a stream. */
export async function firstMessage(stream: AsyncIterable<Buffer>): Promise<Uint8Array> {
  let held = Buffer.alloc(0)
  for await (const chunk of stream) {
    held = Buffer.concat([held, chunk])
    if (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0))
      return held.subarray(4, 4 + held.readUInt32BE(0))
  }
  throw new Error('the stream ended before its first message')
}

/** Behind its length. */
export function framed(message: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(message.length)
  return Buffer.concat([length, message])
}
