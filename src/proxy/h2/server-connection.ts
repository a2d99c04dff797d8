import type { Socket } from 'node:net'
import type { Rejection } from '../../http/failures.ts'
import { forward, hopLines, incomingRequestId, type Hop } from '../../http/forwarded.ts'
import { CANCEL, FRAME_BYTES } from '../../http/h2/codes.ts'
import type { FaultName } from '../../http/h2/faults.ts'
import { http2Limits, type Http2Limits } from '../../http/h2/limits.ts'
import { ServerSession, type ServerHandler } from '../../http/h2/server-session.ts'
import type { ServerStream } from '../../http/h2/server-stream.ts'
import { SocketTransport } from '../../http/h2/socket-transport.ts'
import type { RequestHead } from '../../http/head.ts'
import { localHead } from '../../http/local.ts'
import { newRequestId } from '../../http/request-id.ts'
import type { ClientSettings } from '../../snapshot/client-settings.ts'
import { ProxiedExchange } from '../proxied-exchange.ts'
import { rejectionResponse } from '../failure.ts'
import { grpcRefusal } from '../grpc/answer.ts'
import type { ServingPort, ServedConnection } from '../serving-port.ts'
import type { Remote } from '../remote.ts'
import { StreamPace } from './pace.ts'
import { Untaken } from '../untaken.ts'

/** After our last byte the client gets this long to end the connection. */
const LINGER_MS = 5_000

/** Of a connection that is made under this policy. */
function limitsOf({ streams, headBytes, stallTimeoutMs, headTimeoutMs }: ClientSettings): Http2Limits {
  // A head that is somewhat too large is answered; one that is far too large costs the connection.
  const headBlockBytes = Math.max(http2Limits.headBlockBytes, 2 * headBytes)
  return {
    ...http2Limits,
    headBlockBytes,
    continuations: Math.max(http2Limits.continuations, Math.ceil(headBlockBytes / FRAME_BYTES)),
    streams,
    stallMs: stallTimeoutMs,
    headTimeoutMs,
    settingsTimeoutMs: headTimeoutMs,
  }
}

/** A client's connection speaking HTTP/2: each of its streams is the downstream of an exchange. */
export class Http2ServerConnection implements ServerHandler, ServedConnection {
  private readonly socket: Socket
  private readonly host: ServingPort
  private readonly session: ServerSession
  private readonly remote: Remote
  private hop: Hop
  private requests = 0
  /** Coarse time of the last request that was under way, or of the end. */
  private busyMs: number
  private over = false
  private readonly untaken = new Untaken()
  private readonly sinceMs: number
  /** Of its requests some were refused for there is too much to do, since the last sweep. */
  private shed = false

  /** `certificate` is the field that tells upstreams of the client's certificate. */
  constructor(socket: Socket, host: ServingPort, remote: Remote, certificate: Hop['certificate'] = null) {
    this.socket = socket
    this.remote = remote
    this.host = host
    this.busyMs = host.clock.nowMs
    this.sinceMs = host.clock.nowMs
    const { client } = host.runtime.port
    const hop: Hop = {
      remoteAddress: remote.address,
      localPort: host.localPort,
      scheme: host.scheme,
      policy: client,
      certificate,
    }
    this.hop = { ...hop, lines: hopLines(hop) }
    this.session = new ServerSession({
      transport: new SocketTransport(socket),
      handler: this,
      policy: client,
      scheme: host.scheme,
      limits: limitsOf(client),
      shared: host.shared,
      nowMs: host.clock.nowMs,
    })
    socket.on('data', chunk => this.receive(chunk))
    socket.on('drain', () => this.session.drained())
    socket.on('end', () => this.gone())
    socket.on('error', () => this.gone())
    socket.on('close', () => this.gone())
  }

  /** Takes what has arrived, also what somebody else has read before. */
  receive(chunk: Buffer): void {
    this.session.receive(chunk)
  }

  // ServerHandler.

  onRequest(stream: ServerStream, head: RequestHead): void {
    const { runtime } = this.host
    const { client } = runtime.port
    this.requests++
    this.busyMs = this.host.clock.nowMs
    if (client !== this.session.policy) this.settingsChanged()
    if (client.requestsPerConnection > 0 && this.requests === client.requestsPerConnection)
      this.session.shutdown()
    const id = incomingRequestId(head, this.hop.policy.trustedHops) || newRequestId()
    const address = forward(head, this.hop, id)
    const x = new ProxiedExchange(
      stream,
      runtime,
      head,
      id,
      address,
      this.hop.localPort,
      this.remote.peerAddress,
      this.remote.certificate,
    )
    x.remote = this.remote
    stream.handler = x
    x.begin()
    if (runtime.overload.active && x.failure === 'proxy_overloaded') this.shed = true
  }

