import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { FailureName } from '../../http/failures.ts'
import { backendDefaults } from '../../model/defaults.ts'
import { dialFailure, dialReason } from '../../upstream/dial.ts'
import type { PickInfo } from '../../upstream/balancers/balancer.ts'
import type { Endpoint } from '../../upstream/endpoint.ts'
import type { UpstreamPool } from '../../upstream/pool.ts'
import { chooseBackend, type BackendShare } from '../backend.ts'
import type { CoarseClock } from '../clock.ts'
import type { Place } from '../places/places.ts'
import type { CompiledStream, FinishedStream, StreamFacts } from '../proxied-stream.ts'
import { sendOrLose } from './send-or-lose.ts'

/** As conntrack has it: a client that has not been heard after an answer has a quarter of the time. */
const UNHEARD_SHARE = 1 / 4
/** Datagrams that wait for the socket, which is there after the same turn of the event loop. */
const MOST_WAITING = 16

/** What ICMP tells of who was sent to. */
const gone: ReadonlySet<string> = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH'])

/** Datagrams of one client's address and port, and the endpoint that has them. */
export class UdpSession implements PickInfo {
  readonly request = null
  readonly principal = null
  place: Place<UdpSession> | null = null
  private readonly stream: CompiledStream
  private readonly facts: StreamFacts
  private readonly clock: CoarseClock
  private readonly backend: BackendShare
  private readonly startedMs = performance.now()
  private readonly reply: (data: Buffer) => void
  private readonly finished: (finished: FinishedStream) => void
  private endpoint: Endpoint<UpstreamPool> | null = null
  private socket: Socket | null = null
  private waiting: Buffer[] | null = []
  private movedMs: number
  private answered = false
  private heard = false
  private over = false
  private bytesIn = 0
  private bytesOut = 0

  constructor(
    stream: CompiledStream,
    facts: StreamFacts,
    clock: CoarseClock,
    reply: (data: Buffer) => void,
    finished: (finished: FinishedStream) => void,
  ) {
    this.stream = stream
    this.backend = chooseBackend(stream)
    this.facts = facts
    this.clock = clock
    this.movedMs = clock.nowMs
    this.reply = reply
    this.finished = finished
  }

  get clientAddress(): string {
    return this.facts.remote.address
  }

  begin(): void {
    const { cluster, failure } = this.backend
    if (cluster === null) return this.end(failure)
    const endpoint = cluster.pick(null, this)
    if (endpoint === null) return this.end(cluster.unavailable, cluster.unavailableReason)
    const { address, port } = endpoint
    this.endpoint = endpoint
    endpoint.begin()
    const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', lookup: known })
    this.socket = socket
    socket.on('error', error => this.broke(error))
    socket.on('message', data => this.answer(data))
    // Not as a callback, which would get the error in place of the event.
    socket.once('connect', () => this.connected())
    socket.connect(port, address)
  }

  /** From the client. */
  take(data: Buffer): void {
    this.bytesIn += data.length
    this.movedMs = this.clock.nowMs
    if (this.answered && !this.heard) {
      this.heard = true
      this.place?.settle()
    }
    const { waiting } = this
    if (waiting === null) sendOrLose(this.socket!, data)
    else if (waiting.length < MOST_WAITING) waiting.push(data)
  }

  /** Ends what has been silent for too long, and what nobody behind would hear any more. */
  sweep(nowMs: number): void {
    const silenceMs = this.backend.cluster?.config.sessionSilenceMs ?? backendDefaults.sessionSilenceMs
    const shareMs = this.heard
      ? silenceMs
      : Math.min(silenceMs, backendDefaults.sessionSilenceMs) * UNHEARD_SHARE
    if (nowMs - this.movedMs > shareMs || this.endpoint?.serves === false) this.end(null)
  }

  giveWay(): void {
    this.end('connection_limit_reached', 'displaced')
  }

  end(failure: FailureName | null, reason: string = ''): void {
    if (this.over) return
    this.over = true
    this.place?.leave()
    this.endpoint?.finish()
    this.socket?.close()
    this.finished({
      ...this.facts,
      stream: this.stream,
      startedMs: this.startedMs,
      cluster: this.backend.cluster?.name ?? '',
      endpoint: this.endpoint?.key ?? '',
      attempts: this.endpoint === null ? 0 : 1,
      failure,
      reason,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
    })
  }

  private connected(): void {
    if (this.over) return
    const { waiting } = this
    this.waiting = null
    for (const data of waiting ?? []) sendOrLose(this.socket!, data)
  }

  private answer(data: Buffer): void {
    this.bytesOut += data.length
    this.answered = true
    // Before, its source may be one that somebody has invented: answers alone do not keep it.
    if (this.heard) this.movedMs = this.clock.nowMs
    this.endpoint!.succeeded()
    this.reply(data)
  }

  /** ICMP has told of it: there is nobody. What comes next begins another session, perhaps with another endpoint. */
  private broke(error: NodeJS.ErrnoException): void {
    // A datagram that is too large, or has no room, is lost, and its sender is no judge of the endpoint.
    if (this.over || (this.waiting === null && !gone.has(error.code ?? ''))) return
    const failure = dialFailure(error, true)
    this.endpoint!.connectFailed(failure, performance.now())
    this.end(failure, dialReason(error))
  }
}

/** Endpoints are addresses. */
function known(
  address: string,
  _: object,
  callback: (error: null, address: string, family: number) => void,
): void {
  callback(null, address, isIPv6(address) ? 6 : 4)
}
