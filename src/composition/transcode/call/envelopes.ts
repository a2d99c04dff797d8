import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED } from './codes.ts'
import { statusOf, StatusError } from './status.ts'

/** Flags and length: of gRPC (doc/PROTOCOL-HTTP2.md, Length-Prefixed-Message), gRPC-Web and Connect. */
const PREFIX = 5

/** The message is compressed. */
const COMPRESSED = 1

/** Below this gzip makes no less of a message. */
const COMPRESSED_FROM_BYTES = 1024

interface Envelope {
  readonly flags: number
  readonly bytes: Uint8Array
}

export function envelope(flags: number, bytes: Uint8Array): Uint8Array {
  const whole = Buffer.allocUnsafe(PREFIX + bytes.length)
  whole[0] = flags
  whole.writeUInt32BE(bytes.length, 1)
  whole.set(bytes, PREFIX)
  return whole
}

/** The same, compressed where that is wanted and worth it. */
export async function compressedEnvelope(bytes: Uint8Array, compress: boolean): Promise<Uint8Array> {
  return compress && bytes.length >= COMPRESSED_FROM_BYTES
    ? envelope(COMPRESSED, await zipped(bytes))
    : envelope(0, bytes)
}

/**
 * The messages of a body, as their bytes come. Throws RESOURCE_EXHAUSTED for one that says it is longer than `limitBytes`,
 * before it has come, and INVALID_ARGUMENT where the body ends in one.
 */
async function* envelopes(body: AsyncIterable<Uint8Array>, limitBytes: number): AsyncGenerator<Envelope> {
  let held: Uint8Array[] = []
  let length = 0
  let wanted = PREFIX
  for await (const chunk of body) {
    held.push(chunk)
    length += chunk.length
    // Joined only when there is something to read: a long message comes in hundreds of pieces.
    if (length < wanted) continue
    let bytes = held.length === 1 ? bufferOf(chunk) : Buffer.concat(held, length)
    for (;;) {
      wanted = bytes.length < PREFIX ? PREFIX : PREFIX + lengthOf(bytes, limitBytes)
      if (bytes.length < wanted) break
      yield { flags: bytes[0]!, bytes: bytes.subarray(PREFIX, wanted) }
      bytes = bytes.subarray(wanted)
    }
    held = bytes.length === 0 ? [] : [bytes]
    length = bytes.length
  }
  if (length > 0) throw new StatusError(statusOf(INVALID_ARGUMENT, 'the body ends within a message'))
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function lengthOf(bytes: Buffer, limitBytes: number): number {
  const length = bytes.readUInt32BE(1)
  if (length > limitBytes) throw tooLong(limitBytes)
  return length
}

const tooLong = (limitBytes: number): StatusError =>
  new StatusError(statusOf(RESOURCE_EXHAUSTED, `a message is longer than ${limitBytes} bytes`), { http: 413 })

const unzip = promisify(gunzip)
const zip = promisify(gzip)

export const zipped = (bytes: Uint8Array): Promise<Uint8Array> => zip(bytes)

/** A message as it was before it was compressed. Throws RESOURCE_EXHAUSTED where it is longer than `limitBytes`, before it has all been made. */
export async function unzipped(bytes: Uint8Array, encoding: string, limitBytes: number): Promise<Uint8Array> {
  if (encoding !== 'gzip')
    throw new StatusError(
      statusOf(
        UNIMPLEMENTED,
        `the compression ${JSON.stringify(encoding)} is not known: gzip and identity are`,
      ),
    )
  try {
    return await unzip(bytes, { maxOutputLength: limitBytes })
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLong(limitBytes)
    throw new StatusError(statusOf(INVALID_ARGUMENT, 'a message is no gzip'), { cause })
  }
}

/** Messages of a body, of which those that are compressed are so by `encoding`. */
export async function* messagesOf(
  body: AsyncIterable<Uint8Array>,
  encoding: string,
  limitBytes: number,
): AsyncGenerator<Uint8Array> {
  for await (const { flags, bytes } of envelopes(body, limitBytes)) {
    if (flags > COMPRESSED)
      throw new StatusError(statusOf(INVALID_ARGUMENT, `the flags of a message are ${flags}`))
    yield flags === COMPRESSED ? await unzipped(bytes, encoding, limitBytes) : bytes
  }
}
