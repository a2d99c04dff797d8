/** Pieces of less are put together. */
const PIECE_BYTES = 16 * 1024

/**
 * Copies of what has come and has to wait, in order. Small pieces share a
 * buffer, since each has some hundred bytes of its own: a window of 4 MiB that
 * comes a byte at a time would hold a hundred times that.
 */
export class HeldBytes {
  private pieces: Buffer[] = []
  /** The last piece, and how much of it is filled. */
  private last = nothing
  private filled = 0
  bytes = 0

  get empty(): boolean {
    return this.bytes === 0
  }

  push(chunk: Buffer, start: number, end: number): void {
    const fits = Math.min(end - start, this.last.length - this.filled)
    chunk.copy(this.last, this.filled, start, start + fits)
    this.filled += fits
    const rest = end - start - fits
    if (rest > 0) {
      if (this.filled > 0) this.pieces.push(this.last)
      // Never more room than is held already: a stream that holds a byte must not cost 16 KiB.
      this.last = Buffer.allocUnsafeSlow(Math.max(rest, Math.min(this.bytes, PIECE_BYTES)))
      chunk.copy(this.last, 0, start + fits, end)
      this.filled = rest
    }
    this.bytes += end - start
  }

  /** Takes the first piece, which is not written again; null where there is none. */
  shift(): Buffer | null {
    let piece = this.pieces.shift()
    if (piece === undefined) {
      if (this.filled === 0) return null
      piece = this.last.subarray(0, this.filled)
      this.last = nothing
      this.filled = 0
    }
    this.bytes -= piece.length
    return piece
  }

  /** Drops everything; returns how many bytes that were. */
  clear(): number {
    const { bytes } = this
    this.pieces = []
    this.last = nothing
    this.filled = this.bytes = 0
    return bytes
  }
}

const nothing = Buffer.alloc(0)
