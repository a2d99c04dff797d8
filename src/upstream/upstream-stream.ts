import type { SpanHome } from '../telemetry/spans/span-settings.ts'
import type { FailureName } from '../http/failures.ts'
import type { Fields } from '../http/fields.ts'
import type { RequestHead, ResponseHead } from '../http/head.ts'

/**
 * One request on an upstream connection, whatever protocol it speaks. The
 * sender writes `send`, then `write`… and `end`, and `flush` behind what it wrote
 * in one go: small pieces of one turn of the event loop leave in one system
 * call, at its end.
 */
export interface UpstreamStream {
  /** False once the request's head has gone to a connection that had served others before: then its loss may be mere keep-alive bad luck. */
  readonly fresh: boolean
  /** Nothing of the request has left, so that it may be sent again whatever it is. Asked for after a failure. */
  readonly unsent?: boolean
  /** The connection is still being made, and nothing of the request has left. */
  readonly connecting?: boolean
  /** Its answer goes on, and it counts among its cluster's connections no more. */
  readonly goesOn?: boolean
  /** When its connection was there, as performance.now() tells time: behind `send` where that had to wait for it. */
  readonly connectedMs?: number
  /** Bytes that were flushed and wait for the connection or the peer. */
  readonly queuedBytes: number
  /** Takes the request's head; a body follows if `head.length` says so. */
  send(head: RequestHead, handler: UpstreamHandler): void
  /** Body bytes `chunk[start, end)`. The chunk belongs to the stream from here on. */
  write(chunk: Buffer, start: number, end: number): void
  end(trailers: Fields | null): void
  /** Sends what was written; false when the peer is slow: wait for `onWritable` before reading more. */
  flush(): boolean
  /** Stops and restarts the flow of the response's body. */
  pause(): void
  resume(): void
  /** Gives the request up; the handler hears nothing more. */
  abort(): void
  /** After `onUpgrade`: half-closes our direction of the tunnel. Once the peer's has ended too, the stream ends by itself, when all is sent. */
  endTunnel(): void
}

/**
 * What a stream tells. `onHead` comes at most once, `onEnd` or `onFailure`
 * exactly once and last (after `onUpgrade`: `onEnd` when the peer ends its direction).
 */
export interface UpstreamHandler {
  /** When the sender gives the request up that it sends now, by performance.now(); absent: that is not known. */
  readonly answerByMs?: number
  /** Whose share the request counts as (http/share-key.ts); absent: nobody's in particular. */
  readonly client?: string
  /** Where spans go that who answers makes of it; absent: where those go of whom nobody says it. */
  readonly spanHome?: SpanHome | undefined
  onInformational(head: ResponseHead): void
  onHead(head: ResponseHead): void
  /**
   * The chunk is valid only during the call: its memory is shared by all upstream connections. A `lent` one is valid
   * until `onFlush` returns, and beyond that if it returns false.
   */
  onData(chunk: Buffer, start: number, end: number, lent: boolean): void
  onEnd(trailers: Fields | null): void
  /** End of a turn in which `onHead` or `onData` was called and neither `onEnd` nor `onFailure`. Whether nothing of it still waits to be sent on. */
  onFlush(): boolean
  /** A valid 101: bytes are no longer HTTP. */
  onUpgrade(head: ResponseHead): void
  /** `detail` is for the log, never for the client. */
  onFailure(failure: FailureName, detail: string): void
  onWritable(): void
}

/** A kept connection that ends before a byte of an answer, or of the request, may just have been closed: it says nothing of the endpoint. */
export function isLuck({ unsent = false, fresh }: UpstreamStream, failure: FailureName): boolean {
  return unsent || (!fresh && failure === 'connection_terminated')
}
