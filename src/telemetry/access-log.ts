import { accessLine } from './access-line.ts'
import type { QueryMode } from './access-line.ts'
import type { AccessRecord } from './access-record.ts'
import type { AccessSink } from './access-sink.ts'
import { log } from './log.ts'

export interface AccessLogOptions {
  /** Makes a line, ending in LF, of which each character is one byte; JSON where absent. */
  readonly line?: (record: AccessRecord, nowMs: number, mode: QueryMode) => string
  readonly query?: QueryMode
  /** Bytes that may wait for the sink, in this thread, beyond which lines are dropped. */
  readonly bufferBytes?: number
  readonly flushMs?: number
  /** How long `close` waits for a sink that does not take the rest. */
  readonly closeMs?: number
  /** Counts lines that are lost, besides `dropped`. */
  readonly onDropped?: { add(lines: number): void }
}

interface Waiting {
  readonly buffer: Buffer
  /** Up to here the sink has it. */
  from: number
  readonly bytes: number
}

const CHUNK_BYTES = 262_144
const LF = 10

/**
 * The access log of one thread. `write` makes a line and copies it into a
 * buffer, nothing more; buffers go to the sink when full or after a tenth of a
 * second, one at a time and always whole lines. When the sink is slow, lines
 * are dropped and counted: the log neither blocks a request nor grows.
 */
export class AccessLog {
  /** Lines lost since the beginning. */
  dropped = 0
  private readonly sink: AccessSink | null
  private readonly line: (record: AccessRecord, nowMs: number, mode: QueryMode) => string
  private readonly query: QueryMode
  private readonly flushMs: number
  private readonly closeMs: number
  private readonly onDropped: { add(lines: number): void } | null
  /** Buffers with nothing in them; those that wait are in `full`, oldest first. */
  private readonly empty: Buffer[]
  private readonly full: Waiting[] = []
  private current: Buffer | null
  private used = 0
  private writing = false
  private closing = false
  private closed = false
  private timer: NodeJS.Timeout | null = null
  private idle: (() => void) | null = null

  /** `sink` null: the log is off, and `write` does nothing. */
  constructor(sink: AccessSink | null, options: AccessLogOptions = {}) {
    this.sink = sink
    this.line = options.line ?? accessLine
    this.query = options.query ?? 'redact'
    this.flushMs = options.flushMs ?? 100
    this.closeMs = options.closeMs ?? 2_000
    this.onDropped = options.onDropped ?? null
    const count =
      sink === null ? 0 : Math.max(Math.floor((options.bufferBytes ?? 1_048_576) / CHUNK_BYTES), 2)
    this.empty = Array.from({ length: count }, () => Buffer.allocUnsafeSlow(CHUNK_BYTES))
    this.current = this.empty.pop() ?? null
  }

  /** Whether it is worth filling a record. */
  get enabled(): boolean {
    return this.sink !== null
  }

  /** Takes what it needs from the record, which may be used again at once. */
  write(record: AccessRecord): void {
    if (this.sink === null || this.closing) return
    const line = this.line(record, Date.now(), this.query)
    if (this.used + line.length > CHUNK_BYTES || this.current === null) this.turn()
    if (this.current === null || line.length > CHUNK_BYTES) return this.drop(1)
    this.used += this.current.write(line, this.used, 'latin1')
    this.timer ??= setTimeout(() => this.tick(), this.flushMs).unref()
  }

  /** For log rotation. A failure is logged, and the old file stays in use. */
  reopen(): void {
    try {
      this.sink?.reopen()
    } catch (error) {
      log.error('access_log.reopen_failed', { error })
    }
  }

  /** Writes out what waits, then closes the sink. Lines that a stuck sink does not take in time are counted as dropped. */
  async close(): Promise<void> {
    if (this.sink === null || this.closing) return
    this.closing = true
    if (this.timer !== null) clearTimeout(this.timer)
    this.turn()
    await this.drained()
    for (const { buffer, from, bytes } of this.full) this.drop(lines(buffer, from, bytes))
    this.full.length = 0
    this.closed = true
    this.sink.close()
  }

  private drained(): Promise<void> {
    if (!this.writing) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.idle = resolve
    const timer = setTimeout(resolve, this.closeMs)
    return promise.finally(() => clearTimeout(timer))
  }

  private tick(): void {
    this.timer = null
    if (this.used > 0) this.turn()
  }

  /** The current buffer goes to the sink, an empty one takes its place if there is one. */
  private turn(): void {
    if (this.current !== null && this.used > 0) {
      this.full.push({ buffer: this.current, from: 0, bytes: this.used })
      this.current = null
      this.used = 0
    }
    this.current ??= this.empty.pop() ?? null
    this.pump()
  }

  private pump(): void {
    const next = this.full[0]
    if (this.writing || this.sink === null) return
    if (next === undefined) return this.idle?.()
    this.writing = true
    this.send(next)
  }

  /** Sends the buffer in pieces of whole lines that the sink can take without mixing them with another thread's. */
  private send(waiting: Waiting): void {
    const { buffer, from, bytes } = waiting
    const end = pieceEnd(buffer, from, bytes, this.sink?.pieceBytes ?? CHUNK_BYTES)
    this.sink?.write(buffer.subarray(from, end), (written, error) => {
      if (this.closed) return
      if (error !== null) this.failed(error, lines(buffer, from + written, end))
      waiting.from = end
      if (end < bytes) this.send(waiting)
      else this.sent()
    })
  }

  private sent(): void {
    this.writing = false
    const done = this.full.shift()
    if (done !== undefined) this.empty.push(done.buffer)
    this.pump()
  }

  private failed(error: Error, lost: number): void {
    this.drop(lost)
    log.error('access_log.write_failed', { error })
  }

  private drop(count: number): void {
    this.dropped += count
    this.onDropped?.add(count)
  }
}

/** The end of the last line that begins at or after `from` and fits; of the first one where none does. */
function pieceEnd(buffer: Buffer, from: number, to: number, pieceBytes: number): number {
  if (to - from <= pieceBytes) return to
  const last = buffer.lastIndexOf(LF, from + pieceBytes - 1)
  return (last >= from ? last : buffer.indexOf(LF, from)) + 1
}

function lines(buffer: Buffer, from: number, to: number): number {
  let count = 0
  for (let at = buffer.indexOf(LF, from); at >= 0 && at < to; at = buffer.indexOf(LF, at + 1)) count++
  return count
}
