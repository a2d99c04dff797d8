import type { DescMessage, JsonValue } from '@bufbuild/protobuf'
import { answerReading, envelope, messagesOf } from '../grpc/envelopes.ts'
import type { Secrets } from './secrets.ts'

/** Of one message, inflated: one that is longer stays as it came. */
const MOST_BYTES = 16 * 1024 * 1024

/** A body, as a person can read it where that is possible. */
export type Content =
  | { readonly json: unknown }
  | { readonly text: string }
  | { readonly base64: string }
  /** Of gRPC, by their JSON. */
  | { readonly messages: readonly JsonValue[] }

export interface ContentRules {
  /** `content-type` and `grpc-encoding`. */
  readonly headers: Readonly<Record<string, string>>
  /** Of messages of gRPC; null of any other body. */
  readonly schema: DescMessage | null
  readonly secrets: Secrets
}

/** What a body says; undefined where there is none. */
export async function contentOf(
  bytes: Uint8Array,
  { headers, schema, secrets }: ContentRules,
): Promise<Content | undefined> {
  if (bytes.length === 0) return undefined
  if (schema !== null) {
    const messages = await jsonOfMessages(bytes, schema, headers['grpc-encoding'] ?? 'identity')
    if (messages !== null) return { messages: secrets.json(messages) as JsonValue[] }
  }
  const type = headers['content-type'] ?? ''
  const text = textOf(bytes)
  if (text === null) return { base64: Buffer.from(bytes).toString('base64') }
  if (type.startsWith('application/x-www-form-urlencoded')) return { text: secrets.parameters(text) }
  const json = /[/+]json\b/.test(type) ? jsonOf(text) : undefined
  return json === undefined ? { text } : { json: secrets.json(json) }
}

/** The body again. */
export async function bytesOf(content: Content | undefined, schema: DescMessage | null): Promise<Uint8Array> {
  if (content === undefined) return new Uint8Array()
  if ('text' in content) return Buffer.from(content.text)
  if ('json' in content) return Buffer.from(JSON.stringify(content.json))
  if ('base64' in content) return Buffer.from(content.base64, 'base64')
  if (schema === null) throw new TypeError('messages of gRPC of a backend that speaks none')
  const { fromJson, toBinary } = await import('@bufbuild/protobuf')
  return Buffer.concat(content.messages.map(one => envelope(0, toBinary(schema, fromJson(schema, one)))))
}

/** Null where they are none of this schema, or have something in them that is known to nobody here. */
async function jsonOfMessages(
  bytes: Uint8Array,
  schema: DescMessage,
  encoding: string,
): Promise<JsonValue[] | null> {
  const { fromBinary, toJson } = await import('@bufbuild/protobuf')
  const found: JsonValue[] = []
  try {
    for await (const one of messagesOf(once(bytes), answerReading('', encoding, MOST_BYTES)))
      found.push(toJson(schema, fromBinary(schema, one)))
    return found
  } catch {
    return null
  }
}

// oxlint-disable-next-line typescript/require-await -- a body comes asynchronously, this one at once
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
