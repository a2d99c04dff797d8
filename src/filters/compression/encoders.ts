import zlib from 'node:zlib'
import type { Encoding } from './negotiate.ts'

/**
 * How much of a body is looked back at: the whole window for what may be long, a
 * small one for event streams, of which there are many at a time, each open for
 * hours with little to say.
 */
export type Window = 'whole' | 'small'

/** An encoder of zlib's, which works on a thread of the pool. */
export type ZlibStream = zlib.Gzip | zlib.BrotliCompress | zlib.ZstdCompress

interface Encoder {
  /** Memory of one stream, measured, with its buffers. */
  readonly bytes: Readonly<Record<Window, number>>
  whole(body: Buffer): Buffer
  /** Whatever is written to it comes out, without a flush. */
  stream(window: Window): ZlibStream
}

const KiB = 1024
const {
  BROTLI_OPERATION_FLUSH,
  BROTLI_PARAM_LGWIN,
  BROTLI_PARAM_QUALITY,
  BROTLI_PARAM_SIZE_HINT,
  Z_SYNC_FLUSH,
  ZSTD_c_chainLog,
  ZSTD_c_compressionLevel,
  ZSTD_c_hashLog,
  ZSTD_c_windowLog,
  ZSTD_e_flush,
} = zlib.constants

/** Levels by what they cost and gain on JSON and text of 8 to 128 KiB (docs/adr/0030). */
const GZIP_LEVEL = 5
const BROTLI_QUALITY = 3
const ZSTD_LEVEL = 3

const brotli = (windowLog: number): Record<number, number> => ({
  [BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
  [BROTLI_PARAM_LGWIN]: windowLog,
})

/** With the tables of its level a stream would take 1.3 MB; these take a third, and lose nothing in a window of this size. */
const zstd = (windowLog: number, hashLog: number, chainLog: number): Record<number, number> => ({
  [ZSTD_c_compressionLevel]: ZSTD_LEVEL,
  [ZSTD_c_windowLog]: windowLog,
  [ZSTD_c_hashLog]: hashLog,
  [ZSTD_c_chainLog]: chainLog,
})

const chunkSize: Readonly<Record<Window, number>> = { whole: 16 * KiB, small: 4 * KiB }

export const encoders: Readonly<Record<Encoding, Encoder>> = {
  gzip: {
    bytes: { whole: 384 * KiB, small: 192 * KiB },
    whole: body => zlib.gzipSync(body, { level: GZIP_LEVEL }),
    stream: window =>
      zlib.createGzip({
        level: GZIP_LEVEL,
        flush: Z_SYNC_FLUSH,
        chunkSize: chunkSize[window],
        ...(window === 'small' ? { windowBits: 13, memLevel: 6 } : {}),
      }),
  },
  br: {
    bytes: { whole: 768 * KiB, small: 448 * KiB },
    whole: body =>
      zlib.brotliCompressSync(body, { params: { ...brotli(17), [BROTLI_PARAM_SIZE_HINT]: body.length } }),
    stream: window =>
      zlib.createBrotliCompress({
        flush: BROTLI_OPERATION_FLUSH,
        chunkSize: chunkSize[window],
        params: brotli(window === 'whole' ? 17 : 13),
      }),
  },
  zstd: {
    bytes: { whole: 512 * KiB, small: 224 * KiB },
    whole: body =>
      zlib.zstdCompressSync(body, {
        pledgedSrcSize: body.length,
        params: { [ZSTD_c_compressionLevel]: ZSTD_LEVEL },
      }),
    stream: window =>
      zlib.createZstdCompress({
        flush: ZSTD_e_flush,
        chunkSize: chunkSize[window],
        params: window === 'whole' ? zstd(17, 15, 14) : zstd(13, 13, 13),
      }),
  },
}
