import { INVALID_ARGUMENT, UNIMPLEMENTED } from '../../../http/grpc/status.ts'
import { COMPRESSED_FROM_BYTES, takesGzip, unzipped, zipped } from '../../grpc/envelopes.ts'
import type { Metadata } from '../call/metadata.ts'
import type { MethodAnswer } from '../call/method-answer.ts'
import { httpStatusOf, statusOf, StatusError, type Status } from '../call/status.ts'
import { contentOf, type Written } from '../inbound.ts'
import { RpcCall, type Choose } from '../rpc-call.ts'
import { errorJson } from './error-json.ts'
import { checkVersion, connectTimeoutMs } from './protocol.ts'

/** Connect's call of one message and one answer, by POST, or by GET where the method is safe (https://connectrpc.com/docs/protocol). */
export class ConnectUnary extends RpcCall {
  override readonly system = 'connect_rpc'

  override get timeoutMs(): number | null {
    return connectTimeoutMs(this.fields)
  }

  override async messages(): Promise<Uint8Array> {
    if (this.method.methodKind !== 'unary')
      throw new StatusError(
        statusOf(UNIMPLEMENTED, 'the method streams: its media type is application/connect+…'),
        { http: 415 },
      )
    const bytes = await (this.incoming.request.method === 'GET' ? this.ofQuery() : this.ofBody())
    return this.taken(bytes)
  }

  private async ofBody(): Promise<Uint8Array> {
    const { fields } = this
    checkVersion(fields['connect-protocol-version'], '1')
    const bytes = await contentOf(this.incoming, this.surface.limitBytes)
    return bytes.length === 0 ? bytes : await this.inflated(bytes, fields['content-encoding'])
  }

  private async ofQuery(): Promise<Uint8Array> {
    const query = new URLSearchParams(this.incoming.search)
    checkVersion(query.get('connect'), 'v1')
    const text = query.get('message')
    if (text === null) throw new StatusError(statusOf(INVALID_ARGUMENT, 'the query has no message'))
    const bytes = query.get('base64') === '1' ? base64(text) : Buffer.from(text)
    return await this.inflated(bytes, query.get('compression') || undefined)
  }

  private async inflated(bytes: Uint8Array, encoding = 'identity'): Promise<Uint8Array> {
    return encoding === 'identity' ? bytes : await unzipped(bytes, this.reading(encoding))
  }

  override async answer(given: MethodAnswer, choose: Choose): Promise<Written> {
    const message = await given.one()
    const headers = { ...choose(given.headers), ...prefixed(choose(given.trailers)) }
    if (message === null) return withHeaders(this.failed(given.status!), headers)
    const bytes = this.given(message)
    headers['content-type'] = `application/${this.codec}`
    headers['vary'] = 'accept-encoding'
    if (bytes.length < COMPRESSED_FROM_BYTES || !takesGzip(this.fields['accept-encoding']))
      return { status: 200, headers, body: bytes }
    headers['content-encoding'] = 'gzip'
    return { status: 200, headers, body: await zipped(bytes) }
  }

  override failed(status: Status, error: StatusError | null = null): Written {
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
