import type { FailureName } from '../http/failures.ts'
import type { Fields } from '../http/fields.ts'

/** Holds a body, up to so many bytes. */
export interface BodyHold {
  readonly limitBytes: number
  /**
   * What becomes of a longer one. `fail`: 413 (http_request_too_large) for a request, 502 (http_response_body_size) for a
   * response. `pass`: it goes on as it came, and is not held.
   */
  readonly over: 'fail' | 'pass'
}

/** A verdict: the body passes through what `transform` makes. It is not called where there is no body (HEAD, 204, 304, 101). */
export interface Transformed {
  readonly transform: (next: BodyNext) => BodyTransform
}

/**
 * Stands in the way of a body, in either direction. Nothing is called after `end` but `resume`, and nothing after
 * `destroy`.
 */
export interface BodyTransform {
  /** Takes a piece, which is valid only during the call. */
  write(chunk: Buffer): void
  /** End of what came in one go: what is to leave now is to be written and flushed. False: more is to wait for `next.resume()`. */
  flush(): boolean
  /** The body is whole. `next.end` follows, now or later. */
  end(trailers: Fields | null): void
  /** Who comes next takes more again, after its `flush` was false. With nothing left that waits, say the same to who comes before (`next.resume`). */
  resume(): void
  /** The exchange is over, and nobody wants what is left. */
  destroy(): void
}

/** Who comes next, as a transform sees it. */
export interface BodyNext {
  /** The chunk belongs to who comes next from here on. */
  write(chunk: Buffer): void
  /** Sends what was written; false when the receiver is slow: wait for `resume`. */
  flush(): boolean
  end(trailers: Fields | null): void
  /** The sender may go on, after this transform's `flush` was false. */
  resume(): void
  /** The body cannot be completed. */
  fail(failure: FailureName, detail: string): void
}
