import { createServer, constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { codeName } from '../../../composition/grpc/codes.ts'
import { envelope, messagesOf, type Reading } from '../../../composition/grpc/envelopes.ts'
import { percentEncode } from '../../../http/grpc/answer.ts'
import type { ServiceContract } from '../folder/services.ts'
import { codeWished, GrpcMock, type MockedMethod } from './grpc-mock.ts'
import { listening, type MockServer, type Told } from './listening.ts'

const { HTTP2_HEADER_STATUS, HTTP2_HEADER_CONTENT_TYPE, HTTP2_HEADER_PATH } = constants
const [OK, INVALID_ARGUMENT, UNIMPLEMENTED] = [0, 3, 12]
const LIMIT_BYTES = 4 * 1024 * 1024

interface Ending {
  readonly code: number
  readonly message: string
}

/** Serves them on an address, by HTTP/2 without TLS. Throws a CommandFailure where that is taken. */
export async function serveServices(
  contract: ServiceContract,
  host: string,
  port: number,
  told: Told,
): Promise<MockServer<ServiceContract>> {
  let mock = new GrpcMock(contract)
  const sessions = new Set<ServerHttp2Session>()
  const server = createServer()
  server.on('session', session => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
  })
  server.on('stream', (stream, headers) => {
    // A client that leaves has nothing else to be told of.
    stream.on('error', () => undefined)
    const path = String(headers[HTTP2_HEADER_PATH])
    const prefer = headers['prefer']
    void answer(stream, {
      method: mock.find(path),
      path,
      isGrpc: /^application\/grpc/i.test(String(headers[HTTP2_HEADER_CONTENT_TYPE] ?? '')),
      encoding: String(headers['grpc-encoding'] ?? 'identity'),
      wished: codeWished(Array.isArray(prefer) ? prefer.join(', ') : prefer),
    }).then(({ code, message }) =>
      told({
        status: codeName(code).toUpperCase(),
        colour: code === OK ? 'good' : code === UNIMPLEMENTED ? 'error' : 'warning',
        asked: path.slice(1),
        known: code === OK || message === '' ? null : message,
      }),
    )
  })
  return {
    name: contract.name,
    port: await listening(server, host, port, contract.name),
    take: next => void (mock = new GrpcMock(next)),
    close: async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      server.close(() => resolve())
      for (const session of sessions) session.destroy()
      await promise
    },
  }
}

interface Call {
  readonly method: MockedMethod | null
  readonly path: string
  readonly isGrpc: boolean
  readonly encoding: string
  readonly wished: number | null
}

/** Resolves with how the call ended. */
async function answer(stream: ServerHttp2Stream, call: Call): Promise<Ending> {
  const { method, path, isGrpc, wished } = call
  if (!isGrpc) {
    stream.respond({ [HTTP2_HEADER_STATUS]: 415 }, { endStream: true })
    return { code: INVALID_ARGUMENT, message: 'it is no gRPC' }
  }
  if (wished !== null) return ended(stream, { code: wished, message: 'As it was asked for' })
  if (method === null) return ended(stream, { code: UNIMPLEMENTED, message: `The contract has no ${path}` })
  let ending: Ending = { code: OK, message: '' }
  const frames = async function* (): AsyncGenerator<Uint8Array> {
    try {
      // What stops to read before the end must not end the stream, on which it still has something to say.
      const body = stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
      for await (const message of method.messages(messagesOf(body, reading(call.encoding))))
        yield envelope(0, message)
    } catch (error) {
      stream.resume()
      ending = { code: INVALID_ARGUMENT, message: error instanceof Error ? error.message : String(error) }
    }
  }
  stream.respond(head, { waitForTrailers: true })
  stream.once('wantTrailers', () => stream.sendTrailers(statusOf(ending)))
  try {
    await pipeline(Readable.from(frames(), { objectMode: false }), stream)
  } catch {
    return { code: 1, message: 'the client has left' }
  }
  return ending
}

const head = { [HTTP2_HEADER_STATUS]: 200, [HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc+proto' }

/** A status that is all there is (Trailers-Only). */
function ended(stream: ServerHttp2Stream, ending: Ending): Ending {
  // What is sent is of no interest, and must not stand in the way of others on its connection.
  stream.resume()
  stream.respond({ ...head, ...statusOf(ending) }, { endStream: true })
  return ending
}

const statusOf = ({ code, message }: Ending): Record<string, string> => ({
  'grpc-status': String(code),
  ...(message !== '' && { 'grpc-message': percentEncode(message) }),
})

const reading = (encoding: string): Reading => ({
  limitBytes: LIMIT_BYTES,
  encoding,
  wrong: (_, message, cause) => new Error(message, { cause }),
})
