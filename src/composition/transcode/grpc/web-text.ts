import { INVALID_ARGUMENT } from '../../../http/grpc/status.ts'
import { statusOf, StatusError } from '../call/status.ts'

/** Bytes of a body in base64, of which each part may have its own padding (doc/PROTOCOL-WEB.md). */
export async function* decodedText(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held = ''
  for await (const chunk of body) {
    held += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
    const whole = held.length - (held.length % 4)
    if (whole === 0) continue
    yield bytesOf(held.slice(0, whole))
    held = held.slice(whole)
  }
  if (held !== '') throw noBase64()
}

/** Node's decoder ends at the first padding. */
function bytesOf(text: string): Uint8Array {
  if (/[^\w+/=-]/.test(text)) throw noBase64()
  const parts = text.match(/[^=]+={0,2}/g) ?? []
  return Buffer.concat(parts.map(part => Buffer.from(part, 'base64')))
}

const noBase64 = (): StatusError => new StatusError(statusOf(INVALID_ARGUMENT, 'the body is no base64'))

export async function* encodedText(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const bytes of body)
    yield Buffer.from(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
      'latin1',
    )
}
