import { once } from 'node:events'
import { request as requestHttp, Agent, type ClientRequest, type IncomingMessage } from 'node:http'
import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2'
import { Agent as SecureAgent, request as requestHttps } from 'node:https'
import type { Readable, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { Seen } from './until.ts'
import { MANY_MB } from './wire-server.ts'
import { clientTls, isSecure, speaksHttp2, type Wire } from './wires.ts'

type Headers = Readonly<Record<string, string | string[] | undefined>>

export interface Asked {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent whole; absent: the test writes and ends `request` itself, unless the method has no body. */
  readonly body?: string | Buffer
  readonly trailers?: Readonly<Record<string, string>>
}

export interface Head {
  readonly status: number
  readonly headers: Headers
}

/** One request and its response, as the client sees them. */
export interface Call {
  readonly request: Writable
  /** Interim responses as they come. */
  readonly interim: Seen<Head>
  /** Rejects where the request fails first. */
  readonly head: Promise<Head>
  /** The response's body; to be asked for after `head`. */
  readonly response: () => Readable
  /** After the end of the response. */
  readonly trailers: () => Headers
  /** Head, body and trailers; rejects where the response is not complete. */
  whole(): Promise<Whole>
  /** The client leaves. */
  abort(): void
}

export interface Whole extends Head {
  readonly body: Buffer
  readonly trailers: Headers
}

/** A client by others (node:http, node:https, node:http2) with one connection to the gateway. */
export interface WireClient extends AsyncDisposable {
  ask(asked?: Asked): Call
  send(asked?: Asked): Promise<Whole>
}

/** `settings` are those of HTTP/2. */
export function wireClient(
  wire: Wire,
  port: number,
  settings: { initialWindowSize?: number } = {},
): WireClient {
  return speaksHttp2(wire) ? new Http2Client(wire, port, settings) : new Http1Client(wire, port)
}

const bodiless = (asked: Asked): boolean =>
  asked.body === undefined && ['GET', 'HEAD', 'OPTIONS'].includes(asked.method ?? 'GET')

class Http1Client implements WireClient {
  private readonly agent: Agent
  private readonly wire: Wire
  private readonly port: number

  constructor(wire: Wire, port: number) {
    this.wire = wire
    this.port = port
    this.agent = isSecure(wire)
      ? new SecureAgent({ keepAlive: true, maxSockets: 1, ...clientTls })
      : new Agent({ keepAlive: true, maxSockets: 1 })
  }

  ask(asked: Asked = {}): Call {
    const { method = 'GET', path = '/', headers = {} } = asked
    const request = (isSecure(this.wire) ? requestHttps : requestHttp)({
      agent: this.agent,
      host: '127.0.0.1',
      port: this.port,
      method,
      path,
      headers: { Host: 'a.example', ...headers },
    })
    const call = new Http1Call(request)
    if (asked.trailers !== undefined) request.addTrailers(asked.trailers)
    if (asked.body !== undefined || bodiless(asked)) request.end(asked.body)
    else request.flushHeaders()
    return call
  }

  send(asked: Asked = {}): Promise<Whole> {
    return this.ask(asked).whole()
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.agent.destroy()
    return Promise.resolve()
  }
}

class Http1Call implements Call {
  readonly interim = new Seen<Head>()
  readonly head: Promise<Head>
  readonly request: ClientRequest
  private message: IncomingMessage | null = null

  constructor(request: ClientRequest) {
    this.request = request
    request.on('information', ({ statusCode: status, headers }) => this.interim.push({ status, headers }))
    this.head = new Promise((resolve, reject) => {
      request.on('error', reject)
      request.on('response', message => {
        this.message = message
        message.on('error', () => {})
        resolve({ status: message.statusCode ?? 0, headers: message.headers })
      })
    })
    this.head.catch(() => {})
  }

  response = (): Readable => this.message!
  trailers = (): Headers => this.message!.trailers

  async whole(): Promise<Whole> {
    const head = await this.head
    const body = await buffer(this.response())
    if (this.message?.complete !== true) throw new Error('the response is not complete')
    return { ...head, body, trailers: this.trailers() }
  }

  abort(): void {
    this.request.destroy()
  }
}

class Http2Client implements WireClient {
  readonly session: ClientHttp2Session

  constructor(wire: Wire, port: number, settings: object) {
    this.session = connect(`${isSecure(wire) ? 'https' : 'http'}://127.0.0.1:${port}`, {
      ...clientTls,
      settings,
      maxSessionMemory: MANY_MB,
    })
    this.session.on('error', () => {})
  }

  ask(asked: Asked = {}): Call {
    const { method = 'GET', path = '/', headers = {}, trailers, body } = asked
    const stream = this.session.request(
      { ':method': method, ':path': path, ':authority': 'a.example', ...headers },
      { endStream: bodiless(asked), waitForTrailers: trailers !== undefined },
    )
    if (trailers !== undefined) stream.on('wantTrailers', () => stream.sendTrailers(trailers))
    if (body !== undefined) stream.end(body)
    return new Http2Call(stream)
  }

  send(asked: Asked = {}): Promise<Whole> {
    return this.ask(asked).whole()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.session.destroy()
    if (!this.session.closed) await once(this.session, 'close')
  }
}

class Http2Call implements Call {
  readonly interim = new Seen<Head>()
  readonly head: Promise<Head>
  readonly request: ClientHttp2Stream
  private given: IncomingHttpHeaders = {}

  constructor(stream: ClientHttp2Stream) {
    this.request = stream
    stream.on('headers', (headers: IncomingHttpHeaders & IncomingHttpStatusHeader) =>
      this.interim.push({ status: headers[':status'] ?? 0, headers }),
    )
    stream.on('trailers', (trailers: IncomingHttpHeaders) => (this.given = trailers))
    this.head = new Promise((resolve, reject) => {
      stream.on('error', reject)
      stream.on('close', () => reject(new Error('the stream ended without a response')))
      stream.on('response', headers => resolve({ status: headers[':status'] ?? 0, headers }))
    })
    this.head.catch(() => {})
  }

  response = (): Readable => this.request
  // Without the symbol that Node adds.
  trailers = (): Headers => Object.fromEntries(Object.entries(this.given))

  async whole(): Promise<Whole> {
    const head = await this.head
    const body = await buffer(this.request)
    // Node tells of resets as errors, but of a session that has gone as an end.
    if (this.request.aborted) throw new Error('the response is not complete')
    return { ...head, body, trailers: this.trailers() }
  }

  abort(): void {
    this.request.close(8)
  }
}
