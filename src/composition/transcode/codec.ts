import { fromJsonString, toBinary, type DescMessage } from '@bufbuild/protobuf'
import { INTERNAL, INVALID_ARGUMENT } from '../../http/grpc/status.ts'
import { statusOf, StatusError } from './call/status.ts'
import type { Surface } from './inbound.ts'
import { MessageInput } from './json/message-input.ts'

/** How a client of Connect or gRPC-Web writes messages. Those in the binary form pass as they are. */
export type Codec = 'proto' | 'json'

export function toProto(
  codec: Codec,
  schema: DescMessage,
  bytes: Uint8Array,
  { readJson }: Surface,
): Uint8Array {
  if (codec === 'proto') return bytes
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    // Clients may know more fields than the backend does, as those of the binary form may.
    return toBinary(schema, fromJsonString(schema, text, { ...readJson, ignoreUnknownFields: true }))
  } catch (cause) {
    throw new StatusError(statusOf(INVALID_ARGUMENT, `the message is no JSON of ${schema.typeName}`), {
      cause,
    })
  }
}

export function fromProto(
  codec: Codec,
  schema: DescMessage,
  bytes: Uint8Array,
  { texts }: Surface,
): Uint8Array {
  if (codec === 'proto') return bytes
  try {
    return Buffer.from(texts.text(schema, new MessageInput(bytes)))
  } catch (cause) {
    throw new StatusError(
      statusOf(INTERNAL, `the backend's message is no ${schema.typeName}, or cannot be JSON`),
      { cause },
    )
  }
}
