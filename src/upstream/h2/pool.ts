import type { SharedStreams } from '../../http/h2/shared-streams.ts'
import type { Sourced } from '../proxy-header.ts'
import { UpstreamPool, type PoolParts } from '../pool.ts'
import type { UpstreamStream } from '../upstream-stream.ts'
import { Http2ClientConnection, type Http2Owner } from './client-connection.ts'

/** A connection is not used for longer than this, so that load finds new endpoints behind an address; a tenth more or less, so that not all end at once. */
const MAX_AGE_MS = 3_600_000

/** HTTP/2 connections to one endpoint: another one is made when those that are there take no more requests. */
export class Http2Pool extends UpstreamPool implements Http2Owner {
  /** With the time at which each is to end. */
  private readonly all = new Map<Http2ClientConnection, number>()
  readonly shared: SharedStreams

  constructor(parts: PoolParts, shared: SharedStreams) {
    super(parts, 'h2')
    this.shared = shared
  }

  get idleConnections(): number {
    let count = 0
    for (const connection of this.all.keys()) if (connection.requests === 0) count++
    return count
  }

  get spare(): number {
    let spare = 0
    for (const connection of this.all.keys()) spare += connection.spare
    return spare
  }

  /** An endpoint that takes no requests for the time being would take none on another connection. */
  override acquire(_: number = Infinity, asker: Sourced | null = null): UpstreamStream | null {
    const preface = this.prefaceFor(asker)
    return this.kept(Infinity, preface) ?? (this.shut ? null : this.added(preface))
  }

  private get shut(): boolean {
    for (const connection of this.all.keys()) if (connection.shut) return true
    return false
  }

  available(connection: Http2ClientConnection): void {
    if (this.draining || this.retireIfUsedUp(connection)) return
    while (!this.cluster.queue.empty) {
      if (this.isTold) return connection.requests === 0 ? connection.close() : undefined
      const stream = connection.request()
      if (stream === null) return
      const waiter = this.nextWaiter()
      if (waiter === null) {
        stream.abort()
        // They may have none to this endpoint: its place is for one to another.
        if (connection.requests === 0) connection.close()
        return
      }
      waiter.granted(stream, this.endpoint)
    }
  }

  closed(connection: Http2ClientConnection): void {
    this.all.delete(connection)
    this.gone()
  }

  evict(): boolean {
    for (const connection of this.all.keys()) {
      if (connection.requests > 0 || connection.connecting) continue
      connection.close()
      return true
    }
    return false
  }

  protected kept(_: number, preface: Buffer | null): UpstreamStream | null {
    for (const connection of this.all.keys()) {
      if (preface !== null && connection.preface?.equals(preface) !== true) continue
      const stream = connection.request()
      if (stream !== null) return stream
    }
    return null
  }

  protected open(preface: Buffer | null): UpstreamStream {
    const connection = new Http2ClientConnection(this, this.nowMs, preface)
    this.all.set(connection, this.nowMs + MAX_AGE_MS * (0.9 + Math.random() / 5))
    // A session that has not heard its peer's settings takes requests (RFC 9113 §6.5.2).
    return connection.request()!
  }

  protected sweepConnections(nowMs: number): void {
    const { idleTimeoutMs } = this.cluster.config
    for (const [connection, endMs] of this.all) {
      connection.sweep(nowMs)
      const idleMs = nowMs - connection.idleSinceMs
      if (
        nowMs > endMs ||
        this.draining ||
        (connection.requests === 0 && idleMs > idleTimeoutMs && !connection.connecting)
      )
        connection.close()
    }
  }

  protected closeConnections(): void {
    for (const connection of this.all.keys()) connection.close()
  }

  private retireIfUsedUp(connection: Http2ClientConnection): boolean {
    const most = this.cluster.config.maxRequestsPerConnection
    if (most === 0 || connection.served < most) return false
    connection.close()
    return true
  }
}
