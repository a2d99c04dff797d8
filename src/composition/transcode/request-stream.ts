import type { DescMethod } from '@bufbuild/protobuf'
import { UNIMPLEMENTED } from '../../http/grpc/status.ts'
import { statusOf, StatusError } from './call/status.ts'

/** Messages of a stream: all of them, or the one that there must be where the method takes one. */
export async function asTaken(
  { methodKind }: DescMethod,
  messages: AsyncIterable<Uint8Array>,
): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
  if (methodKind === 'client_streaming' || methodKind === 'bidi_streaming') return messages
  let first: Uint8Array | null = null
  for await (const message of messages) {
    if (first !== null)
      throw new StatusError(statusOf(UNIMPLEMENTED, 'the method takes one message, and the request has more'))
    first = message
  }
  if (first === null) throw new StatusError(statusOf(UNIMPLEMENTED, 'the request has no message'))
  return first
}

export const nothing: AsyncIterable<Uint8Array> = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true as const, value: undefined }) }),
}
