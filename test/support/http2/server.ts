import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Rejection } from '../../../src/http/failures.ts'
import type { Fields } from '../../../src/http/fields.ts'
import type { RequestHead, ResponseHead } from '../../../src/http/head.ts'
import type { FaultName } from '../../../src/http/h2/faults.ts'
import { http2Limits, type Http2Limits } from '../../../src/http/h2/limits.ts'
import type { RequestPolicy } from '../../../src/http/h2/request-head.ts'
import { ServerSession } from '../../../src/http/h2/server-session.ts'
import type { ServerStream, ServerStreamHandler } from '../../../src/http/h2/server-stream.ts'
import { SocketTransport } from '../../../src/http/h2/socket-transport.ts'
import { localHead } from '../../../src/http/local.ts'

export const policy: RequestPolicy = {
  requestLineBytes: 8192,
  fieldBytes: 8192,
  headBytes: 32_768,
  fieldCount: 100,
  underscores: 'reject',
  encodedSlash: 'keep',
  emptySegments: 'keep',
  illegalCharacters: 'encode',
}

/** How a request is answered; the stream's handler may be set for what follows. */
export type Answer = (stream: ServerStream, head: RequestHead) => void

/** A small server made of sessions on plain sockets (h2c with prior knowledge), for clients written by others. */
export class H2Server implements AsyncDisposable {
  readonly faults: (FaultName | '')[] = []
  readonly rejections: Rejection[] = []
  readonly sessions = new Set<ServerSession>()
  private readonly server: Server
  private readonly sweeper: NodeJS.Timeout

  private constructor(server: Server) {
    this.server = server
    this.sweeper = setInterval(() => {
      for (const session of this.sessions) session.sweep(performance.now())
    }, 500)
  }

  static async start(answer: Answer, limits: Http2Limits = http2Limits, port = 0): Promise<H2Server> {
    const server = createServer({ noDelay: true, allowHalfOpen: true })
    const own = new H2Server(server)
    server.on('connection', socket => own.accept(socket, answer, limits))
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return own
  }

  get port(): number {
    const address: AddressInfo | string | null = this.server.address()
    if (address === null || typeof address === 'string') throw new Error('not listening')
    return address.port
  }

  private accept(socket: Socket, answer: Answer, limits: Http2Limits): void {
    const session = new ServerSession({
      transport: new SocketTransport(socket),
      policy,
      scheme: 'http',
      limits,
      nowMs: performance.now(),
      handler: {
        onRequest: answer,
        onRefused: (stream, rejection) => {
          this.rejections.push(rejection)
          respond(stream, localHead(rejection.status, ['x-rule', rejection.rule], 0), null)
        },
        onMalformed: rejection => this.rejections.push(rejection),
        onClosed: fault => {
          this.faults.push(fault)
          this.sessions.delete(session)
        },
      },
    })
    this.sessions.add(session)
    socket.on('data', chunk => session.receive(chunk))
    socket.on('drain', () => session.drained())
    // Who has nothing more to say and is not answered any more, is gone.
    socket.on('end', () => (session.idle || session.closed ? socket.end() : undefined))
    socket.on('error', () => socket.destroy())
    socket.on('close', () => session.lost())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.sweeper)
    for (const session of this.sessions) session.destroy()
    const closed = once(this.server, 'close')
    this.server.close()
    await closed
  }
}

/** Answers with a body in one piece. */
export function respond(
  stream: ServerStream,
  head: ResponseHead,
  body: Buffer | null,
  trailers: Fields | null = null,
): void {
  stream.head(head)
  if (body !== null) stream.data(body, 0, body.length)
  stream.end(trailers)
}

/** A handler that lets everything pass; to be spread and changed. */
export const indifferent: ServerStreamHandler = {
  onRequestData: () => {},
  onRequestEnd: () => {},
  onRequestFlush: () => {},
  onDownstreamWritable: () => {},
  onRejection: () => {},
  onHeadRefused: () => {},
  onGone: () => {},
}

const body = Buffer.alloc(200, 'x')

/** 200 with 200 bytes, once the request is complete. */
export const answerSmall: Answer = (stream, head) => {
  if (head.length === 0)
    return respond(stream, localHead(200, ['Content-Type', 'application/json'], body.length), body)
  stream.handler = {
    ...indifferent,
    onRequestEnd: () =>
      respond(stream, localHead(200, ['Content-Type', 'application/json'], body.length), body),
    onRejection: rejection => respond(stream, localHead(rejection.status, [], 0), null),
  }
}

// Run by itself, it is what is measured: see docs/adr/0005-own-http2-codec.md.
if (process.argv[1] === import.meta.filename) {
  const wide: Http2Limits = { ...http2Limits, streams: 1000 }
  await H2Server.start(answerSmall, wide, Number(process.argv[2] ?? 8080))
}
