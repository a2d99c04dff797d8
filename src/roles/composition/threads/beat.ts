/**
 * What a thread of a bundle writes in turn, and who watches it reads: memory of both, so that neither waits for the
 * other. A thread whose loop stands still writes nothing.
 */
export class Beat {
  readonly memory: SharedArrayBuffer
  private readonly cells: Float64Array

  constructor(memory = new SharedArrayBuffer(3 * Float64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory
    this.cells = new Float64Array(memory)
  }

  /** By the thread. */
  write(heapBytes: number, externalBytes: number): void {
    this.cells[1] = heapBytes
    this.cells[2] = externalBytes
    this.cells[0]!++
  }

  /** By the thread, of itself. What Node calls external has its buffers in it; buffers that are shared it has not. */
  measure(): void {
    const { heapUsed, external, arrayBuffers } = process.memoryUsage()
    this.write(heapUsed, Math.max(external, arrayBuffers))
  }

  get count(): number {
    return this.cells[0]!
  }

  get heapBytes(): number {
    return this.cells[1]!
  }

  /** Buffers, and what else lies beside the heap. */
  get externalBytes(): number {
    return this.cells[2]!
  }
}

/** How often it is written, and looked at. */
export const BEAT_MS = 100
