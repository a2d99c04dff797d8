import type { FaultName } from './faults.ts'
import type { Http2Limits } from './limits.ts'
import type { SharedStreams } from './shared-streams.ts'

/**
 * Puts a field block together that comes in several frames (RFC 9113 §6.10). It
 * must be decoded whole, so that what it may cost is limited by bytes, by frames
 * and, by its session's sweep, in time.
 */
export class BlockGatherer {
  /** The stream whose block is under way; 0 is none. */
  stream = 0
  /** HEADERS had END_STREAM. */
  endStream = false
  /** Coarse time of its begin. */
  sinceMs = 0
  private readonly limits: Http2Limits
  private readonly shared: SharedStreams
  private parts: Buffer[] = []
  private bytes = 0

  constructor(limits: Http2Limits, shared: SharedStreams) {
    this.limits = limits
    this.shared = shared
  }

  begin(stream: number, endStream: boolean, nowMs: number, chunk: Buffer, start: number, end: number): void {
    this.stream = stream
    this.endStream = endStream
    this.sinceMs = nowMs
    this.bytes = end - start
    this.shared.headBytes += end - start
    this.parts = [Buffer.from(chunk.subarray(start, end))]
  }

  /** The payload of a CONTINUATION frame; returns the limit that it passes, or "". */
  add(chunk: Buffer, start: number, end: number): FaultName | '' {
    this.bytes += end - start
    this.shared.headBytes += end - start
    if (this.parts.length > this.limits.continuations) return 'flood-continuations'
    if (this.bytes > this.limits.headBlockBytes) return 'head-block-size'
    this.parts.push(Buffer.from(chunk.subarray(start, end)))
    return ''
  }

  /** The whole block; there is none under way after that. */
  take(): Buffer {
    const block = Buffer.concat(this.parts, this.bytes)
    this.drop()
    return block
  }

  drop(): void {
    this.shared.headBytes -= this.bytes
    this.stream = this.bytes = 0
    this.parts = []
  }
}
