import { create, fromBinary, toBinary, type DescMessage, type Message } from '@bufbuild/protobuf'
import { CallFailure } from '../calls/failure.ts'

/** A message of what a composition gives: only what it names is in it. */
export const encode = (schema: DescMessage, init: unknown): Uint8Array =>
  toBinary(schema, create(schema, init as never))

/** Throws a CallFailure `backend_response_invalid` where the bytes are no such message. */
export function decode(schema: DescMessage, bytes: Uint8Array, call: string): Message {
  try {
    return fromBinary(schema, bytes)
  } catch (cause) {
    throw new CallFailure('backend_response_invalid', call, `it is no ${schema.typeName}`, { cause })
  }
}
