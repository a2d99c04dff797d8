import { fromBinary, toBinary, create, type DescMessage, type FileRegistry } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema, type FileDescriptorProto } from '@bufbuild/protobuf/wkt'
import { CallFailure } from '../calls/failure.ts'
import { compileProtos } from '../proto/compile.ts'
import { basePathOf } from '../transport/base-path.ts'
import type { BackendRequest, Transport } from '../transport/transport.ts'
import { registryOfFiles } from './descriptors.ts'
import { answerReading, envelope, messagesOf } from './envelopes.ts'
import { metadataFields, type MetadataInit } from './metadata.ts'
import { checkHead, checkStatus } from './status.ts'

const PROTO = `syntax = "proto3";
package reflection;
message Request {
  string file_by_filename = 3;
  string file_containing_symbol = 4;
  optional string list_services = 7;
}
message Response {
  Files files = 4;
  Services services = 6;
  Error error = 7;
}
message Files { repeated bytes file = 1; }
message Services { repeated Service service = 1; }
message Service { string name = 1; }
message Error { int32 code = 1; string message = 2; }
`

/** What is asked, and what is answered, of either version. */
export function reflectionTypes(): { readonly Request: DescMessage; readonly Response: DescMessage } {
  const types = compileProtos(['reflection.proto'], () => PROTO)
  return {
    Request: types.getMessage('reflection.Request')!,
    Response: types.getMessage('reflection.Response')!,
  }
}

/** The path of the method of a version. */
export const reflectionPath = (version: string): string =>
  `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`

/** grpc.reflection.v1, and what it was called before. */
export const REFLECTION_VERSIONS = ['v1', 'v1alpha'] as const
/** Far more than any service has; a descriptor may be long. */
const LIMIT_BYTES = 64 * 1024 * 1024

interface Response {
  readonly files?: { readonly file: readonly Uint8Array[] }
  readonly services?: { readonly service: readonly { readonly name: string }[] }
  readonly error?: { readonly code: number; readonly message: string }
}

export interface ReflectionSettings {
  /** The name of the backend, which the transport finds it by, and where it is. */
  readonly backend: string
  readonly url: URL
  readonly metadata?: MetadataInit
  readonly signal: AbortSignal
  /** By the clock of the transport. */
  readonly deadlineMs: number
}

/**
 * What a server offers, as it says itself (grpc.reflection.v1, or v1alpha where that is not there): all its services but
 * those of reflection. Throws a CallFailure where it does not tell, or cannot be reached.
 */
export async function registryOfServer(
  transport: Transport,
  settings: ReflectionSettings,
): Promise<FileRegistry> {
  for (const version of REFLECTION_VERSIONS) {
    try {
      return await new Reflection(transport, settings, version).registry()
    } catch (error) {
      const isMissing = error instanceof CallFailure && error.answer?.grpc?.code === 'unimplemented'
      if (!isMissing || version === REFLECTION_VERSIONS.at(-1)) throw error
    }
  }
  throw new Error('unreachable')
}

class Reflection {
  private readonly transport: Transport
  private readonly settings: ReflectionSettings
  private readonly target: string
  private readonly call: string
  private readonly types = reflectionTypes()

  constructor(transport: Transport, settings: ReflectionSettings, version: string) {
    this.transport = transport
    this.settings = settings
    this.target = `${basePathOf(settings.url)}${reflectionPath(version)}`
    this.call = `${settings.backend} reflection`
  }

  async registry(): Promise<FileRegistry> {
    const { services } = await this.ask({ listServices: '' })
    const names = (services?.service ?? [])
      .map(({ name }) => name)
      .filter(name => !name.startsWith('grpc.reflection.'))
    const files = new Map<string, FileDescriptorProto>()
    for (const name of names) this.add(files, await this.ask({ fileContainingSymbol: name }))
    // Servers may give a file's imports with it, or have them asked for one by one.
    for (const file of files.values())
      for (const name of file.dependency) if (!files.has(name)) await this.addImport(files, name)
    return registryOfFiles([...files.values()])
  }

  /** One that the server does not have may be of the language itself; that it is not is found where the files are put together. */
  private async addImport(files: Map<string, FileDescriptorProto>, name: string): Promise<void> {
    try {
      this.add(files, await this.ask({ fileByFilename: name }))
    } catch (error) {
      if (!(error instanceof CallFailure) || error.failure !== 'backend_response_invalid') throw error
    }
  }

  private add(into: Map<string, FileDescriptorProto>, { files }: Response): void {
    for (const bytes of files?.file ?? []) {
      const file = fromBinary(FileDescriptorProtoSchema, bytes)
      into.set(file.name, file)
    }
  }

  /** A stream of its own for each question: servers end it with what they were asked. */
  private async ask(request: object): Promise<Response> {
    const { transport, call, types } = this
    const { Request, Response } = types
    const { file } = Request
    const answer = await transport.send(
      this.requestFor(envelope(0, toBinary(Request, create(Request, request as never)))),
    )
    await checkHead(answer, call, file)
    const reading = answerReading(call, answer.headers['grpc-encoding'], LIMIT_BYTES)
    let response: Response | null = null
    for await (const bytes of messagesOf(answer.body, reading))
      response = fromBinary(Response, bytes) as unknown as Response
    await checkStatus(answer.body.trailers ?? {}, answer.headers, call, file)
    if (response === null || response.error !== undefined)
      throw new CallFailure('backend_response_invalid', call, response?.error?.message ?? 'it has no message')
    return response
  }

  private requestFor(body: Uint8Array): BackendRequest {
    const { backend, url, metadata = {}, signal, deadlineMs } = this.settings
    return {
      backend,
      url,
      call: this.call,
      protocol: 'h2',
      method: 'POST',
      target: this.target,
      headers: {
        ...metadataFields(metadata),
        'content-type': 'application/grpc+proto',
        te: 'trailers',
        'grpc-accept-encoding': 'gzip',
      },
      body,
      signal,
      deadlineMs,
      retry: null,
      repeatable: true,
    }
  }
}
