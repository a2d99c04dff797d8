import type { Transform } from 'node:stream'
import zlib from 'node:zlib'

/** Content codings that the gateway makes, and how others read them. */
export const encodings = ['gzip', 'br', 'zstd'] as const

export type Encoding = (typeof encodings)[number]

/** The body of a response by its Content-Encoding; throws where it is cut off. */
export function decoded(body: Buffer, encoding: unknown): Buffer {
  if (encoding === undefined) return body
  if (encoding === 'gzip') return zlib.gunzipSync(body)
  if (encoding === 'br') return zlib.brotliDecompressSync(body)
  if (encoding === 'zstd') return zlib.zstdDecompressSync(body)
  throw new Error(`a body encoded as ${JSON.stringify(encoding)}`)
}

/** Reads an encoded body as it comes. */
export function decoder(encoding: Encoding): Transform {
  if (encoding === 'gzip') return zlib.createGunzip()
  return encoding === 'br' ? zlib.createBrotliDecompress() : zlib.createZstdDecompress()
}
