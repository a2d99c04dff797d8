import type { FailureName } from '../http/failures.ts'
import { Fields } from '../http/fields.ts'
import type { RequestHead } from '../http/head.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { UpstreamPool } from '../upstream/pool.ts'
import type { UpstreamHandler, UpstreamStream } from '../upstream/stream.ts'
import type { RequestBody } from './body.ts'
import type { CompiledMirror, MirrorLoss } from './rule.ts'

/**
 * What may wait of one copy, and of all copies for one cluster in one worker, because the connection is still being made
 * or the mirror is slow; beyond that the copy is lost, for mirroring never slows the request down. One TLS handshake over
 * 40 ms at 30 MB/s is 4 MiB.
 */
const COPY_BYTES = 4 * 1024 * 1024
const CLUSTER_BYTES = 32 * 1024 * 1024
/** How long a mirror may take for an answer that nobody reads, where the rule has no timeout for backends: without an end it would keep a connection for every request. */
const ANSWER_MS = 30_000

/** Copies of one request for other backends (Gateway API HTTPRequestMirrorFilter). Their answers are dropped. */
export class Mirrors {
  private readonly copies: readonly Copy[]
  private complete: boolean

  private constructor(copies: readonly Copy[], complete: boolean) {
    this.copies = copies
    this.complete = complete
  }

  /** Draws each mirror's share and sends what is known of the request; null when no mirror takes it. */
  static begin(
    request: RequestHead,
    body: RequestBody,
    mirrors: readonly CompiledMirror[],
    timeoutMs: number,
  ): Mirrors | null {
    const copies: Copy[] = []
    for (const mirror of mirrors) {
      if (mirror.share < 1 && Math.random() >= mirror.share) continue
      const copy = beginCopy(mirror, request, timeoutMs || ANSWER_MS)
      if (copy !== null) copies.push(copy)
    }
    if (copies.length === 0) return null
    for (const copy of copies) body.copyTo(copy)
    const begun = new Mirrors(copies, body.complete)
    if (body.complete) begun.flush()
    return begun
  }

  data(chunk: Buffer, start: number, end: number): void {
    for (const copy of this.copies) copy.write(chunk, start, end)
  }

  end(): void {
    this.complete = true
    for (const copy of this.copies) copy.end()
  }

  flush(): void {
    for (const copy of this.copies) copy.flush()
  }

  /** The exchange is over; a copy whose body will never be complete must not look like a whole request. */
  abandon(): void {
    if (!this.complete) for (const copy of this.copies) copy.lose('request_incomplete')
  }
}

/** Null where the copy is lost before it has begun: mirrors do not wait for connections that requests want. */
function beginCopy(mirror: CompiledMirror, request: RequestHead, timeoutMs: number): Copy | null {
  const { cluster, lost } = mirror
  const endpoint = cluster.pick()
  if (endpoint === null) {
    lost(cluster.unavailable)
    return null
  }
  const stream = endpoint.pool.acquire()
  if (stream !== null) return new Copy(mirror, stream, endpoint, request, timeoutMs)
  lost('connection_limit_reached')
  return null
}

/** One copy on its way. */
class Copy implements UpstreamHandler {
  private readonly mirror: CompiledMirror
  private stream: UpstreamStream | null
  private readonly endpoint: Endpoint<UpstreamPool>
  private readonly timeoutMs: number
  private timer: NodeJS.Timeout | null = null
  /** What waits of it, as counted with all others. */
  private waitingBytes = 0

  constructor(
    mirror: CompiledMirror,
    stream: UpstreamStream,
    endpoint: Endpoint<UpstreamPool>,
    request: RequestHead,
    timeoutMs: number,
  ) {
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
    this.timer = setTimeout(() => this.lose('http_response_timeout'), this.timeoutMs).unref()
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
