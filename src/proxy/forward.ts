import type { FailureName } from '../http/failures.ts'
import type { Fields } from '../http/fields.ts'
import type { ResponseHead } from '../http/head.ts'
import { Attempting } from './attempting.ts'
import { Mirrors } from './mirror.ts'
import type { Paced } from './pace.ts'
import type { Run } from './run.ts'
import { Watch, type Holder } from './watch.ts'

const eventStream = /^text\/event-stream *(?:;|$)/i

/** The `forward` action for one exchange: attempts on endpoints until one answers, and the bytes of both directions. */
export class Forwarding extends Attempting implements Run, Holder {
  /** How often the client has been paused because the upstream is slow, or not there. */
  clientPauses = 0
  private mirrors: Mirrors | null = null
  private watch: Watch | null = null
  private peerEnded = false
  private clientEnded = false

  start(): void {
    const { x, action } = this
    if (action.mirrors !== null)
      this.mirrors = Mirrors.begin(x, x.body, action.mirrors, action.backendTimeoutMs)
    if (x.request.expectContinue && !x.body.complete) x.continue()
    this.attempt()
  }

  // Its client, while others may want its connection.

  /** The cluster, or that of a mirror, is under pressure. */
  get watched(): boolean {
    return (this.holding && this.cluster!.pressure.watched) || this.mirrors?.watched === true
  }

  /** Looks at the client of a `watched` one, which is the same each time; called by sweeps. */
  look(client: Paced, nowMs: number): void {
    if (this.holding && this.cluster!.pressure.watched)
      (this.watch ??= new Watch(this, this.cluster!, client)).look(nowMs)
    this.mirrors?.look(this, client, nowMs)
  }

  get holding(): boolean {
    return this.stream !== null && this.stream.goesOn !== true
  }

  get conversation(): boolean {
    return false
  }

  /** A tunnel, or an event stream that the backend has begun, may be silent for long. */
  get exempt(): boolean {
    if (this.tunnel) return true
    const { committed, response } = this.x
    return committed && eventStream.test(response.fields.get('content-type') ?? '')
  }

  frees(limit: object): boolean {
    return limit === this.breaker || limit === this.concurrency
  }

  giveUp(client: Paced, failure: FailureName): void {
    client.giveUp(failure)
  }

  // The request's bytes.

  requestData(chunk: Buffer, start: number, end: number): void {
    const { stream, x } = this
    if (this.tunnel) {
      x.body.bytes += end - start
      stream?.write(chunk, start, end)
      return
    }
    x.body.push(chunk, start, end, stream, this.mirrors)
    if (stream !== null) return
    if (this.gathering?.underWay === true) this.gathering.grown()
    else this.pauseClient()
  }

  requestEnd(trailers: Fields | null): void {
    if (this.tunnel) return this.clientEnd()
    this.x.body.end(trailers, this.stream, this.mirrors)
    if (this.stream !== null) this.awaitFirstByte()
    if (this.gathering?.underWay === true) this.gathering.grown()
  }

  requestFlush(): void {
    this.mirrors?.flush()
    if (this.stream !== null && !this.stream.flush()) this.pauseClient()
  }

  private pauseClient(): void {
    this.clientPauses++
    this.x.pauseRequest()
  }

  pause(): void {
    this.held = true
    this.stream?.pause()
  }

  resume(): void {
    if (this.blocked || this.held) this.takesAgain(performance.now())
    this.stream?.resume()
  }

  private takesAgain(nowMs: number): void {
    if (this.blocked) this.x.tell().clientResumed(nowMs)
    if (this.takingSinceMs >= 0) this.takingSinceMs = nowMs
    this.blocked = false
    this.held = false
  }

  // The stream's events.

  onInformational(head: ResponseHead): void {
    // We answered the expectation ourselves; RFC 9110 §15.2: no 1xx to a 1.0 client.
    if (head.status === 100 || this.x.request.version < 11 || this.x.committed) return
    this.x.informational(head)
  }

  onData(chunk: Buffer, start: number, end: number, lent: boolean): void {
    this.x.sendData(chunk, start, end, lent)
  }

  onFlush(): boolean {
    const { x } = this
    if (!x.flush()) {
      this.blocked = true
      x.tell().clientPaused(performance.now())
      this.stream?.pause()
    }
    return x.clear
  }

  onEnd(trailers: Fields | null): void {
    if (this.tunnel) return this.peerEnd()
    this.stream = null
    if (this.verdict < 500) this.endpoint!.completed(this.judged(this.verdict))
    this.leaveBreaker()
    this.x.sendEnd(trailers)
  }

  onWritable(): void {
    this.x.resumeRequest()
  }

  onUpgrade(head: ResponseHead): void {
    this.answered(head.status)
    this.tunnel = true
    this.untime()
    this.x.sendHead(head)
  }

  /** What a response that cannot be completed ends with, or null: it is broken off. */
  lastWords(_failure: FailureName, _detail: string): Fields | null {
    return null
  }

  override cancel(): void {
    if (this.over) return
    super.cancel()
    this.mirrors?.abandon()
  }

  // The tunnel: each direction ends by itself.

  private clientEnd(): void {
    this.clientEnded = true
    this.stream?.endTunnel()
    if (this.peerEnded) this.leaveTunnel()
  }

  private peerEnd(): void {
    this.peerEnded = true
    this.x.endTunnel()
    if (this.clientEnded) this.leaveTunnel()
  }

  /** Not by giving the stream up: it may still have bytes to send. */
  private leaveTunnel(): void {
    this.stream = null
    this.x.finish()
  }
}
