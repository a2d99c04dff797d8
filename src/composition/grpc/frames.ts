import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { CallFailure } from '../calls/failure.ts'
import { bodyTooLarge } from '../transport/whole-body.ts'

/** Compressed-Flag and Message-Length (doc/PROTOCOL-HTTP2.md: Length-Prefixed-Message). */
const PREFIX = 5
/** Below this gzip makes no less of a message. */
const COMPRESSED_FROM_BYTES = 1024

const inflate = promisify(gunzip)
const deflate = promisify(gzip)

/** A message as it goes on the wire. */
export function frame(message: Uint8Array, compressed = false): Uint8Array {
  const framed = Buffer.allocUnsafe(PREFIX + message.length)
  framed[0] = compressed ? 1 : 0
  framed.writeUInt32BE(message.length, 1)
  framed.set(message, PREFIX)
  return framed
}

/** The same, compressed where it is long enough for that. */
export const gzipFrame = async (message: Uint8Array): Promise<Uint8Array> =>
  message.length < COMPRESSED_FROM_BYTES ? frame(message) : frame(await deflate(message), true)

export interface FrameRules {
  /** `users getUser`, of which failures speak. */
  readonly call: string
  /** How long one message may be, also when it is inflated. */
  readonly limitBytes: number
  /** What `grpc-encoding` says. */
  readonly encoding: string
}

/** The messages of a body, as they come. Fails with a CallFailure where it is none, or ends within a message. */
export async function* messagesOf(
  body: AsyncIterable<Uint8Array>,
  rules: FrameRules,
): AsyncGenerator<Uint8Array, void> {
  let held: Buffer = Buffer.alloc(0)
  /** What came behind it: put together when it makes a message, since a long one comes in hundreds of pieces. */
  let more: Uint8Array[] = []
  let bytes = 0
  let needed = PREFIX
  for await (const chunk of body) {
    more.push(chunk)
    bytes += chunk.length
    if (bytes < needed) continue
    held = held.length === 0 && more.length === 1 ? asBuffer(chunk) : Buffer.concat([held, ...more], bytes)
    more = []
    let at = 0
    for (;;) {
      const length = lengthAt(held, at, rules)
      needed = PREFIX + (length ?? 0)
      if (length === null || held.length - at < needed) break
      const message = held.subarray(at + PREFIX, at + needed)
      const flag = held[at]!
      at += needed
      yield flag === 0 ? message : await inflated(message, flag, rules)
    }
    held = held.subarray(at)
    bytes = held.length
  }
  if (bytes > 0) throw invalid(rules, 'it ends within a message')
}

const asBuffer = (bytes: Uint8Array): Buffer<ArrayBuffer> =>
  Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength)

/** What the prefix says, or null where that is not here yet. */
function lengthAt(held: Buffer, at: number, rules: FrameRules): number | null {
  if (held.length - at < PREFIX) return null
  const length = held.readUInt32BE(at + 1)
  if (length > rules.limitBytes) throw bodyTooLarge(rules.call, rules.limitBytes)
  return length
}

async function inflated(message: Uint8Array, flag: number, rules: FrameRules): Promise<Uint8Array> {
  if (flag !== 1 || rules.encoding !== 'gzip')
    throw invalid(
      rules,
      flag === 1 ? `it is encoded by "${rules.encoding}"` : `the flag of a message is ${flag}`,
    )
  try {
    return await inflate(message, { maxOutputLength: rules.limitBytes })
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE')
      throw bodyTooLarge(rules.call, rules.limitBytes)
    throw invalid(rules, 'a message is no gzip', cause)
  }
}

const invalid = ({ call }: FrameRules, detail: string, cause?: unknown): CallFailure =>
  new CallFailure('backend_response_invalid', call, detail, { cause })
