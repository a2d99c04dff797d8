import { create, fromBinary, toBinary, type DescService, type FileRegistry } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { reflectionTypes } from '../../../composition/grpc/reflection.ts'

interface Asked {
  readonly fileByFilename: string
  readonly fileContainingSymbol: string
  readonly listServices?: string
}

const NOT_FOUND = 5

/** What a server of these services says of itself (grpc.reflection.v1): one answer for each question. */
export class ReflectionAnswers {
  private readonly services: readonly DescService[]
  private readonly registry: FileRegistry
  private readonly types = reflectionTypes()

  constructor(services: readonly DescService[], registry: FileRegistry) {
    this.services = services
    this.registry = registry
  }

  async *messages(asked: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { Request, Response } = this.types
    for await (const bytes of asked) {
      const answer = this.answer(fromBinary(Request, bytes) as unknown as Asked)
      yield toBinary(Response, create(Response, answer as never))
    }
  }

  private answer({ fileByFilename: name, fileContainingSymbol: symbol, listServices }: Asked): object {
    if (listServices !== undefined)
      return { services: { service: this.services.map(({ typeName }) => ({ name: typeName })) } }
    const file =
      name === '' ? this.fileOf(symbol) : [...this.registry.files].find(one => `${one.name}.proto` === name)
    if (file === undefined)
      return { error: { code: NOT_FOUND, message: `there is no ${name === '' ? symbol : name}` } }
    return { files: { file: [toBinary(FileDescriptorProtoSchema, file.proto)] } }
  }

  /** Of a type, or of what it has: a method, a field. */
  private fileOf(symbol: string) {
    const owner = symbol.slice(0, Math.max(0, symbol.lastIndexOf('.')))
    return (this.registry.get(symbol) ?? this.registry.get(owner))?.file
  }
}
