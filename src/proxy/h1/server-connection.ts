import type { Socket } from 'node:net'
import { authorityText } from '../../http/authority-text.ts'
import { Rejection, type FailureName } from '../../http/failures.ts'
import type { Fields } from '../../http/fields.ts'
import { forward, hopLines, incomingRequestId, plainAddress, type Hop } from '../../http/forwarded.ts'
import { CHUNKED, NO_BODY, type RequestHead, type ResponseHead } from '../../http/head.ts'
import { ChunkedReader } from '../../http/h1/chunked.ts'
import { RequestHeadReader } from '../../http/h1/request.ts'
import { newRequestId } from '../../http/request-id.ts'
import type { ClientSettings } from '../../snapshot/client-settings.ts'
import { cutOff } from '../cut-off.ts'
import type { Downstream } from '../downstream.ts'
import { ProxiedExchange } from '../proxied-exchange.ts'
import { LEAVE_MS, type ServingPort, type ServedConnection } from '../serving-port.ts'
import type { Remote } from '../remote.ts'
import { takenBytes, type Paced } from '../pace.ts'
import { Untaken } from '../untaken.ts'
import { Http1Response } from './response.ts'

/** Between requests, or in a request's head. */
const HEAD = 0
const BODY = 1
/** The request is complete, its response is not. */
const WAIT = 2
const TUNNEL = 3
/** Our last byte is sent; what the client still sends is read and dropped, so that it sees the answer and not a reset (RFC 9112 §9.6). */
const LINGER = 4
const CLOSED = 5

/** Requests begun in one go on one connection. Pipelined ones that are answered here would otherwise keep the worker from everybody else: 64 KiB of them take 40 ms. */
const TURN_REQUESTS = 32
/** Chunks of one read after which others have their turn before the next: one poll may read 2 MB, which are 350,000 chunks of a byte. */
const TURN_CHUNKS = 256
const LINGER_MS = 5_000
/** For how long the rest of a body that nobody wants is read and dropped, however much of it comes. */
const DROP_MS = 30_000
const LINGER_BYTES = 1024 * 1024
const DISCARD_BYTES = 64 * 1024

/** A client's connection speaking HTTP/1: reads requests one after another, and is the downstream of the current one. */
export class Http1ServerConnection implements Downstream, ServedConnection, Paced {
  private readonly socket: Socket
  private readonly server: ServingPort
  private readonly remote: Remote
  private hop: Hop
  private client: ClientSettings
  private reader: RequestHeadReader
  private readonly response: Http1Response
  private chunks: ChunkedReader | null = null
  private exchange: ProxiedExchange | null = null
  private phase = HEAD
  /** Bytes of the body still to come; CHUNKED. */
  private remaining = 0
  private keepAlive = true
  private inTurn = false
  /** Chunks of the body in this turn. */
  private pieces = 0
  private resting = false
  private congested = false
  /** Pipelined bytes, or what came while the client did not read; the socket is paused as long as there are any. */
  private pending: Buffer | null = null
  private paused = false
  private requests = 0
  /** Coarse time of the last progress. */
  private touchedMs: number
  /** When the first byte of a head came that is not whole; 0 where there is none. */
  private headSinceMs = 0
  private lingered = 0
  /** Since when what comes is dropped. */
  private dropSinceMs = 0
  private readonly untaken = new Untaken()
  /** The client has ended its direction. */
  private clientEnded = false

  /** `certificate` is the field that tells upstreams of the client's certificate. */
  constructor(socket: Socket, server: ServingPort, remote: Remote, certificate: Hop['certificate'] = null) {
    this.socket = socket
    this.remote = remote
    this.server = server
    this.client = server.runtime.port.client
    const hop: Hop = {
      remoteAddress: remote.address,
      localPort: server.localPort,
      scheme: server.scheme,
      policy: this.client,
      certificate,
    }
    this.hop = { ...hop, lines: hopLines(hop) }
    this.reader = new RequestHeadReader(this.client, server.scheme)
    this.response = new Http1Response(socket)
    this.touchedMs = server.clock.nowMs
    socket.on('data', chunk => this.receive(chunk))
    socket.on('drain', () => this.drained())
    socket.on('end', () => this.ended())
    socket.on('error', () => this.gone())
    socket.on('close', () => this.gone())
  }

