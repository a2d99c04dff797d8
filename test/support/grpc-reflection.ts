import { Server, ServerCredentials, type ServerDuplexStream, type ServiceDefinition } from '@grpc/grpc-js'
import { create, fromBinary, toBinary, type DescMessage } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema, type FileDescriptorProto } from '@bufbuild/protobuf/wkt'
import { compileProtos } from '../../src/composition/proto/compile.ts'

/** Of https://github.com/grpc/grpc/blob/master/src/proto/grpc/reflection/v1/reflection.proto what is asked here. */
const PROTO = `syntax = "proto3";
package grpc.reflection.v1;
message ServerReflectionRequest {
  string host = 1;
  oneof message_request { string file_by_filename = 3; string file_containing_symbol = 4; string list_services = 7; }
}
message ServerReflectionResponse {
  string valid_host = 1;
  ServerReflectionRequest original_request = 2;
  oneof message_response {
    FileDescriptorResponse file_descriptor_response = 4;
    ListServiceResponse list_services_response = 6;
    ErrorResponse error_response = 7;
  }
}
message FileDescriptorResponse { repeated bytes file_descriptor_proto = 1; }
message ListServiceResponse { repeated ServiceResponse service = 1; }
message ServiceResponse { string name = 1; }
message ErrorResponse { int32 error_code = 1; string error_message = 2; }
`

const types = compileProtos(['reflection.proto'], () => PROTO)
const Request = types.getMessage('grpc.reflection.v1.ServerReflectionRequest')!
const Response = types.getMessage('grpc.reflection.v1.ServerReflectionResponse')!

interface Asked {
  readonly messageRequest: { readonly case: string; readonly value: string }
}

const codec = (schema: DescMessage) => ({
  serialize: (value: unknown) => Buffer.from(toBinary(schema, create(schema, value as never))),
  deserialize: (bytes: Buffer) => fromBinary(schema, bytes),
})

/** A server of @grpc/grpc-js that says what these files offer, one file at a time, and offers nothing itself. */
export class ReflectingServer implements AsyncDisposable {
  private readonly server: Server
  readonly port: number

  private constructor(server: Server, port: number) {
    this.server = server
    this.port = port
  }

  static async start(
    files: readonly FileDescriptorProto[],
    version: 'v1' | 'v1alpha',
  ): Promise<ReflectingServer> {
    const server = new Server()
    const definition = {
      ServerReflectionInfo: {
        path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
        requestStream: true,
        responseStream: true,
        requestSerialize: codec(Request).serialize,
        requestDeserialize: codec(Request).deserialize,
        responseSerialize: codec(Response).serialize,
        responseDeserialize: codec(Response).deserialize,
      },
    } as unknown as ServiceDefinition
    server.addService(definition, {
      ServerReflectionInfo(call: ServerDuplexStream<Asked, unknown>) {
        call.on('data', ({ messageRequest }: Asked) => {
          call.write({ messageResponse: answerTo(messageRequest, files) })
        })
        call.on('end', () => call.end())
      },
    })
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound)
        else reject(error)
      })
    })
    return new ReflectingServer(server, port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.forceShutdown()
    await Promise.resolve()
  }
}

function answerTo(
  { case: what, value }: Asked['messageRequest'],
  files: readonly FileDescriptorProto[],
): object {
  if (what === 'listServices') {
    const service = files.flatMap(file =>
      file.service.map(({ name }) => ({ name: `${file.package}.${name}` })),
    )
    return { case: 'listServicesResponse', value: { service } }
  }
  const found = files.find(file =>
    what === 'fileByFilename'
      ? file.name === value
      : file.service.some(({ name }) => `${file.package}.${name}` === value),
  )
  if (found === undefined)
    return { case: 'errorResponse', value: { errorCode: 5, errorMessage: 'not found' } }
  const bytes = toBinary(FileDescriptorProtoSchema, found)
  return { case: 'fileDescriptorResponse', value: { fileDescriptorProto: [bytes] } }
}
