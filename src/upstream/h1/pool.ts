import { UpstreamPool, type PoolParts } from '../pool.ts'
import type { UpstreamStream } from '../upstream-stream.ts'
import { Http1ClientConnection, type ConnectionOwner } from './client-connection.ts'

/** Kept-alive connections to one endpoint. Last in, first out: what is not needed grows old and is closed. */
export class Http1Pool extends UpstreamPool implements ConnectionOwner {
  private readonly idle: Http1ClientConnection[] = []
  /** A connection that is being made and that nobody has asked for. */
  private warming: UpstreamStream | null = null

  constructor(parts: PoolParts) {
    super(parts, 'http/1.1')
  }

  get idleConnections(): number {
    return this.idle.length
  }

  get spare(): number {
    return this.idle.length
  }

  released(connection: Http1ClientConnection): void {
    if (connection === this.warming) this.warming = null
    const most = this.cluster.config.maxRequestsPerConnection
    if (this.draining || (most > 0 && connection.requests >= most)) return connection.close()
    connection.idleSinceMs = this.nowMs
    const waiter = this.isTold ? null : this.nextWaiter()
    if (waiter !== null) return waiter.granted(connection, this.endpoint)
    // They may have none to this endpoint, or none that is another's: its place is for another one.
    if (!this.cluster.queue.empty) return connection.close()
    this.idle.push(connection)
  }

  closed(connection: Http1ClientConnection): void {
    const at = this.idle.lastIndexOf(connection)
    if (at >= 0) this.idle.splice(at, 1)
    if (connection === this.warming) this.warming = null
    this.gone()
  }

  /** Makes a connection for whoever comes next; one at a time, and none where there is one. */
  override warm(): void {
    if (
      this.isTold ||
      this.warming !== null ||
      this.draining ||
      this.idle.length > 0 ||
      !this.cluster.reserve()
    )
      return
    this.warming = this.opened(null)
  }

  evict(): boolean {
    const oldest = this.idle[0]
    oldest?.close()
    return oldest !== undefined
  }

  protected kept(lookAfterMs: number, preface: Buffer | null): UpstreamStream | null {
    if (preface !== null) return this.keptFor(preface, lookAfterMs)
    for (let connection = this.idle.pop(); connection !== undefined; connection = this.idle.pop()) {
      if (connection.isFit(lookAfterMs)) return connection
      connection.close()
    }
    return null
  }

  private keptFor(preface: Buffer, lookAfterMs: number): UpstreamStream | null {
    for (let at = this.idle.length - 1; at >= 0; at--) {
      const connection = this.idle[at]!
      if (connection.preface?.equals(preface) !== true) continue
      this.idle.splice(at, 1)
      if (connection.isFit(lookAfterMs)) return connection
      connection.close()
    }
    return null
  }

  protected open(preface: Buffer | null): UpstreamStream {
    return new Http1ClientConnection(this, preface)
  }

  protected sweepConnections(nowMs: number): void {
    const sinceMs = nowMs - this.cluster.config.idleTimeoutMs
    while (this.idle.length > 0 && this.idle[0]!.idleSinceMs < sinceMs) this.idle[0]!.close()
    const over = this.idle.filter(({ idleSinceMs, keepMs }) => nowMs - idleSinceMs >= keepMs)
    for (const connection of over) connection.close()
  }

  protected closeConnections(): void {
    while (this.idle.length > 0) this.idle[0]!.close()
  }
}
