import type { FailureName } from '../http/failures.ts'
import type { SpanHome } from '../telemetry/spans/span-settings.ts'
import { timerMs } from '../shared/timer.ts'
import { Fields } from '../http/fields.ts'
import type { RequestHead } from '../http/head.ts'
import type { PickInfo } from '../upstream/balancers/balancer.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { UpstreamPool } from '../upstream/pool.ts'
import type { UpstreamHandler, UpstreamStream } from '../upstream/upstream-stream.ts'
import type { RequestBody } from './body.ts'
import { hasBegun } from './gathering.ts'
import type { Paced } from './pace.ts'
import type { CompiledMirror, MirrorLoss } from './rule.ts'
import { Watch, type Holder } from './watch.ts'

/**
 * What may wait of one copy, and of all copies for one cluster in one worker, because the connection is still being made
 * or the mirror is slow; beyond that the copy is lost, for mirroring never slows the request down. One TLS handshake over
 * 40 ms at 30 MB/s is 4 MiB.
 */
const COPY_BYTES = 4 * 1024 * 1024
const CLUSTER_BYTES = 32 * 1024 * 1024
/** How long a mirror may take for an answer that nobody reads, where the rule has no timeout for backends: without an end it would keep a connection for every request. */
const ANSWER_MS = 30_000

/** Whose request it is. */
interface Mirrored extends PickInfo {
  readonly request: RequestHead
  readonly spanHome?: SpanHome | undefined
}

/** Copies of one request for other backends (Gateway API HTTPRequestMirrorFilter). Their answers are dropped. */
export class Mirrors {
  private readonly copies: Copy[] = []
  /** Of clusters under pressure: they begin with the body. */
  private late: CompiledMirror[] = []
  private readonly asker: Mirrored
  private readonly body: RequestBody
  private readonly timeoutMs: number
  private complete: boolean

  private constructor(asker: Mirrored, body: RequestBody, timeoutMs: number) {
    this.asker = asker
    this.body = body
    this.timeoutMs = timeoutMs
    this.complete = body.complete
  }

  /** Draws each mirror's share and sends what is known of the request; null when no mirror takes it. */
  static begin(
    asker: Mirrored,
    body: RequestBody,
    mirrors: readonly CompiledMirror[],
    timeoutMs: number,
  ): Mirrors | null {
    // That its route sets no limit is no reason to keep what nobody waits for.
    const begun = new Mirrors(asker, body, timeoutMs === Infinity ? ANSWER_MS : timeoutMs || ANSWER_MS)
    for (const mirror of mirrors) {
      if (mirror.share < 1 && Math.random() >= mirror.share) continue
      if (mirror.cluster.pressed && !hasBegun(body, mirror.cluster)) begun.late.push(mirror)
      else begun.copy(mirror)
    }
    if (begun.copies.length + begun.late.length === 0) return null
    if (body.complete) begun.flush()
    return begun
  }

  private copy(mirror: CompiledMirror): void {
    const copy = beginCopy(mirror, this.asker, this.timeoutMs)
    if (copy === null) return
    this.copies.push(copy)
    this.body.copyTo(copy)
  }

  data(chunk: Buffer, start: number, end: number): void {
    if (this.late.length > 0) this.catchUp(this.body.bytes + end - start, false)
    for (const copy of this.copies) copy.write(chunk, start, end)
  }

  end(): void {
    if (this.late.length > 0) this.catchUp(this.body.bytes, true)
    this.complete = true
    for (const copy of this.copies) copy.end()
  }

  /** So much of the body is here now, in part with whoever asks. */
  private catchUp(bytes: number, complete: boolean): void {
    const { late } = this
    this.late = []
    for (const mirror of late)
      if (!hasBegun({ bytes, complete }, mirror.cluster)) this.late.push(mirror)
      else if (this.body.replayable) this.copy(mirror)
      else mirror.lost('connection_limit_reached')
  }

  flush(): void {
    for (const copy of this.copies) copy.flush()
  }

  /** A copy holds a connection that others may want. */
  get watched(): boolean {
    return this.copies.some(copy => copy.watched)
  }

  look(source: Source, client: Paced, nowMs: number): void {
    for (const copy of this.copies) if (copy.watched) copy.look(source, client, nowMs)
  }

  /** The exchange is over; a copy whose body will never be complete must not look like a whole request. */
  abandon(): void {
    for (const mirror of this.late) mirror.lost('request_incomplete')
    this.late = []
    if (!this.complete) for (const copy of this.copies) copy.lose('request_incomplete')
  }
}

