import { INTERNAL, INVALID_ARGUMENT, UNIMPLEMENTED } from '../call/codes.ts'
import { unzipped, zipped } from '../call/envelopes.ts'
import type { Metadata } from '../call/metadata.ts'
import type { MethodAnswer } from '../call/method-answer.ts'
import { httpStatusOf, statusOf, StatusError, type Status } from '../call/status.ts'
import { fromProto, toProto, type Codec } from '../codec.ts'
import { contentOf, type Inbound, type Incoming, type Surface, type Written } from '../inbound.ts'
import type { DescMethod } from '@bufbuild/protobuf'
import { errorJson } from './error-json.ts'
import { checkVersion, connectTimeoutMs, takesGzip } from './protocol.ts'

/** Below this gzip makes no less of an answer. */
const COMPRESSED_FROM_BYTES = 1024

/** Connect's call of one message and one answer, by POST, or by GET where the method is safe (https://connectrpc.com/docs/protocol). */
export class ConnectUnary implements Inbound {
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

  async messages(): Promise<Uint8Array> {
    const { request } = this.incoming
    if (this.method.methodKind !== 'unary')
      throw new StatusError(
        statusOf(UNIMPLEMENTED, 'the method streams: its media type is application/connect+…'),
        { http: 415 },
      )
    const bytes = await (request.method === 'GET' ? this.ofQuery() : this.ofBody())
    return toProto(this.codec, this.method.input, bytes, this.surface)
  }

  private async ofBody(): Promise<Uint8Array> {
    const { headers } = this.incoming.request
    const { limitBytes } = this.surface
    checkVersion(headers['connect-protocol-version'], '1')
    const bytes = await contentOf(this.incoming, limitBytes)
    const encoding = headers['content-encoding'] ?? 'identity'
    return encoding === 'identity' || bytes.length === 0 ? bytes : await unzipped(bytes, encoding, limitBytes)
  }

  private async ofQuery(): Promise<Uint8Array> {
    const query = new URLSearchParams(this.incoming.search)
    checkVersion(query.get('connect'), 'v1')
    const text = query.get('message')
    if (text === null) throw new StatusError(statusOf(INVALID_ARGUMENT, 'the query has no message'))
    const bytes = query.get('base64') === '1' ? base64(text) : Buffer.from(text)
    const compression = query.get('compression') ?? 'identity'
    return compression === 'identity' || compression === ''
      ? bytes
      : await unzipped(bytes, compression, this.surface.limitBytes)
  }

  async answer(
    given: MethodAnswer,
    metadata: (fields: Metadata) => Record<string, string>,
  ): Promise<Written> {
    const message = await given.one()
    const headers = { ...metadata(given.headers), ...prefixed(metadata(given.trailers)) }
    if (message === null) return withHeaders(this.failed(given.status!), headers)
    const bytes = fromProto(this.codec, this.method.output, message, this.surface)
    headers['content-type'] = `application/${this.codec}`
    headers['vary'] = 'accept-encoding'
    if (bytes.length < COMPRESSED_FROM_BYTES || !takesGzip(this.incoming.request.headers['accept-encoding']))
      return { status: 200, headers, body: bytes }
    headers['content-encoding'] = 'gzip'
    return { status: 200, headers, body: await zipped(bytes) }
  }

  failed(status: Status, error: StatusError | null = null): Written {
    return {
      status: error?.http ?? httpStatusOf(status),
      headers: { ...error?.headers, 'content-type': 'application/json' },
      body: JSON.stringify(errorJson(status, this.surface.status)),
    }
  }
}

function base64(text: string): Uint8Array {
  if (!/^[\w+/-]*={0,2}$/.test(text))
    throw new StatusError(statusOf(INVALID_ARGUMENT, 'the message is no base64'))
  return Buffer.from(text, 'base64')
}

const prefixed = (trailers: Metadata): Record<string, string> =>
  Object.fromEntries(Object.entries(trailers).map(([name, value]) => [`trailer-${name}`, value]))

const withHeaders = (written: Written, headers: Record<string, string>): Written => ({
  ...written,
  headers: { ...headers, ...written.headers },
})

export const cannotBeRead = statusOf(INTERNAL, 'the composition failed')
