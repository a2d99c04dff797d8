import { Fields } from '../http/fields.ts'
import type { RequestHead } from '../http/head.ts'
import type { UpstreamPool } from '../upstream/pool.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { UpstreamHandler, UpstreamStream } from '../upstream/stream.ts'
import type { RequestBody } from './body.ts'
import type { CompiledMirror } from './rule.ts'

/** A mirror whose backend is slower than this much behind is given up: mirroring never slows the request down. */
const BEHIND_BYTES = 64 * 1024
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
    for (const { cluster, share } of mirrors) {
      if (share < 1 && Math.random() >= share) continue
      const endpoint = cluster.pick()
      const stream = endpoint?.pool.acquire() ?? null
      if (endpoint !== null && stream !== null)
        copies.push(new Copy(stream, endpoint, request, timeoutMs || ANSWER_MS))
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
    if (!this.complete) for (const copy of this.copies) copy.abort()
  }
}

/** One copy on its way. */
class Copy implements UpstreamHandler {
  private stream: UpstreamStream | null
  private readonly endpoint: Endpoint<UpstreamPool>
  private readonly timeoutMs: number
  private timer: NodeJS.Timeout | null = null
  private behind = 0

  constructor(
    stream: UpstreamStream,
    endpoint: Endpoint<UpstreamPool>,
    request: RequestHead,
    timeoutMs: number,
  ) {
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
      this.abort()
    }
  }

  write(chunk: Buffer, start: number, end: number): void {
    this.behind += end - start
    if (this.behind > BEHIND_BYTES) this.abort()
    else this.stream?.write(chunk, start, end)
  }

  end(): void {
    if (this.stream === null) return
    this.stream.end(null)
    this.timer = setTimeout(() => this.abort(), this.timeoutMs).unref()
  }

  flush(): void {
    if (this.stream?.flush() === true) this.behind = 0
  }

  abort(): void {
    this.stream?.abort()
    this.done()
  }

  onInformational(): void {}
  onHead(): void {}
  onData(): void {}
  onFlush(): boolean {
    return true
  }

  onUpgrade(): void {
    this.abort()
  }

  onEnd(): void {
    this.done()
  }

  onFailure(): void {
    this.done()
  }

  onWritable(): void {
    this.behind = 0
  }

  private done(): void {
    if (this.stream === null) return
    this.stream = null
    if (this.timer !== null) clearTimeout(this.timer)
    this.endpoint.finish()
  }
}
