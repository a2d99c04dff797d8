import type { Socket } from 'node:net'
import type { FailureName } from '../http/failures.ts'
import { timerMs } from '../shared/timer.ts'
import { dial, dialFailure, dialReason } from './dial.ts'
import type { TlsDialer } from './tls/dialer.ts'

/** Where connections are made to, and who is told of them: a pool. */
export interface RawOwner {
  readonly address: string
  readonly port: number
  readonly connectTimeoutMs: number
  /** What it begins with, before TLS and what is spliced; null for nothing. */
  readonly preface: Buffer | null
  connectFailed(failure: FailureName, reason: string): void
  /** The connection is gone; called exactly once. */
  closed(): void
}

/** Who has a connection made: `onFailure`, or `onConnected` and then `onClosed`; nothing more after `abort`. */
export interface RawHandler {
  /** Nothing has been read or written yet. */
  onConnected(socket: Socket): void
  /** It could not be made; `reason` is for the log. */
  onFailure(failure: FailureName, reason: string): void
  /** `broken`: it was cut off, which is not to be taken for an end. */
  onClosed(broken: boolean): void
}

/** A connection to an endpoint whose bytes are not ours to understand: it carries one stream, and ends with it. */
export class RawConnection {
  private readonly owner: RawOwner
  private readonly socket: Socket
  private handler: RawHandler | null
  private connecting = true
  private broken = false
  private gone = false
  private readonly timer: NodeJS.Timeout

  constructor(owner: RawOwner, dialer: TlsDialer | null, handler: RawHandler) {
    this.owner = owner
    this.handler = handler
    const { address, port, connectTimeoutMs, preface } = owner
    const options = { host: address, port, noDelay: true, allowHalfOpen: true }
    const { socket, ready } = dial(options, address, dialer, preface)
    this.socket = socket
    this.timer = setTimeout(() => this.fail('connection_timeout', ''), timerMs(connectTimeoutMs))
    socket.once(ready, () => this.connected())
    socket.on('error', error => this.failed(error))
    socket.once('close', () => this.closed())
  }

  /** Gives it up, whatever is on its way. */
  abort(): void {
    this.handler = null
    this.socket.destroy()
    this.leave()
  }

  private connected(): void {
    clearTimeout(this.timer)
    this.connecting = false
    this.handler?.onConnected(this.socket)
  }

  private failed(error: NodeJS.ErrnoException): void {
    this.broken = true
    if (this.connecting) this.fail(dialFailure(error, true), dialReason(error))
  }

  private closed(): void {
    if (this.connecting) return this.fail('connection_terminated', 'closed')
    this.leave()
    this.handler?.onClosed(this.broken)
  }

  private fail(failure: FailureName, reason: string): void {
    const { handler } = this
    if (handler === null) return
    // Before the handler hears of it, who may have another one made at once: there must be room for it.
    this.abort()
    this.owner.connectFailed(failure, reason)
    handler.onFailure(failure, reason)
  }

  private leave(): void {
    if (this.gone) return
    this.gone = true
    clearTimeout(this.timer)
    this.owner.closed()
  }
}
