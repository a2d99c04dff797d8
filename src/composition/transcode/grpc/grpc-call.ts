import type { DescMethod } from '@bufbuild/protobuf'
import { percentEncode } from '../../../http/grpc/answer.ts'
import { readTimeout } from '../../../http/grpc/timeout.ts'
import { INVALID_ARGUMENT } from '../call/codes.ts'
import { compressedEnvelope, envelope, messagesOf } from '../call/envelopes.ts'
import type { Metadata } from '../call/metadata.ts'
import type { MethodAnswer } from '../call/method-answer.ts'
import { detailsField, statusOf, StatusError, statusOfError, type Status } from '../call/status.ts'
import { fromProto, toProto, type Codec } from '../codec.ts'
import { cannotBeRead } from '../connect/unary.ts'
import type { Inbound, Incoming, Surface, Written } from '../inbound.ts'
import { asTaken, nothing } from '../request-stream.ts'
import { decodedText, encodedText } from './web-text.ts'

/** gRPC itself, gRPC-Web, and the same in base64. */
export type GrpcWire = 'grpc' | 'grpc-web' | 'grpc-web-text'

/** The frame that has the trailers of gRPC-Web (doc/PROTOCOL-WEB.md). */
const TRAILERS = 0x80

/** `grpc-timeout`; null where there is none. */
export function grpcTimeoutMs({ 'grpc-timeout': text }: Metadata): number | null {
  if (text === undefined) return null
  const timeoutMs = readTimeout(text)
  if (timeoutMs === null) throw new StatusError(statusOf(INVALID_ARGUMENT, 'grpc-timeout is no time'))
  return timeoutMs
}

/** A call as gRPC has it (doc/PROTOCOL-HTTP2.md), whose trailers are trailers, or as gRPC-Web has it, where they are the last frame. */
export class GrpcCall implements Inbound {
  readonly method: DescMethod
  private readonly wire: GrpcWire
  private readonly incoming: Incoming
  private readonly surface: Surface
  private readonly codec: Codec

  constructor(method: DescMethod, wire: GrpcWire, codec: Codec, incoming: Incoming, surface: Surface) {
    this.method = method
    this.wire = wire
    this.codec = codec
    this.incoming = incoming
    this.surface = surface
  }

  get timeoutMs(): number | null {
    return grpcTimeoutMs(this.incoming.request.headers)
  }

  async messages(): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
    return await asTaken(this.method, this.read())
  }

  private async *read(): AsyncGenerator<Uint8Array> {
    const { body, headers } = this.incoming.request
    const bytes = this.wire === 'grpc-web-text' ? decodedText(body ?? nothing) : (body ?? nothing)
    for await (const message of messagesOf(
      bytes,
      headers['grpc-encoding'] ?? 'identity',
      this.surface.limitBytes,
    ))
      yield toProto(this.codec, this.method.input, message, this.surface)
  }

  answer(given: MethodAnswer, metadata: (fields: Metadata) => Record<string, string>): Promise<Written> {
    const { status } = given
    if (status !== null && this.wire === 'grpc')
      return Promise.resolve({
        status: 200,
        headers: { ...this.headers, ...metadata(given.trailers), ...statusFields(status) },
        body: '',
      })
    const gzip = /(?:^|[,\s])gzip(?:$|[,\s])/.test(
      this.incoming.request.headers['grpc-accept-encoding'] ?? '',
    )
    const headers = { ...metadata(given.headers), ...this.headers }
    if (gzip) headers['grpc-encoding'] = 'gzip'
    const end = new Ending()
    return Promise.resolve({
      status: 200,
      headers,
      body: this.body(this.written(given, metadata, gzip, end), end),
    })
  }

  private async *written(
    given: MethodAnswer,
    metadata: (fields: Metadata) => Record<string, string>,
    gzip: boolean,
    end: Ending,
  ): AsyncGenerator<Uint8Array> {
    let wrong: Status | null = null
    try {
      for await (const message of given.messages())
        yield await compressedEnvelope(fromProto(this.codec, this.method.output, message, this.surface), gzip)
    } catch (error) {
      wrong = statusOfError(error) ?? cannotBeRead
    }
    const trailers = { ...metadata(given.trailers), ...statusFields(wrong ?? given.status!) }
    if (this.wire === 'grpc') end.trailers = trailers
    else yield trailersFrame(trailers)
  }

  private body(bytes: AsyncIterable<Uint8Array>, end: Ending): AsyncIterable<Uint8Array> {
    return this.wire === 'grpc-web-text' ? encodedText(bytes) : end.of(bytes)
  }

  /** A status alone: in the head (Trailers-Only), which gRPC-Web has too. */
  failed(status: Status): Written {
    return { status: 200, headers: { ...this.headers, ...statusFields(status) }, body: '' }
  }

  private get headers(): Record<string, string> {
    return { 'content-type': `application/${this.wire}+${this.codec}` }
  }
}

/** A body with what comes behind it, as who carries an answer looks for it. */
class Ending {
  trailers: Metadata = {}

  of(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    const trailers = () => this.trailers
    return {
      [Symbol.asyncIterator]: () => bytes[Symbol.asyncIterator](),
      get trailers() {
        return trailers()
      },
    } as AsyncIterable<Uint8Array>
  }
}

function statusFields(status: Status): Record<string, string> {
  const details = detailsField(status)
  return {
    'grpc-status': String(status.code),
    ...(status.message !== '' && { 'grpc-message': percentEncode(status.message) }),
    ...(details !== '' && { 'grpc-status-details-bin': details }),
  }
}

const trailersFrame = (trailers: Metadata): Uint8Array =>
  envelope(
    TRAILERS,
    Buffer.from(
      Object.entries(trailers)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join(''),
      'latin1',
    ),
  )
