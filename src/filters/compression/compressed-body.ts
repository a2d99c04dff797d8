import type { Fields } from '../../http/fields.ts'
import { CHUNKED, type ResponseHead } from '../../http/head.ts'
import type { BodyNext, BodyTransform } from '../body.ts'
import { encoders, type Window } from './encoders.ts'
import { EncodingStream } from './encoding-stream.ts'
import { encodeHead } from './heads.ts'
import type { EncoderMemory } from './memory.ts'
import type { Meters } from './meters.ts'
import type { Choice } from './negotiate.ts'

/**
 * Up to this a body that is here, whole, is compressed at once. A hop to zlib's
 * threads and back costs 50 to 100 µs of CPU, which is what 16 KiB of JSON cost
 * (docs/adr/0030); nor does anybody else wait longer for the event loop.
 */
export const WHOLE_BYTES = 16 * 1024

export interface BodyPlan {
  readonly choice: Choice
  /** Its head has not left; it changes when it is known what the body becomes. */
  readonly response: ResponseHead
  readonly minBytes: number
  readonly window: Window
  /** The client's address: whose memory an encoder takes. */
  readonly client: string
  readonly memory: EncoderMemory
  readonly meters: Meters
}

/**
 * A response's body while it is not known whether it is compressed, and then on
 * one of three ways: at once, where it is small and here; through zlib's threads;
 * or as it is. What is not said to be small is never held beyond a flush of the
 * backend: whoever waits for the first event of a stream gets it.
 */
export class CompressedBody implements BodyTransform {
  private readonly plan: BodyPlan
  private readonly next: BodyNext
  private readonly waitsForWhole: boolean
  private pieces: Buffer[] = []
  private bytes = 0
  private way: BodyTransform | null = null

  constructor(plan: BodyPlan, next: BodyNext) {
    const { length } = plan.response
    this.plan = plan
    this.next = next
    this.waitsForWhole = length >= 0 && length <= WHOLE_BYTES
  }

  write(chunk: Buffer): void {
    this.bytes += chunk.length
    if (this.way === null && this.bytes > WHOLE_BYTES) this.open()
    if (this.way === null) this.pieces.push(Buffer.from(chunk))
    else this.way.write(chunk)
  }

  flush(): boolean {
    if (this.way !== null) return this.way.flush()
    if (this.waitsForWhole) return true
    const takesMore = this.open().flush()
    // The head need not wait for zlib, nor for bytes that may be long in coming.
    return this.next.flush() && takesMore
  }

  end(trailers: Fields | null): void {
    if (this.way !== null) this.way.end(trailers)
    else this.finish(Buffer.concat(this.pieces), trailers)
  }

  resume(): void {
    this.way?.resume()
  }

  destroy(): void {
    this.way?.destroy()
    this.pieces = []
  }

  /** More is to come. */
  private open(): BodyTransform {
    const { pieces } = this
    this.pieces = []
    const way = this.encodingStream() ?? new PlainBody(this.next)
    this.way = way
    for (const piece of pieces) way.write(piece)
    return way
  }

  /** Null where there is no memory for one. */
  private encodingStream(): EncodingStream | null {
    const { choice, window, response, client, memory, meters } = this.plan
    const { encoding } = choice
    const release = memory.take(client, encoders[encoding].bytes[window])
    if (release === null) {
      meters.refused()
      return null
    }
    encodeHead(response, encoding)
    return new EncodingStream({ encoding, window, meter: meters.of(encoding), release }, this.next)
  }

  /** The body is here, whole. */
  private finish(body: Buffer, trailers: Fields | null): void {
    const { choice, response } = this.plan
    const encoded = this.encodeWhole(body)
    const sent = encoded ?? body
    // HTTP/1 has no place for trailers beside Content-Length.
    const bytes = trailers === null ? sent.length : CHUNKED
    if (encoded !== null) encodeHead(response, choice.encoding, bytes)
    else if (sent.length > 0) {
      response.length = bytes
      response.hasLength = bytes !== CHUNKED
    }
    if (sent.length > 0) this.next.write(sent)
    this.next.end(trailers)
  }

  /** Null where there is nothing to gain. */
  private encodeWhole(body: Buffer): Buffer | null {
    const { choice, minBytes, meters } = this.plan
    const { encoding, always } = choice
    if (body.length === 0 || (body.length < minBytes && !always)) return null
    const encoded = encoders[encoding].whole(body)
    if (encoded.length >= body.length && !always) return null
    meters.of(encoding).compressed(body.length, encoded.length)
    return encoded
  }
}

/** As it came. */
class PlainBody implements BodyTransform {
  private readonly next: BodyNext

  constructor(next: BodyNext) {
    this.next = next
  }

  write(chunk: Buffer): void {
    this.next.write(Buffer.from(chunk))
  }

  flush(): boolean {
    return this.next.flush()
  }

  end(trailers: Fields | null): void {
    this.next.end(trailers)
  }

  resume(): void {
    this.next.resume()
  }

  destroy(): void {}
}
