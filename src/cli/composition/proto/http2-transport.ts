import { abortSignalOf } from '../../../shared/cancellation.ts'
import { once } from 'node:events'
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import { CallFailure } from '../../../composition/calls/failure.ts'
import { WholeBody } from '../../../composition/transport/whole-body.ts'
import type { BackendAnswer, BackendRequest, Transport } from '../../../composition/transport/transport.ts'

/** Asks a server of HTTP/2 a few things, as a command does: a connection, and answers whole. */
export class Http2Transport implements Transport, Disposable {
  private readonly session: ClientHttp2Session
  private failed: Error | null = null

  /** `grpc:` is HTTP/2 as it is, `grpcs:` by TLS. */
  constructor(url: URL) {
    const isSecure = url.protocol === 'grpcs:' || url.protocol === 'https:'
    const port = url.port === '' ? (isSecure ? 443 : 80) : url.port
    this.session = connect(`${isSecure ? 'https' : 'http'}://${url.hostname}:${port}`)
    // A stream says only that it has ended with its connection.
    this.session.on('error', (error: Error) => {
      this.failed = error
    })
  }

  async send({ method, target, headers, body, signal, call }: BackendRequest): Promise<BackendAnswer> {
    const stream = this.session.request(
      { ...headers, [constants.HTTP2_HEADER_METHOD]: method, [constants.HTTP2_HEADER_PATH]: target },
      { signal: abortSignalOf(signal) },
    )
    try {
      stream.end(body)
      return await answerOf(stream, call)
    } catch (cause) {
      const { code = '' } = (this.failed ?? cause) as { readonly code?: string }
      const failure = code === 'ECONNREFUSED' ? 'connection_refused' : 'connection_terminated'
      throw new CallFailure(signal.aborted ? 'http_response_timeout' : failure, call, code, { cause })
    }
  }

  [Symbol.dispose](): void {
    this.session.destroy()
  }
}

async function answerOf(stream: ClientHttp2Stream, call: string): Promise<BackendAnswer> {
  const trailers: Record<string, string> = {}
  stream.on('trailers', (fields: object) => Object.assign(trailers, textOf(fields)))
  const [headers] = (await once(stream, 'response')) as [object]
  const chunks = (await stream.toArray()) as Uint8Array[]
  const fields = textOf(headers)
  const body = Object.assign(new WholeBody(call, Buffer.concat(chunks)), { trailers })
  return { status: Number(fields[constants.HTTP2_HEADER_STATUS]), headers: fields, body }
}

const textOf = (fields: object): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]))
