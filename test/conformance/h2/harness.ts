import type { Rejection } from '../../../src/http/failures.ts'
import type { Fields } from '../../../src/http/fields.ts'
import type { RequestHead } from '../../../src/http/head.ts'
import type { TurnWork } from '../../../src/http/turn.ts'
import type { FaultName } from '../../../src/http/h2/faults.ts'
import { http2Limits, type Http2Limits } from '../../../src/http/h2/limits.ts'
import type { RequestPolicy } from '../../../src/http/h2/request-head.ts'
import type { SharedStreams } from '../../../src/http/h2/shared-streams.ts'
import { ServerSession } from '../../../src/http/h2/server-session.ts'
import type { ServerStream, ServerStreamHandler } from '../../../src/http/h2/server-stream.ts'
import { policy, respond } from '../../support/http2/server.ts'
import { localHead } from '../../../src/http/local.ts'
import { Recorder, hello } from '../../support/http2/wire.ts'

/** One request as the server saw it. */
export class Seen implements ServerStreamHandler {
  readonly stream: ServerStream
  readonly head: RequestHead
  body = ''
  trailers: Fields | null = null
  ended = false
  gone = false
  flushes = 0
  writable = 0
  rejection = ''

  constructor(stream: ServerStream, head: RequestHead) {
    this.stream = stream
    this.head = head
  }

  onRequestData(chunk: Buffer, start: number, end: number): void {
    this.body += chunk.toString('latin1', start, end)
  }

  onRequestEnd(trailers: Fields | null): void {
    this.ended = true
    this.trailers = trailers
  }

  onRequestFlush(): void {
    this.flushes++
  }

  onDownstreamWritable(): void {
    this.writable++
  }

  onRejection(rejection: Rejection): void {
    this.rejection = rejection.rule
    respond(this.stream, localHead(rejection.status, [], 0), null)
  }

  onHeadRefused(): void {
    respond(this.stream, localHead(502, [], 0), null)
  }

  onGone(): void {
    this.gone = true
  }
}

export interface ServerSetup {
  readonly limits?: Partial<Http2Limits>
  readonly policy?: Partial<RequestPolicy>
  readonly shared?: SharedStreams
  /** Body of the answer to requests that are refused. */
  readonly answer?: Buffer
  /** Without it the client's preface and settings are sent and acknowledged. */
  readonly raw?: boolean
}

/** A server's session with nothing around it: time and transport are the test's. */
export class ServerBench {
  nowMs = 1000
  readonly transport = new Recorder()
  readonly requests: Seen[] = []
  /** Rules of requests that were refused with an answer, and of malformed ones. */
  readonly refused: string[] = []
  readonly malformed: string[] = []
  /** Content-Type of what was refused. */
  readonly refusedTypes: (string | undefined)[] = []
  closed: FaultName | '' | null = null
  readonly session: ServerSession
  private deferred: TurnWork[] = []

  constructor(setup: ServerSetup = {}) {
    this.session = new ServerSession({
      transport: this.transport,
      policy: { ...policy, ...setup.policy },
      scheme: 'http',
      limits: { ...http2Limits, ...setup.limits },
      nowMs: this.nowMs,
      ...(setup.shared === undefined ? {} : { shared: setup.shared }),
      clock: { now: () => this.nowMs, defer: work => void this.deferred.push(work) },
      handler: {
        onRequest: (stream, head) => {
          const seen = new Seen(stream, head)
          stream.handler = seen
          this.requests.push(seen)
        },
        onRefused: (stream, rejection, contentType) => {
          this.refused.push(rejection.rule)
          this.refusedTypes.push(contentType)
          respond(stream, localHead(rejection.status, [], setup.answer?.length ?? 0), setup.answer ?? null)
        },
        onMalformed: rejection => void this.malformed.push(rejection.rule),
        onClosed: fault => {
          this.closed = fault
        },
      },
    })
    if (setup.raw === true) return
    this.session.receive(hello)
    this.transport.take()
  }

  get last(): Seen {
    const seen = this.requests.at(-1)
    if (seen === undefined) throw new Error('no request has come')
    return seen
  }

  /** Gives the session what a client says, in one piece; returns what it says. */
  says(...frames: readonly Buffer[]): string[] {
    this.session.receive(Buffer.concat(frames))
    return this.transport.said()
  }

  /** The event loop's turn ends. */
  turn(): string[] {
    this.runDeferred()
    return this.transport.said()
  }

  runDeferred(): void {
    for (const work of this.deferred.splice(0)) work.endTurn()
  }
}
