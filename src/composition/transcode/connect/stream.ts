import type { DescMethod } from '@bufbuild/protobuf'
import { OK } from '../call/codes.ts'
import { compressedEnvelope, envelope, messagesOf } from '../call/envelopes.ts'
import type { Metadata } from '../call/metadata.ts'
import type { MethodAnswer } from '../call/method-answer.ts'
import { statusOfError, type Status } from '../call/status.ts'
import { fromProto, toProto, type Codec } from '../codec.ts'
import type { Inbound, Incoming, Surface, Written } from '../inbound.ts'
import { asTaken, nothing } from '../request-stream.ts'
import { errorJson } from './error-json.ts'
import { checkVersion, connectTimeoutMs, takesGzip } from './protocol.ts'
import { cannotBeRead } from './unary.ts'

/** The last envelope: JSON, with trailers and the error. */
const END_STREAM = 2

/** Connect's calls whose messages stream: in envelopes, and the status in the last of them, whatever it is. */
export class ConnectStream implements Inbound {
  readonly method: DescMethod
  private readonly incoming: Incoming
  private readonly surface: Surface
  private readonly codec: Codec

  constructor(method: DescMethod, codec: Codec, incoming: Incoming, surface: Surface) {
    this.method = method
    this.codec = codec
    this.incoming = incoming
    this.surface = surface
  }

  get timeoutMs(): number | null {
    return connectTimeoutMs(this.incoming.request.headers)
  }

  async messages(): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
    checkVersion(this.incoming.request.headers['connect-protocol-version'], '1')
    return await asTaken(this.method, this.read())
  }

  private async *read(): AsyncGenerator<Uint8Array> {
    const { body, headers } = this.incoming.request
    const encoding = headers['connect-content-encoding'] ?? 'identity'
    for await (const bytes of messagesOf(body ?? nothing, encoding, this.surface.limitBytes))
      yield toProto(this.codec, this.method.input, bytes, this.surface)
  }

  answer(given: MethodAnswer, metadata: (fields: Metadata) => Record<string, string>): Promise<Written> {
    const gzip = takesGzip(this.incoming.request.headers['connect-accept-encoding'])
    const headers = { ...metadata(given.headers), ...this.headers }
    if (gzip) headers['connect-content-encoding'] = 'gzip'
    return Promise.resolve({ status: 200, headers, body: this.written(given, metadata, gzip) })
  }

  private async *written(
    given: MethodAnswer,
    metadata: (fields: Metadata) => Record<string, string>,
    gzip: boolean,
  ): AsyncGenerator<Uint8Array> {
    let wrong: Status | null = null
    try {
      for await (const message of given.messages())
        yield await compressedEnvelope(fromProto(this.codec, this.method.output, message, this.surface), gzip)
    } catch (error) {
      wrong = statusOfError(error) ?? cannotBeRead
    }
    yield this.end(wrong ?? given.status!, metadata(given.trailers))
  }

  failed(status: Status): Written {
    return { status: 200, headers: this.headers, body: this.end(status, {}) }
  }

  private get headers(): Record<string, string> {
    return { 'content-type': `application/connect+${this.codec}` }
  }

  private end(status: Status, trailers: Metadata): Uint8Array {
    const metadata = Object.fromEntries(Object.entries(trailers).map(([name, value]) => [name, [value]]))
    const end = {
      ...(status.code !== OK && { error: errorJson(status, this.surface.status) }),
      ...(Object.keys(metadata).length > 0 && { metadata }),
    }
    return envelope(END_STREAM, Buffer.from(JSON.stringify(end)))
  }
}
