import type { DescMethod } from '@bufbuild/protobuf'
import { Fields } from '../../../http/fields.ts'
import { percentEncode } from '../../../http/grpc/answer.ts'
import { INVALID_ARGUMENT } from '../../../http/grpc/status.ts'
import { readTimeout } from '../../../http/grpc/timeout.ts'
import { trailersFrame } from '../../../http/grpc/web-trailers.ts'
import { takesGzip } from '../../grpc/envelopes.ts'
import type { Metadata } from '../call/metadata.ts'
import type { MethodAnswer } from '../call/method-answer.ts'
import { detailsField, statusOf, StatusError, type Status } from '../call/status.ts'
import type { Codec } from '../codec.ts'
import type { Incoming, Surface, Written } from '../inbound.ts'
import { EnvelopedCall, type Choose } from '../rpc-call.ts'
import { decodedText, encodedText } from './web-text.ts'

/** gRPC itself, gRPC-Web, and the same in base64. */
export type GrpcWire = 'grpc' | 'grpc-web' | 'grpc-web-text'

/** `grpc-timeout`; null where there is none. */
export function grpcTimeoutMs({ 'grpc-timeout': text }: Metadata): number | null {
  if (text === undefined) return null
  const timeoutMs = readTimeout(text)
  if (timeoutMs === null) throw new StatusError(statusOf(INVALID_ARGUMENT, 'grpc-timeout is no time'))
  return timeoutMs
}

/** A call as gRPC has it (doc/PROTOCOL-HTTP2.md), whose trailers are trailers, or as gRPC-Web has it, where they are the last frame. */
export class GrpcCall extends EnvelopedCall {
  override readonly system = 'grpc'
  private readonly wire: GrpcWire

  constructor(method: DescMethod, wire: GrpcWire, codec: Codec, incoming: Incoming, surface: Surface) {
    super(method, codec, incoming, surface)
    this.wire = wire
  }

  override get timeoutMs(): number | null {
    return grpcTimeoutMs(this.fields)
  }

  override async messages(): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
    const { body } = this.incoming.request
    const bytes = this.wire === 'grpc-web-text' && body !== null ? decodedText(body) : body
    return await this.asked(bytes, this.fields['grpc-encoding'])
  }

  override answer(given: MethodAnswer, choose: Choose): Promise<Written> {
    const { status, trailers } = given
    if (status !== null && this.wire === 'grpc')
      return Promise.resolve({
        status: 200,
        headers: { ...this.headers, ...choose(trailers), ...statusFields(status) },
        body: '',
      })
    const gzip = takesGzip(this.fields['grpc-accept-encoding'])
    const headers = { ...choose(given.headers), ...this.headers }
    if (gzip) headers['grpc-encoding'] = 'gzip'
    return Promise.resolve({ status: 200, headers, body: this.body(given, choose, gzip) })
  }

  private body(given: MethodAnswer, choose: Choose, gzip: boolean): AsyncIterable<Uint8Array> {
    const behind = (status: Status) => ({ ...choose(given.trailers), ...statusFields(status) })
    if (this.wire === 'grpc') {
      let trailers: Metadata = {}
      const bytes = this.written(given, gzip, status => {
        trailers = behind(status)
        return null
      })
      return trailed(bytes, () => trailers)
    }
    const bytes = this.written(given, gzip, status =>
      trailersFrame(new Fields(Object.entries(behind(status)).flat())),
    )
    return this.wire === 'grpc-web-text' ? encodedText(bytes) : bytes
  }

  /** A status alone: in the head (Trailers-Only), which gRPC-Web has too. */
  override failed(status: Status): Written {
    return { status: 200, headers: { ...this.headers, ...statusFields(status) }, body: '' }
  }

  private get headers(): Record<string, string> {
    return { 'content-type': `application/${this.wire}+${this.codec}` }
  }
}

/** A body with what comes behind it, as who carries an answer looks for it. */
const trailed = (bytes: AsyncIterable<Uint8Array>, trailers: () => Metadata): AsyncIterable<Uint8Array> =>
  ({
    [Symbol.asyncIterator]: () => bytes[Symbol.asyncIterator](),
    get trailers() {
      return trailers()
    },
  }) as AsyncIterable<Uint8Array>

function statusFields(status: Status): Record<string, string> {
  const details = detailsField(status)
  return {
    'grpc-status': String(status.code),
    ...(status.message !== '' && { 'grpc-message': percentEncode(status.message) }),
    ...(details !== '' && { 'grpc-status-details-bin': details }),
  }
}