/** Null where the copy is lost before it has begun: mirrors do not wait for connections that requests want. */
function beginCopy(mirror: CompiledMirror, asker: Mirrored, timeoutMs: number): Copy | null {
  const { cluster, lost } = mirror
  const endpoint = cluster.pick(null, asker)
  if (endpoint === null) {
    lost(cluster.unavailable)
    return null
  }
  const stream = endpoint.pool.acquire(Infinity, asker)
  if (stream !== null) return new Copy(mirror, stream, endpoint, asker, timeoutMs)
  lost('connection_limit_reached')
  return null
}

/** The exchange that is copied. */
type Source = Pick<Holder, 'client' | 'body' | 'clientPauses' | 'exempt'>

/** One copy on its way. */
class Copy implements UpstreamHandler, Holder {
  readonly spanHome: SpanHome | undefined
  private readonly mirror: CompiledMirror
  private stream: UpstreamStream | null
  private readonly endpoint: Endpoint<UpstreamPool>
  private readonly timeoutMs: number
  private timer: NodeJS.Timeout | null = null
  /** What waits of it, as counted with all others. */
  private waitingBytes = 0
  private source: Source | null = null
  private watch: Watch | null = null

  constructor(
    mirror: CompiledMirror,
    stream: UpstreamStream,
    endpoint: Endpoint<UpstreamPool>,
    { request, spanHome }: Mirrored,
    timeoutMs: number,
  ) {
    this.spanHome = spanHome
    this.mirror = mirror
    this.timeoutMs = timeoutMs
    this.stream = stream
    this.endpoint = endpoint
    endpoint.begin()
    // A copy of the head, for what the backend's filters go on to change; never a protocol switch.
    const copy = {
      ...request,
      fields: new Fields([...request.fields.list]),
      upgrade: '',
      expectContinue: false,
    }
    try {
      stream.send(copy, this)
    } catch {
      // What the serialiser refuses here it refuses for the request itself, which says so.
      this.lose('proxy_internal_error')
    }
  }

  write(chunk: Buffer, start: number, end: number): void {
    this.stream?.write(chunk, start, end)
  }

  end(): void {
    if (this.stream === null) return
    this.stream.end(null)
    this.timer = setTimeout(() => this.lose('http_response_timeout'), timerMs(this.timeoutMs)).unref()
  }

  flush(): void {
    this.stream?.flush()
    this.weigh()
  }

  lose(reason: MirrorLoss): void {
    const { stream } = this
    if (stream === null) return
    const cold = stream.connecting === true
    stream.abort()
    this.done()
    this.mirror.lost(reason)
    // The connection went with the copy: without another one each request after this would find the mirror as cold.
    if (cold) this.endpoint.pool.warm()
  }

  get watched(): boolean {
    return this.holding && this.mirror.cluster.pressure.watched
  }

  /** Whether its request keeps it waiting. */
  look(source: Source, client: Paced, nowMs: number): void {
    this.source = source
    this.watch ??= new Watch(this, this.mirror.cluster, client)
    this.watch.look(nowMs)
  }

  // Holder: as its request, but its answer is taken as it comes.

  readonly blocked = false

  get client(): string {
    return this.source!.client
  }

  get body(): Source['body'] {
    return this.source!.body
  }

  get clientPauses(): number {
    return this.source!.clientPauses
  }

  get exempt(): boolean {
    return this.source!.exempt
  }

  get holding(): boolean {
    return this.stream !== null
  }

  /** Copies pass limits by. */
  frees(): boolean {
    return false
  }

  giveUp(_client: Paced, failure: FailureName): void {
    this.lose(failure)
  }

  onInformational(): void {}
  onHead(): void {}
  onData(): void {}
  onFlush(): boolean {
    return true
  }

  onUpgrade(): void {
    this.lose('http_protocol_error')
  }

  onEnd(): void {
    this.done()
  }

  onFailure(failure: FailureName): void {
    if (this.stream === null) return
    this.done()
    this.mirror.lost(failure)
  }

  onWritable(): void {
    this.weigh()
  }

  private weigh(): void {
    if (this.stream === null) return
    const { queuedBytes } = this.stream
    this.count(queuedBytes)
    if (queuedBytes > COPY_BYTES) this.lose('mirror_slow')
    else if (queuedBytes > 0 && this.mirror.cluster.mirroredBytes > CLUSTER_BYTES) this.lose('mirror_full')
  }

  private count(waitingBytes: number): void {
    this.mirror.cluster.mirroredBytes += waitingBytes - this.waitingBytes
    this.waitingBytes = waitingBytes
  }

  private done(): void {
    if (this.stream === null) return
    this.stream = null
    this.count(0)
    if (this.timer !== null) clearTimeout(this.timer)
    this.endpoint.finish()
  }
}
