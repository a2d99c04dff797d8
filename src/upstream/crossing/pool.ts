import type { FailureName } from '../../http/failures.ts'
import { UpstreamPool, type PoolParts } from '../pool.ts'
import type { UpstreamStream } from '../upstream-stream.ts'
import { threadOf } from './address.ts'
import type { Crossing } from './crossing.ts'
import type { CrossingPorts } from './ports.ts'
import { CrossingStream, type StreamPool } from './stream.ts'

/** A tunnel that both sides have ended, of which something is still to be taken, is waited for so long. */
const TUNNEL_END_MS = 30_000

/**
 * Requests to one thread. Each counts as a connection of the cluster: so what may be under way at a time, who waits for
 * whom, and what is asked of slow clients meanwhile, is as with a backend that speaks HTTP/1.1.
 */
export class CrossingPool extends UpstreamPool implements StreamPool {
  readonly idleConnections = 0
  readonly spare = 0
  private readonly ports: CrossingPorts
  private readonly thread: number
  /** Streams that nobody holds any more, with the time when they were left. */
  private readonly lingering = new Map<CrossingStream, number>()

  constructor(parts: PoolParts, ports: CrossingPorts) {
    super(parts, 'bundle')
    this.ports = ports
    this.thread = threadOf(parts.endpoint.address) ?? 0
  }

  get crossing(): Crossing | null {
    return this.ports.get(this.thread)
  }

  over(stream: CrossingStream): void {
    this.lingering.delete(stream)
    if (!this.cluster.going.delete(stream)) this.gone()
  }

  goesOn(stream: CrossingStream): boolean {
    const { cluster } = this
    const { going } = cluster
    if (going.size >= cluster.maxStreams) {
      const [loser] = going.most(stream.client) as Iterable<CrossingStream>
      if (loser === undefined) return false
      going.delete(loser)
      // Not at once: who comes is in the middle of its answer. It has left those that count already.
      cluster.connections++
      setImmediate(() => loser.displaced())
    }
    going.add(stream)
    this.gone()
    return true
  }

  linger(stream: CrossingStream): void {
    this.lingering.set(stream, this.nowMs)
  }

  unreachable(failure: FailureName, detail: string): void {
    this.connectFailed(failure, detail)
  }

  /** There is nothing to make room with. */
  evict(): boolean {
    return false
  }

  /** Bytes of no protocol have nobody to go to. */
  override splice(): null {
    return null
  }

  protected kept(): UpstreamStream | null {
    return null
  }

  /** Nothing is connected, so that there is nothing to tell of. */
  protected override opened(): UpstreamStream {
    return this.open()
  }

  protected open(): UpstreamStream {
    return new CrossingStream(this)
  }

  protected sweepConnections(nowMs: number): void {
    for (const [stream, sinceMs] of this.lingering) if (nowMs - sinceMs > TUNNEL_END_MS) stream.abort()
  }

  protected closeConnections(): void {}
}
