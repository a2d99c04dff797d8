import type { FailureName } from '../../../src/http/failures.ts'
import type { RequestHead } from '../../../src/http/head.ts'
import { UpstreamPool, type PoolParts } from '../../../src/upstream/pool.ts'
import type { UpstreamHandler, UpstreamStream } from '../../../src/upstream/upstream-stream.ts'
import { responseHead } from '../../support/head.ts'
import type { Host } from './host.ts'
import type { World } from './virtual-time.ts'

const CONNECT_MS = 0.5

/** Connections to a simulated host; how many there may be, who waits for one and who is next is the real pool's. */
export class SimulatedPool extends UpstreamPool {
  readonly host: Host
  readonly world: World
  private readonly idle: SimulatedConnection[] = []

  constructor(parts: PoolParts, host: Host, world: World) {
    super(parts, 'http/1.1')
    this.host = host
    this.world = world
  }

  get idleConnections(): number {
    return this.idle.length
  }

  get spare(): number {
    return this.idle.length
  }

  evict(): boolean {
    const oldest = this.idle[0]
    oldest?.abort()
    return oldest !== undefined
  }

  released(connection: SimulatedConnection): void {
    if (this.draining) return connection.abort()
    const waiter = this.nextWaiter()
    if (waiter !== null) waiter.granted(connection, this.endpoint)
    else if (this.cluster.queue.empty) this.idle.push(connection)
    else connection.abort()
  }

  closed(connection: SimulatedConnection): void {
    const at = this.idle.lastIndexOf(connection)
    if (at >= 0) this.idle.splice(at, 1)
    this.gone()
  }

  protected kept(): UpstreamStream | null {
    return this.idle.pop() ?? null
  }

  protected open(): UpstreamStream {
    return new SimulatedConnection(this)
  }

  protected sweepConnections(): void {}

  protected closeConnections(): void {
    while (this.idle.length > 0) this.idle[0]!.abort()
  }
}

/** One connection, one request at a time, as the HTTP/1.1 client has them: it says the same in the same order, without bytes. */
class SimulatedConnection implements UpstreamStream {
  fresh = true
  unsent = false
  connecting = true
  connectedMs = 0
  readonly queuedBytes = 0
  private readonly pool: SimulatedPool
  private handler: UpstreamHandler | null = null
  private requests = 0
  private dead = false

  constructor(pool: SimulatedPool) {
    this.pool = pool
    pool.world.time.after(CONNECT_MS, () => this.connected())
  }

  send(_head: RequestHead, handler: UpstreamHandler): void {
    this.fresh = this.requests++ === 0
    this.handler = handler
    this.unsent = this.connecting
    if (!this.connecting) this.ask()
  }

  flush(): boolean {
    return true
  }

  abort(): void {
    this.handler = null
    this.destroy()
  }

  write(): void {}
  end(): void {}
  pause(): void {}
  resume(): void {}
  endTunnel(): void {}

  private connected(): void {
    if (this.dead) return
    if (this.pool.host.isDown) return this.fail('connection_refused')
    this.connecting = false
    this.unsent = false
    this.connectedMs = this.pool.world.time.nowMs
    this.ask()
  }

  private ask(): void {
    const request = this.requests
    const { host, world } = this.pool
    host.arrive(status => world.thread.io(() => this.heard(request, status)))
  }

  private heard(request: number, status: number): void {
    if (this.dead || this.requests !== request) return
    if (status === 0) this.fail('connection_terminated')
    else this.answer(status)
  }

  private answer(status: number): void {
    const handler = this.handler!
    handler.onHead(responseHead([], status))
    // It may have been given up for the sake of its head.
    if (this.dead) return
    this.handler = null
    this.pool.released(this)
    handler.onEnd(null)
  }

  private fail(failure: FailureName): void {
    const { handler, connecting } = this
    this.handler = null
    this.destroy()
    if (connecting) this.pool.connectFailed(failure, '')
    handler?.onFailure(failure, '')
  }

  private destroy(): void {
    if (this.dead) return
    this.dead = true
    this.pool.closed(this)
  }
}
