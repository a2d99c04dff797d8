import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2'
import { CallFailure } from '../../src/composition/calls/failure.ts'
import type {
  AnswerBody,
  BackendAnswer,
  BackendRequest,
  Transport,
} from '../../src/composition/transport/transport.ts'

/** Backends of gRPC by Node's own HTTP/2, for tests of what stands above a transport. */
export class H2Transport implements Transport, AsyncDisposable {
  readonly retries = true
  private readonly sessions = new Map<string, ClientHttp2Session>()

  async send(request: BackendRequest): Promise<BackendAnswer> {
    const stream = this.session(request.url.origin).request({
      ...request.headers,
      ':method': request.method,
      ':path': request.target,
    })
    const abort = () => stream.close(8)
    request.signal.addEventListener('abort', abort)
    stream.once('close', () => request.signal.removeEventListener('abort', abort))
    void sent(stream, request.body)
    const { promise, resolve, reject } = Promise.withResolvers<BackendAnswer>()
    let trailers: Record<string, string> = {}
    stream.on('trailers', (fields: IncomingHttpHeaders) => (trailers = flat(fields)))
    stream.once('error', cause =>
      reject(new CallFailure('connection_terminated', request.call, '', { cause })),
    )
    stream.once('close', () => reject(new CallFailure('connection_terminated', request.call)))
    stream.once('response', headers => {
      const body: AnswerBody = {
        [Symbol.asyncIterator]: () => chunksOf(stream, request),
        get trailers() {
          return trailers
        },
        bytes: async () => Buffer.concat(await Array.fromAsync(chunksOf(stream, request))),
        cancel: () => stream.close(8),
      }
      resolve({ status: Number(headers[':status']), headers: flat(headers), body })
    })
    return await promise
  }

  private session(origin: string): ClientHttp2Session {
    let session = this.sessions.get(origin)
    if (session === undefined || session.destroyed) {
      session = connect(origin)
      session.on('error', () => undefined)
      this.sessions.set(origin, session)
    }
    return session
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.sessions.values()) session.destroy()
    await Promise.resolve()
  }
}

async function sent(stream: ClientHttp2Stream, body: BackendRequest['body']): Promise<void> {
  if (body === null || body instanceof Uint8Array) return void stream.end(body ?? undefined)
  try {
    for await (const chunk of body) {
      if (stream.closed || stream.destroyed) return
      if (!stream.write(chunk))
        await new Promise(resolve => stream.once('drain', resolve).once('close', resolve))
    }
    stream.end()
  } catch {
    stream.close(8)
  }
}

async function* chunksOf(
  stream: ClientHttp2Stream,
  { call, signal }: BackendRequest,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of stream) yield chunk as Uint8Array
    if (stream.rstCode !== 0) throw new CallFailure('http_response_incomplete', call)
  } catch (cause) {
    throw signal.aborted ? signal.reason : new CallFailure('http_response_incomplete', call, '', { cause })
  }
}

function flat(headers: IncomingHttpHeaders): Record<string, string> {
  const all: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !name.startsWith(':'))
      all[name] = Array.isArray(value) ? value.join(', ') : value
  return all
}