  // Reading.

  /** Takes what has arrived, also what somebody else has read before. */
  receive(chunk: Buffer): void {
    this.touchedMs = this.server.clock.nowMs
    this.inTurn = true
    let at = 0
    let heads = 0
    while (at < chunk.length) {
      if (this.phase === HEAD && !this.congested) {
        if (++heads > TURN_REQUESTS) {
          this.hold(chunk, at)
          setImmediate(nextTurn, this)
          break
        }
        at = this.readHead(chunk, at)
      } else if (this.phase === BODY) at = this.readBody(chunk, at)
      else if (this.phase === TUNNEL) {
        this.exchange?.onRequestData(chunk, at, chunk.length)
        at = chunk.length
      } else if (this.phase === LINGER) at = this.drop(chunk, at)
      else if (this.phase === CLOSED) break
      else {
        this.hold(chunk, at)
        break
      }
    }
    this.inTurn = false
    this.exchange?.onRequestFlush()
    if (this.pieces > TURN_CHUNKS) this.rest()
    this.pieces = 0
  }

  /** Nothing is read before the next turn, even if the upstream, who takes all, asks for more at once. */
  private rest(): void {
    if (this.paused || this.phase !== BODY) return
    this.pause()
    this.resting = true
    setImmediate(nextRead, this)
  }

  rested(): void {
    this.resting = false
    this.resume()
  }

  private readHead(chunk: Buffer, at: number): number {
    const head = this.reader.read(chunk, at)
    if (head === null) {
      // An empty line after a body, as old clients send it, is no head (RFC 9112 §2.2).
      if (this.headSinceMs === 0 && this.reader.begun) this.headSinceMs = performance.now()
      return chunk.length
    }
    const sinceMs = this.headSinceMs
    this.headSinceMs = 0
    if (head instanceof Rejection) {
      this.reject(head)
      return chunk.length
    }
    const next = this.reader.consumed
    this.begin(head, sinceMs)
    return next
  }

  /** `sinceMs`: when its first byte came, where it did not come in one go; otherwise 0. */
  private begin(head: RequestHead, sinceMs: number): void {
    const { runtime } = this.server
    const { client } = runtime.port
    this.requests++
    this.response.reset()
    this.keepAlive =
      head.keepAlive && (client.requestsPerConnection === 0 || this.requests < client.requestsPerConnection)
    this.remaining = head.length
    this.phase = head.length === NO_BODY ? WAIT : BODY
    if (head.length === CHUNKED) (this.chunks ??= new ChunkedReader()).reset()
    if (head.authority === '') head.authority = addressed(this.socket)
    const id = incomingRequestId(head, this.hop.policy.trustedHops) || newRequestId()
    const address = forward(head, this.hop, id)
    const x = new ProxiedExchange(
      this,
      runtime,
      head,
      id,
      address,
      this.hop.localPort,
      this.remote.peerAddress,
      this.remote.certificate,
    )
    x.remote = this.remote
    this.exchange = x
    if (sinceMs !== 0) x.tell().headMs = x.startedMs - sinceMs
    x.begin()
  }

  private readBody(chunk: Buffer, at: number): number {
    if (this.remaining === CHUNKED) return this.readChunked(chunk, at)
    const next = Math.min(chunk.length, at + this.remaining)
    this.remaining -= next - at
    this.takeBody(chunk, at, next)
    if (this.remaining === 0) this.requestComplete(null)
    return next
  }

