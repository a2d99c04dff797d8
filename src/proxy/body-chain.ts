import type { BodyNext, BodyTransform, Transformed } from '../filters/body.ts'
import type { FailureName } from '../http/failures.ts'
import type { Fields } from '../http/fields.ts'

/** Who sends a body, as those behind see it. */
export interface BodySource {
  /** It may go on, after a `flush` that was false. */
  resume(): void
  fail(failure: FailureName, detail: string): void
}

/** Who takes a body. */
export interface BodySink {
  /** `lent`: the chunk belongs to the sink; otherwise it is valid only during the call. */
  write(chunk: Buffer, lent: boolean): void
  flush(): boolean
  end(trailers: Fields | null): void
}

/**
 * Transforms in a row between a source and a sink; there may be none. What one of
 * them throws ends the exchange, and not the worker; after that nothing moves.
 */
export class BodyChain implements BodySink, BodySource {
  private readonly links: BodyTransform[] = []
  private readonly source: BodySource
  private readonly sink: BodySink
  private ended = false
  /** The end has come through all of them. */
  private passed = false
  private over = false

  /** Throws where a transform cannot be made. */
  constructor(makes: readonly Transformed['transform'][], source: BodySource, sink: BodySink) {
    this.source = source
    this.sink = sink
    for (const [i, make] of makes.entries()) this.links.push(make(this.next(i)))
  }

  write(chunk: Buffer, lent: boolean): void {
    const [first] = this.links
    if (first === undefined) this.sink.write(chunk, lent)
    else this.guarded(() => first.write(chunk))
  }

  flush(): boolean {
    const [first] = this.links
    // Nothing is asked of a transform behind its end; what it has written in this go is still to leave.
    if (first === undefined || this.passed) return this.sink.flush()
    return this.ended || this.guarded(() => first.flush()) !== false
  }

  end(trailers: Fields | null): void {
    const [first] = this.links
    this.ended = true
    if (first === undefined) this.sink.end(trailers)
    else this.guarded(() => first.end(trailers))
  }

  /** The sink takes more. */
  resume(): void {
    const last = this.links.at(-1)
    if (last === undefined) this.source.resume()
    else this.guarded(() => last.resume())
  }

  fail(failure: FailureName, detail: string): void {
    if (!this.over) this.source.fail(failure, detail)
  }

  destroy(): void {
    if (this.over) return
    this.over = true
    for (const link of this.links)
      try {
        link.destroy()
      } catch {
        // The exchange is over: what a transform cannot let go of is nobody's answer any more.
      }
  }

  /** What the transform at `i` sees of the one after it, and of the one before. */
  private next(i: number): BodyNext {
    const { links, sink, source } = this
    return {
      write: chunk => {
        const link = links[i + 1]
        this.guarded(() => (link === undefined ? sink.write(chunk, true) : link.write(chunk)))
      },
      flush: () => this.guarded(() => (links[i + 1] ?? sink).flush()) !== false,
      end: trailers => {
        const link = links[i + 1]
        this.passed ||= link === undefined && !this.over
        this.guarded(() => (link ?? sink).end(trailers))
      },
      resume: () => this.guarded(() => (links[i - 1] ?? source).resume()),
      fail: (failure, detail) => this.fail(failure, detail),
    }
  }

  private guarded<T>(run: () => T): T | undefined {
    if (this.over) return undefined
    try {
      return run()
    } catch (error) {
      this.fail('proxy_internal_error', String(error))
      return undefined
    }
  }
}
