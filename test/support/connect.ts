import { create, createFileRegistry, fromBinary, type Message } from '@bufbuild/protobuf'
import type { GenMessage, GenService } from '@bufbuild/protobuf/codegenv2'
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { createClient, type Client, type Transport } from '@connectrpc/connect'
import { definitions } from './grpc.ts'

type Desc = GenMessage<
  Message<'test.Message'> & { readonly text: string; readonly data: Uint8Array; readonly count: number }
>

/** echo.proto for Connect, which otherwise generates code. */
export type EchoService = GenService<{
  unary: { methodKind: 'unary'; input: Desc; output: Desc }
  collect: { methodKind: 'client_streaming'; input: Desc; output: Desc }
  spread: { methodKind: 'server_streaming'; input: Desc; output: Desc }
  chat: { methodKind: 'bidi_streaming'; input: Desc; output: Desc }
}>

export const echoService: EchoService = load()

function load(): EchoService {
  const loaded = definitions['test.Message']
  const protos = loaded !== undefined && 'fileDescriptorProtos' in loaded && loaded.fileDescriptorProtos
  if (!Array.isArray(protos)) throw new Error('no descriptors')
  const file = protos.map(bytes => fromBinary(FileDescriptorProtoSchema, bytes))
  const service = createFileRegistry(create(FileDescriptorSetSchema, { file })).getService('test.Echo')
  return service as unknown as EchoService
}

export function connectClient(transport: Transport): Client<EchoService> {
  return createClient(echoService, transport)
}