  private readChunked(chunk: Buffer, at: number): number {
    const chunks = this.chunks!
    const next = chunks.read(chunk, at, chunk.length, this.sink)
    if (chunks.rejection !== null) this.breakRequest(chunks.rejection)
    else if (chunks.done) this.requestComplete(chunks.trailers)
    return next
  }

  private readonly sink = {
    data: (chunk: Buffer, start: number, end: number): void => {
      this.pieces++
      this.takeBody(chunk, start, end)
    },
  }

  private takeBody(chunk: Buffer, start: number, end: number): void {
    if (this.exchange !== null) return this.exchange.onRequestData(chunk, start, end)
    this.lingered += end - start
    if (this.lingered > LINGER_BYTES) this.close()
  }

  private requestComplete(trailers: Fields | null): void {
    if (this.phase !== BODY) return
    if (this.exchange === null) return this.ready()
    this.phase = WAIT
    this.exchange.onRequestEnd(trailers)
  }

  /** The body broke the rules after its head was accepted: nobody may take it for complete. */
  private breakRequest(rejection: Rejection): void {
    const x = this.exchange
    this.keepAlive = false
    if (x === null) return this.destroy()
    // The answer may take a while (steps of the response): nothing more is read of this body.
    this.phase = WAIT
    x.onRejection(rejection)
  }

  /** The head broke the rules: there is no exchange, and nothing after it can be trusted to be a request. */
  private reject(rejection: Rejection): void {
    this.response.refuse(rejection, this.server.rejected(rejection, this.remote))
    this.close()
  }

  // Downstream: the response.

  informational(head: ResponseHead): void {
    this.response.interim(head)
  }

  continue(): void {
    this.response.continue()
  }

  head(head: ResponseHead): void {
    const { request, local } = this.exchange!
    if (local && this.phase === BODY && !this.worthReading(request)) this.keepAlive = false
    if (this.server.draining) this.keepAlive = false
    this.keepAlive = this.response.begin(head, request, this.keepAlive)
  }

  data(chunk: Buffer, start: number, end: number, lent: boolean): void {
    this.response.data(chunk, start, end, lent)
  }

  end(trailers: Fields | null): void {
    this.response.end(trailers)
    this.exchange = null
    // A head that was sent before a drain began did not say so: its client may be about to ask again.
    if (!this.keepAlive || this.server.revoked) return this.close()
    this.congested = !this.response.flush()
    if (this.phase === BODY) return this.discardBody()
    this.ready()
    // The upstream may have answered without taking all of the body, and its "drain" then concerns nobody any more.
    if (this.paused) this.resume()
    if (!this.inTurn && this.pending !== null && !this.congested) this.next()
  }

  /** Between two requests. */
  private ready(): void {
    this.phase = HEAD
    const { client } = this.server.runtime.port
    if (client !== this.client) {
      this.client = client
      this.hop = { ...this.hop, policy: client }
      this.reader = new RequestHeadReader(client, this.server.scheme)
    }
  }

  /** The response came before the request's end: what is left of the body is read and dropped, if that is not too much. */
  private discardBody(): void {
    this.lingered = 0
    this.dropSinceMs = this.server.clock.nowMs
    if (this.remaining > LINGER_BYTES) return this.close()
    this.resume()
  }

  /** Whether the rest of a body that nobody wants should be read, to keep the connection. */
  private worthReading(request: RequestHead): boolean {
    return this.response.mayExpectBody(request) && this.remaining >= 0 && this.remaining <= DISCARD_BYTES
  }

  get clear(): boolean {
    return this.socket.writableLength === 0
  }

  flush(): boolean {
    this.touchedMs = this.server.clock.nowMs
    return this.response.flush()
  }

  abort(): void {
    // Chunks or a length tell that something is missing; without them only a reset does. It is the exception, because
    // a reset also takes from the client what it has not read yet.
    if (!this.response.untilClose) return this.close()
    this.response.send()
    this.cutOff()
  }

