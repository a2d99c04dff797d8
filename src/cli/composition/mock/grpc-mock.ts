import type { DescMethod } from '@bufbuild/protobuf'
import { decode, encode } from '../../../composition/grpc/codec.ts'
import { codeName, codeNumber, type GrpcCode } from '../../../composition/grpc/codes.ts'
import { REFLECTION_VERSIONS, reflectionPath } from '../../../composition/grpc/reflection.ts'
import type { ServiceContract } from '../folder/services.ts'
import { MessageExamples } from './message-example.ts'
import { ReflectionAnswers } from './reflection-answers.ts'

/** So many messages a stream has that is not one for one. */
const STREAMED = 3

/** How a method answers, in bytes of messages. */
export interface MockedMethod {
  /** `stock.v1.Stock/GetLevel` */
  readonly name: string
  /** Of what has been asked; fails where that is no message of the method. */
  messages(asked: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>
}

/** Services as their types describe them: the same call has the same answer, always. They say by reflection what they are. */
export class GrpcMock {
  private readonly methods = new Map<string, MockedMethod>()

  constructor({ services, registry }: ServiceContract) {
    for (const { typeName, methods } of services)
      for (const method of methods) {
        const name = `${typeName}/${method.name}`
        this.methods.set(`/${name}`, { name, messages: asked => answered(method, asked) })
      }
    const reflection = new ReflectionAnswers(services, registry)
    for (const version of REFLECTION_VERSIONS) {
      const path = reflectionPath(version)
      this.methods.set(path, { name: path.slice(1), messages: asked => reflection.messages(asked) })
    }
  }

  find(path: string): MockedMethod | null {
    return this.methods.get(path) ?? null
  }
}

async function* answered(method: DescMethod, asked: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { input, output, methodKind } = method
  const example = encode(output, MessageExamples.of(output))
  let seen = 0
  for await (const bytes of asked) {
    decode(input, bytes, method.name)
    seen += 1
    if (methodKind === 'bidi_streaming') yield example
  }
  if (seen === 0 && (methodKind === 'unary' || methodKind === 'server_streaming'))
    throw new Error('the request has no message')
  if (methodKind === 'server_streaming') for (let i = 0; i < STREAMED; i++) yield example
  else if (methodKind !== 'bidi_streaming') yield example
}

/** What is wished of an answer, by metadata `prefer: code=not_found` or `code=5`; null for none. */
export function codeWished(prefer: string | undefined): number | null {
  const [, said] = /(?:^|[,;])\s*code\s*=\s*"?(\w+)/i.exec(prefer ?? '') ?? []
  if (said === undefined) return null
  if (/^\d+$/.test(said)) return Number(said) >= 1 && Number(said) <= 16 ? Number(said) : null
  const name = said.toLowerCase() as GrpcCode
  const number = codeNumber(name) as number | undefined
  return number !== undefined && codeName(number) === name && number !== 0 ? number : null
}
