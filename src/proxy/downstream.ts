import type { Fields } from '../http/fields.ts'
import type { ResponseHead } from '../http/head.ts'

/**
 * The client's side of an exchange, whatever protocol it speaks. What is
 * written and flushed leaves at the end of the event loop's turn (http/turn.ts).
 */
export interface Downstream {
  informational(head: ResponseHead): void
  head(head: ResponseHead): void
  /** The chunk is valid only during the call, so that what has to wait is copied; a `lent` one as long as `clear` is false. */
  data(chunk: Buffer, start: number, end: number, lent: boolean): void
  /** The response is complete; flushes. The exchange is over for the downstream after this. */
  end(trailers: Fields | null): void
  /** False when the client is slow: wait for the exchange's `onDownstreamWritable`. */
  flush(): boolean
  /** Nothing that was lent is needed any more. */
  readonly clear: boolean
  /**
   * The response cannot be completed: the client must be able to tell (reset, no last chunk). `code` is what HTTP/2
   * says with its reset (http/h2/codes.ts): INTERNAL_ERROR where it is left out.
   */
  abort(code?: number): void
  /**
   * Turns the request away without an answer, where the client has been told to go elsewhere and can know that nothing was
   * done about it: it asks there again. False: it is to be answered.
   */
  refuse(): boolean
  /** Stops and restarts the flow of the request's body. */
  pause(): void
  resume(): void
  /** Answers `Expect: 100-continue`, if that is still waited for. */
  continue(): void
  /** Sends a 101; from here on bytes are passed as they are, both ways. */
  upgrade(head: ResponseHead): void
  /** Half-closes our direction of the tunnel. */
  endTunnel(): void
}
