import type { FailureName } from '../../../src/http/failures.ts'
import { Fields } from '../../../src/http/fields.ts'
import { NO_BODY, type RequestHead, type ResponseHead } from '../../../src/http/head.ts'
import { ClientSession } from '../../../src/http/h2/client-session.ts'
import type { ClientStream, ClientStreamHandler } from '../../../src/http/h2/client-stream.ts'
import type { TurnWork } from '../../../src/http/turn.ts'
import type { FaultName } from '../../../src/http/h2/faults.ts'
import { http2UpstreamLimits, type Http2Limits } from '../../../src/http/h2/limits.ts'
import { Recorder, settings, settingsAck } from '../../support/http2/wire.ts'

/** A request of this method, to be changed. */
export function request(method = 'GET', more: Partial<RequestHead> = {}): RequestHead {
  return {
    method,
    scheme: 'http',
    authority: 'a.example',
    hostname: 'a.example',
    path: '/',
    query: '',
    version: 11,
    fields: new Fields(),
    length: NO_BODY,
    hasLength: false,
    keepAlive: true,
    upgrade: '',
    expectContinue: false,
    acceptsTrailers: false,
    trailer: '',
    hints: 0,
    ...more,
  }
}

/** One response as the client saw it. */
export class Answer implements ClientStreamHandler {
  readonly interim: number[] = []
  head: ResponseHead | null = null
  body = ''
  trailers: Fields | null = null
  ended = false
  upgraded: ResponseHead | null = null
  failure: FailureName | '' = ''
  detail = ''
  flushes = 0
  writable = 0

  onInformational(head: ResponseHead): void {
    this.interim.push(head.status)
  }

  onHead(head: ResponseHead): void {
    if (this.head !== null) throw new Error('a second head')
    this.head = head
  }

  onData(chunk: Buffer, start: number, end: number): void {
    if (this.over) throw new Error('data after the end')
    this.body += chunk.toString('latin1', start, end)
  }

  onEnd(trailers: Fields | null): void {
    if (this.over) throw new Error('a second end')
    this.ended = true
    this.trailers = trailers
  }

  onFlush(): void {
    this.flushes++
  }

  onUpgrade(head: ResponseHead): void {
    this.upgraded = head
  }

  onFailure(failure: FailureName, detail: string): void {
    if (this.over) throw new Error('a failure after the end')
    this.failure = failure
    this.detail = detail
  }

  onWritable(): void {
    this.writable++
  }

  get over(): boolean {
    return this.ended || this.failure !== ''
  }
}

/** A client's session with nothing around it. */
export class ClientBench {
  readonly transport = new Recorder()
  readonly session: ClientSession
  readonly malformed: string[] = []
  closed: FaultName | '' | null = null
  draining = 0
  available = 0
  nowMs = 1000
  private deferred: TurnWork[] = []

  /** `greeting` is what the server says first; null leaves that to the test. */
  constructor(
    limits: Partial<Http2Limits> = {},
    greeting: Buffer | null = Buffer.concat([settings(), settingsAck]),
  ) {
    this.session = new ClientSession({
      transport: this.transport,
      scheme: 'http',
      limits: { ...http2UpstreamLimits, ...limits },
      nowMs: this.nowMs,
      clock: { now: () => this.nowMs, defer: work => void this.deferred.push(work) },
      handler: {
        onAvailable: () => void this.available++,
        onDraining: () => void this.draining++,
        onMalformed: rejection => void this.malformed.push(rejection.rule),
        onClosed: fault => {
          this.closed = fault
        },
      },
    })
    if (greeting === null) return
    this.transport.take()
    this.session.receive(greeting)
    this.transport.take()
  }

  /** Sends a request; its stream and what becomes of it. */
  send(head = request()): { stream: ClientStream; answer: Answer } {
    const stream = this.session.request()
    if (stream === null) throw new Error('no stream is available')
    const answer = new Answer()
    stream.send(head, answer)
    stream.flush()
    this.turn()
    return { stream, answer }
  }

  says(...frames: readonly Buffer[]): string[] {
    this.session.receive(Buffer.concat(frames))
    return this.transport.said()
  }

  turn(): void {
    for (const work of this.deferred.splice(0)) work.endTurn()
  }
}
