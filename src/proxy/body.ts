import { removeSpellings } from '../filters/spellings.ts'
import type { Fields } from '../http/fields.ts'
import type { UpstreamStream } from '../upstream/upstream-stream.ts'

/** What is kept of a request's body so that it can be sent again, and the most that waits for a connection. */
const REPLAY_BYTES = 64 * 1024
/** Each piece is an object of some hundred bytes and keeps alive the read that it came in: sent byte by byte, 64 KiB would be 10 MB. */
const REPLAY_PIECES = 256

/** Mirrors, as a body sees them. */
export interface Copies {
  data(chunk: Buffer, start: number, end: number): void
  end(): void
}

/**
 * The request's body on its way upstream. Kept while it is small, so that a
 * failed attempt can be repeated; once it is larger, what was sent is let go
 * and there is no other attempt.
 */
export class RequestBody {
  complete: boolean
  /** When its end came, by performance.now; 0 where it was there with the head. */
  completeMs = 0
  bytes = 0
  trailers: Fields | null = null
  /** Names in lower case that filters have the say of; null for none. */
  private withheld: readonly string[] | null = null
  private kept: Buffer[] | null = []

  constructor(complete: boolean) {
    this.complete = complete
  }

  /** Everything received so far can be sent once more. */
  get replayable(): boolean {
    return this.kept !== null
  }

  /** Takes a piece; without a stream it waits here, and the sender must pause. `copies` is whoever gets one as well. */
  push(
    chunk: Buffer,
    start: number,
    end: number,
    stream: UpstreamStream | null,
    copies: Copies | null,
  ): void {
    copies?.data(chunk, start, end)
    this.bytes += end - start
    if (this.kept !== null) {
      if (stream !== null && this.bytes > REPLAY_BYTES) this.kept = null
      else if (this.kept.push(chunk.subarray(start, end)) === REPLAY_PIECES)
        this.kept = [Buffer.concat(this.kept)]
    }
    stream?.write(chunk, start, end)
  }

  end(trailers: Fields | null, stream: UpstreamStream | null, copies: Copies | null): void {
    copies?.end()
    this.complete = true
    this.completeMs = performance.now()
    this.trailers = trailers
    if (this.withheld !== null) this.removeWithheld(this.withheld)
    stream?.end(trailers)
  }

  /** Fields of these names go no further as trailers, which whoever merges them into the head would take for those. */
  withhold(names: readonly string[]): void {
    this.withheld = this.withheld === null ? names : [...this.withheld, ...names]
    this.removeWithheld(names)
  }

  private removeWithheld(names: readonly string[]): void {
    const { trailers } = this
    if (trailers === null) return
    for (const name of names) trailers.remove(name)
    removeSpellings(trailers, names)
  }

  /** Writes what has been received so far to someone else as well. */
  copyTo(sink: Pick<UpstreamStream, 'write' | 'end'>): void {
    if (this.kept !== null) for (const piece of this.kept) sink.write(piece, 0, piece.length)
    if (this.complete) sink.end(this.trailers)
  }

  /** Sends a new stream what has been received so far. */
  replay(stream: UpstreamStream): void {
    this.copyTo(stream)
    if (this.bytes > REPLAY_BYTES) this.kept = null
  }

  /** Gives away what has been received so far, and begins anew: it comes back by another way. */
  take(): {
    readonly pieces: readonly Buffer[]
    readonly complete: boolean
    readonly trailers: Fields | null
  } {
    const { complete, trailers } = this
    const pieces = this.kept ?? []
    this.kept = []
    this.bytes = 0
    this.complete = false
    this.trailers = null
    return { pieces, complete, trailers }
  }

  /** Nothing will be sent again. */
  release(): void {
    this.kept = null
  }
}
