import { OK } from '../../../http/grpc/status.ts'
import { envelope, takesGzip } from '../../grpc/envelopes.ts'
import type { Metadata } from '../call/metadata.ts'
import type { MethodAnswer } from '../call/method-answer.ts'
import type { Status } from '../call/status.ts'
import type { Written } from '../inbound.ts'
import { EnvelopedCall, type Choose } from '../rpc-call.ts'
import { errorJson } from './error-json.ts'
import { checkVersion, connectTimeoutMs } from './protocol.ts'

/** The last envelope: JSON, with trailers and the error. */
const END_STREAM = 2

/** Connect's calls whose messages stream: in envelopes, and the status in the last of them, whatever it is. */
export class ConnectStream extends EnvelopedCall {
  override readonly system = 'connect_rpc'

  override get timeoutMs(): number | null {
    return connectTimeoutMs(this.fields)
  }

  override async messages(): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
    checkVersion(this.fields['connect-protocol-version'], '1')
    return await this.asked(this.incoming.request.body, this.fields['connect-content-encoding'])
  }

  override answer(given: MethodAnswer, choose: Choose): Promise<Written> {
    const gzip = takesGzip(this.fields['connect-accept-encoding'])
    const headers = { ...choose(given.headers), ...this.headers }
    if (gzip) headers['connect-content-encoding'] = 'gzip'
    const body = this.written(given, gzip, status => this.end(status, choose(given.trailers)))
    return Promise.resolve({ status: 200, headers, body })
  }

  override failed(status: Status): Written {
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