  /** Nothing of HTTP/1 says that a request was not looked at. */
  refuse(): boolean {
    return false
  }

  pause(): void {
    if (this.paused) return
    this.paused = true
    this.socket.pause()
  }

  resume(): void {
    if (!this.paused || this.resting || this.pending !== null) return
    this.paused = false
    this.socket.resume()
  }

  upgrade(head: ResponseHead): void {
    this.response.interim(head)
    this.phase = TUNNEL
    if (!this.inTurn && this.pending !== null) this.next()
    else if (this.clientEnded) this.exchange?.onRequestEnd(null)
  }

  endTunnel(): void {
    this.response.send()
    this.socket.end()
  }

  // What the connection does by itself.

  /** Others have had their turn. */
  turned(): void {
    if (this.phase === HEAD && this.pending !== null && !this.congested) this.next()
  }

  /** Takes up what was held back. */
  private next(): void {
    const pending = this.pending!
    this.pending = null
    this.resume()
    this.receive(pending)
    if (this.clientEnded) this.ended()
  }

  private hold(chunk: Buffer, at: number): void {
    this.pending = at === 0 ? chunk : chunk.subarray(at)
    this.pause()
  }

  private drained(): void {
    this.touchedMs = this.server.clock.nowMs
    if (this.congested) {
      this.congested = false
      if (this.pending !== null) this.next()
    } else this.exchange?.onDownstreamWritable()
  }

  /**
   * The client ended its direction. While it waits for an answer that means that it left, as for NGINX and Envoy,
   * unless its ClientPolicy says otherwise.
   */
  private ended(): void {
    const serve = this.client.halfClose === 'serve'
    this.clientEnded = true
    if (this.phase === TUNNEL) return this.exchange?.onRequestEnd(null)
    // What is held back has come before the end, and `next` comes back here.
    if (serve && this.pending !== null) return
    // What was answered before may still be on its way to a slow client: it gets all of that.
    if (this.phase === LINGER) this.socket.end()
    else if (this.phase === HEAD && !this.reader.begun) this.close()
    else if (this.phase === WAIT && serve) this.keepAlive = false
    else this.destroy()
  }

  private gone(): void {
    if (this.phase === CLOSED && this.exchange === null) return
    this.destroy()
  }

  private drop(chunk: Buffer, at: number): number {
    this.lingered += chunk.length - at
    if (this.lingered > LINGER_BYTES) this.destroy()
    return chunk.length
  }

  private close(): void {
    this.response.send()
    this.exchange = null
    this.phase = LINGER
    this.touchedMs = this.dropSinceMs = this.server.clock.nowMs
    this.pending = null
    this.socket.end()
    this.resume()
  }

  /** Ends the connection at once; an exchange under way has lost its client. */
  destroy(): void {
    this.leave()
    this.socket.destroy()
  }

  /** The same for a client that must not take what it has for all there is. */
  private cutOff(): void {
    this.leave()
    cutOff(this.socket)
  }

  private leave(): void {
    const x = this.exchange
    this.exchange = null
    this.phase = CLOSED
    this.pending = null
    x?.onGone()
  }

  // What the server asks of it.

  /** Bytes that wait because the client is slow, with what to take or with a head. */
  get bufferedBytes(): number {
    return this.socket.writableLength + (this.pending?.length ?? 0) + this.reader.heldBytes
  }

  /** Before a whole head, or after the last answer; what was answered has left. */
  get idle(): boolean {
    const between = this.phase === HEAD && this.pending === null
    return (between || this.phase === LINGER || this.discarding) && this.socket.writableLength === 0
  }

  /** The rest of a request that has been answered. */
  private get discarding(): boolean {
    return this.phase === BODY && this.exchange === null
  }

  /** Nothing of a request is here. */
  private get unasked(): boolean {
    return this.phase === HEAD && !this.reader.begun && this.pending === null
  }