  onRefused(stream: ServerStream, rejection: Rejection, contentType: string | undefined): void {
    const grpc = grpcRefusal(rejection, contentType)
    const id = this.host.rejected(rejection, this.remote, grpc?.status)
    if (grpc !== null) {
      stream.head(grpc.head(id))
      return stream.end(null)
    }
    const answer = rejectionResponse(rejection, id)
    const body = Buffer.from(answer.body)
    stream.head(localHead(answer.status, answer.fields, body.length))
    stream.data(body, 0, body.length)
    stream.end(null)
  }

  onMalformed(rejection: Rejection): void {
    this.host.rejected(rejection, this.remote)
  }

  onClosed(fault: FaultName | ''): void {
    if (fault !== '') this.host.faulted(fault, this.remote)
    this.over = true
    this.busyMs = this.host.clock.nowMs
  }

  /** Of a reload; they hold from this request on. */
  private settingsChanged(): void {
    const { client } = this.host.runtime.port
    this.session.policy = client
    this.hop = { ...this.hop, policy: client }
  }

  private gone(): void {
    this.over = true
    this.session.lost()
    this.socket.destroy()
  }

  // ServedConnection.

  get bufferedBytes(): number {
    return this.socket.writableLength
  }

  get idle(): boolean {
    return this.over || this.session.idle
  }

  /** Requests under way go on, others are not taken (GOAWAY). */
  closeIfIdle(): void {
    this.session.shutdown()
  }

  takeLeave(): void {
    this.session.shutdown()
  }

  closeIfUnwanted(): void {
    if (!this.host.draining) return
    this.session.shutdown()
    // A tunnel has no answer after which it could be closed.
    if (this.host.revoked) this.session.eachStream(endTunnel)
  }

  destroy(): void {
    this.gone()
  }

  sweep(nowMs: number): void {
    const still = nowMs - this.busyMs
    if (this.over) {
      if (still > LINGER_MS) this.socket.destroy()
      return
    }
    this.session.sweep(nowMs)
    const { overload } = this.host.runtime
    if (this.untaken.look(this.socket, nowMs) > overload.patience(http2Limits.writeTimeoutMs))
      return this.gone()
    if (this.shed && !this.session.leaving && overload.sendsAway(nowMs - this.sinceMs)) this.sendAway()
    this.shed = false
    // One that came while the port took its leave has had the time for its first requests.
    if (this.host.draining) this.session.shutdown()
    const { idleTimeoutMs, bodyIdleTimeoutMs } = this.host.runtime.port.client
    // Whatever else a client says keeps no connection alive: pings and window updates cost it nothing.
    if (this.session.idle) {
      if (still > idleTimeoutMs) this.session.shutdown()
      return
    }
    this.busyMs = nowMs
    this.session.eachStream(stream => this.sweepStream(stream, nowMs, bodyIdleTimeoutMs))
  }

  /** To another replica: GOAWAY, and what is under way is served. */
  private sendAway(): void {
    this.host.runtime.observer.sentAway()
    this.session.shutdown()
  }

  private sweepStream(stream: ServerStream, nowMs: number, bodyIdleMs: number): void {
    const x = stream.handler
    if (!(x instanceof ProxiedExchange)) return
    const { run } = x
    if (run?.watched === true) run.look(new StreamPace(stream, x, this.session), nowMs)
    const still = nowMs - Math.max(stream.receivedMs, stream.sentMs)
    if (run?.tunnel === true) {
      if (still > x.silenceMs) x.fail('http_response_timeout', 'idle')
      return
    }
    const patienceMs = run?.conversation === true ? x.silenceMs : bodyIdleMs
    if (!x.requestEnded && !stream.held && still > patienceMs) x.fail('http_request_timeout', 'body')
    else if (still > x.silenceMs) x.fail('http_response_timeout', 'timeouts.silence')
  }
}

function endTunnel(stream: ServerStream): void {
  const x = stream.handler
  if (!(x instanceof ProxiedExchange) || x.run?.tunnel !== true) return
  x.onGone()
  stream.abort(CANCEL)
}
