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

  /** The first of them, at most so many, in memory of their own; null where that is none. */
  take(most: number): Uint8Array<ArrayBuffer> | null {
    let length = Math.min(most, this.bytes)
    if (length <= 0) return null
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