  /** Closes it if nothing is under way and its listener has gone, or trusts other clients. */
  closeIfUnwanted(): void {
    // A tunnel has no answer after which it could be closed.
    if (this.phase === TUNNEL && this.server.revoked) this.destroy()
    else if (this.server.draining) this.closeIfIdle()
  }

  /** Closes it if nothing is under way (drain). */
  closeIfIdle(): void {
    if (this.unasked) this.close()
  }

  /** The next response says it. */
  takeLeave(): void {}

  /** Called about once a second: enforces what has a time limit of seconds, without a timer per request. */
  sweep(nowMs: number): void {
    const { client } = this.server.runtime.port
    const { overload } = this.server.runtime
    const still = nowMs - this.touchedMs
    const tunnelMs = this.phase === TUNNEL ? this.exchange?.silenceMs : undefined
    const patienceMs = tunnelMs ?? client.bodyIdleTimeoutMs
    if (this.untaken.look(this.socket, nowMs) > overload.patience(patienceMs)) this.destroy()
    else if (this.phase === HEAD) {
      const headMs = this.headSinceMs === 0 ? 0 : nowMs - this.headSinceMs
      if (headMs > overload.patience(client.headTimeoutMs)) this.reject(headTimeout)
      // One that was reading the rest of a body when the drain began has become idle after it.
      else if (this.unasked && still > (this.server.draining ? LEAVE_MS : client.idleTimeoutMs)) this.close()
    } else if (this.phase === LINGER) this.sweepLinger(nowMs)
    else if (this.discarding && nowMs - this.dropSinceMs > DROP_MS) this.close()
    else {
      if (this.exchange?.run?.watched === true) this.exchange.run.look(this, nowMs)
      this.sweepExchange(still, client.bodyIdleTimeoutMs)
    }
  }

  private sweepLinger(nowMs: number): void {
    // A slow client that is still taking the response has as long as in the middle of it.
    if (this.socket.writableLength > 0) this.touchedMs = this.dropSinceMs = nowMs
    else if (nowMs - this.touchedMs > LINGER_MS || nowMs - this.dropSinceMs > DROP_MS) this.destroy()
  }

  // Paced.

  get reading(): boolean {
    return this.phase === BODY && !this.paused
  }

  get takenBytes(): number {
    return takenBytes(this.socket)
  }

  giveUp(failure: FailureName): void {
    // The rest of the body is not worth the wait.
    this.keepAlive = false
    this.exchange?.fail(failure, 'pressure')
    // What is not taken is not kept either, by us or by the system.
    if (failure === 'http_response_not_taken') this.cutOff()
  }

  private sweepExchange(stillMs: number, bodyIdleMs: number): void {
    if (this.phase === TUNNEL) {
      if (this.exchange !== null && stillMs <= this.exchange.silenceMs) return
      this.exchange?.fail('http_response_timeout', 'idle')
      this.destroy()
    } else if (this.socket.writableLength > 0) return
    else if (this.phase === BODY && !this.paused) {
      if (stillMs > bodyIdleMs) this.bodyTimeout()
    } else if (this.exchange !== null && stillMs > this.exchange.silenceMs)
      this.exchange.fail('http_response_timeout', 'timeouts.silence')
  }

  private bodyTimeout(): void {
    if (this.exchange === null) return this.close()
    // The rest of the body, should it come after all, is not worth the wait.
    this.keepAlive = false
    this.exchange.fail('http_request_timeout', 'body')
  }
}

const headTimeout = new Rejection(
  408,
  'head_timeout',
  'The request head did not arrive in time (spec.timeouts.head)',
)

const nextTurn = (connection: Http1ServerConnection): void => connection.turned()
const nextRead = (connection: Http1ServerConnection): void => connection.rested()

/** What a client that names no host (HTTP/1.0 may) has asked for: the address that it connected to (RFC 9112 §3.3). */
function addressed({ localAddress = '', localPort = 0 }: Socket): string {
  return authorityText(plainAddress(localAddress), localPort)
}
