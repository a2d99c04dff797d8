import { close, closeSync, constants, fstatSync, openSync, write, writeSync } from 'node:fs'

/** Where lines go. `write` is called with one chunk at a time, which stays untouched until `done`. */
export interface AccessSink {
  /** The most bytes that the sink takes in one piece without another thread's lines coming between. */
  readonly pieceBytes: number
  /** `written` is how many bytes arrived; fewer than given only with an error. Never throws. */
  write(chunk: Buffer, done: (written: number, error: Error | null) => void): void
  /** For log rotation: further chunks go to a file newly opened by the same name. Throws when that fails, and then keeps the old one. */
  reopen(): void
  close(): void
}

// POSIX: a write of up to PIPE_BUF bytes to a pipe is never torn.
const PIPE_BUF = 4_096
const CHUNK_BYTES = 262_144
const RETRY_MS = 20

/**
 * A file that is appended to. O_APPEND makes "go to the end and write" one step
 * in the kernel, so that whole lines of several threads stand one after another
 * without a lock of ours. Throws when the file cannot be opened.
 */
export class FileSink implements AccessSink {
  readonly pieceBytes: number = CHUNK_BYTES
  private readonly path: string
  private fd: number
  private stale: number | null = null
  private busy = false
  private torn = false
  private closed = false

  constructor(path: string) {
    this.path = path
    this.fd = openLog(path)
  }

  write(chunk: Buffer, done: (written: number, error: Error | null) => void): void {
    this.busy = true
    // After half a line (a full disk), a line feed keeps the next one whole.
    const bytes = this.torn ? Buffer.concat([Buffer.from('\n'), chunk]) : chunk
    const extra = bytes.length - chunk.length
    writeAll(this.fd, bytes, 0, (written, error) => {
      this.busy = false
      if (written > 0) this.torn = written < bytes.length && bytes[written - 1] !== 10
      this.closeUnused()
      done(Math.max(written - extra, 0), error)
    })
  }

  reopen(): void {
    const fd = openLog(this.path)
    // A write under way goes to the file that was opened first; one that was never written to can go at once.
    if (this.stale === null) this.stale = this.fd
    else close(this.fd, () => {})
    this.fd = fd
    this.torn = false
    if (!this.busy) this.closeUnused()
  }

  close(): void {
    this.closed = true
    if (!this.busy) this.closeUnused()
  }

  /** Never while a write is under way: the number of a closed descriptor may be another file's before the write begins. */
  private closeUnused(): void {
    if (this.stale !== null) close(this.stale, () => {})
    this.stale = null
    if (this.closed) close(this.fd, () => {})
  }
}

function openLog(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o640)
}

function writeAll(
  fd: number,
  bytes: Buffer,
  from: number,
  done: (written: number, error: Error | null) => void,
): void {
  write(fd, bytes, from, bytes.length - from, null, (error, written) => {
    // A socket, as a parent process of Node.js gives one for standard output, may have been made not to block.
    if (error?.code === 'EAGAIN') return void setTimeout(writeAll, RETRY_MS, fd, bytes, from, done).unref()
    if (error !== null) return done(from, error)
    if (from + written < bytes.length) return writeAll(fd, bytes, from + written, done)
    done(bytes.length, null)
  })
}

/**
 * Standard output, or another descriptor that this process was given.
 *
 * A pipe is opened a second time through /proc, without blocking: a reader that
 * stopped reading would otherwise hold a thread of libuv's pool for every
 * worker, and with four of them the file system and DNS of the whole process.
 * (Making the given descriptor non-blocking would do the same to every other
 * process that shares it.) Where that cannot be (a socket; no /proc), and for files,
 * writes on that pool remain.
 */
export class DescriptorSink implements AccessSink {
  readonly pieceBytes: number
  private readonly fd: number
  private readonly ours: boolean
  private closed = false

  constructor(descriptor: number = 1) {
    const isFile = fstatSync(descriptor).isFile()
    // A file given without O_APPEND has one offset that all its writers share: a second one would overwrite theirs.
    const fd = isFile ? null : openAgain(descriptor)
    this.fd = fd ?? descriptor
    this.ours = fd !== null
    this.pieceBytes = isFile ? CHUNK_BYTES : PIPE_BUF
  }

  write(chunk: Buffer, done: (written: number, error: Error | null) => void): void {
    if (this.ours) this.attempt(chunk, 0, done)
    else writeAll(this.fd, chunk, 0, done)
  }

  reopen(): void {}

  close(): void {
    this.closed = true
    if (this.ours) closeSync(this.fd)
  }

  /** Once the pipe is full, looks again in a while: the log that waits for `done` is bounded and drops meanwhile. */
  private attempt(chunk: Buffer, from: number, done: (written: number, error: Error | null) => void): void {
    if (this.closed) return done(from, null)
    const result = writeNow(this.fd, chunk, from)
    if (typeof result !== 'number') return done(from, result)
    if (from + result < chunk.length)
      setTimeout(() => this.attempt(chunk, from + result, done), RETRY_MS).unref()
    // Not at once: what follows would call us from here, once more for each piece that waits.
    else process.nextTick(done, chunk.length, null)
  }
}

/** Bytes written, 0 when there is no room now. */
function writeNow(fd: number, chunk: Buffer, from: number): number | Error {
  try {
    return writeSync(fd, chunk, from)
  } catch (error) {
    if (!(error instanceof Error)) return new Error(String(error))
    return 'code' in error && error.code === 'EAGAIN' ? 0 : error
  }
}

function openAgain(descriptor: number): number | null {
  try {
    return openSync(
      `/proc/self/fd/${descriptor}`,
      constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK,
    )
  } catch {
    return null
  }
}
