import { TRANSFER_BYTES } from './outbox.ts'

/** Bytes that wait for the other thread to take more. */
export class Pieces {
  /** How many. */
  bytes = 0
  private all: Uint8Array[] = []

  push(piece: Uint8Array): void {
    if (piece.byteLength === 0) return
    this.all.push(piece)
    this.bytes += piece.byteLength
  }

  /**
   * The first of them, at most so many, in memory of their own; null where that is none. What is one piece with memory of its
   * own already, and is not handed over, stays that: of many who are given the same it crosses once.
   */
  take(most: number): Uint8Array<ArrayBuffer> | null {
    let length = Math.min(most, this.bytes)
    if (length <= 0) return null
    if (this.all.length === 1 && length === this.bytes && isCloned(this.all[0]!)) {
      this.bytes = 0
      return this.all.pop() as Uint8Array<ArrayBuffer>
    }
    const taken = Buffer.allocUnsafeSlow(length)
    this.bytes -= length
    let count = 0
    for (let at = 0; length > 0;) {
      const piece = this.all[count]!
      const part = Math.min(length, piece.byteLength)
      taken.set(part === piece.byteLength ? piece : piece.subarray(0, part), at)
      at += part
      length -= part
      if (part === piece.byteLength) count++
      else this.all[count] = piece.subarray(part)
    }
    this.all.splice(0, count)
    return taken
  }

  clear(): void {
    this.all = []
    this.bytes = 0
  }
}

/** A clone of it is of its bytes and no others; memory that is shared is not cloned. */
function isCloned({ buffer, byteLength }: Uint8Array): boolean {
  return byteLength < TRANSFER_BYTES && byteLength === buffer.byteLength && buffer instanceof ArrayBuffer
}
