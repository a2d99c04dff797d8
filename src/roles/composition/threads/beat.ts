/**
 * What a thread of a bundle writes in turn, and who watches it reads: memory of both, so that neither waits for the
 * other. A thread whose loop stands still writes nothing.
 */
export class Beat {
  readonly memory: SharedArrayBuffer
  private readonly cells: Float64Array

  constructor(memory = new SharedArrayBuffer(4 * Float64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory
    this.cells = new Float64Array(memory)
  }

  /** By the thread. */
  write(heapBytes: number, externalBytes: number): void {
    this.cells[1] = heapBytes
    this.cells[2] = externalBytes
    this.cells[0]!++
  }

  /**
   * By the thread, of itself; `collect` takes away what nothing refers to any more, where that is asked for. What Node
   * calls external has its buffers in it, but not those that are shared, which are array buffers alone.
   */
  measure(collect: () => void): void {
    // What was left of it is there until it is read: garbage that is made meanwhile says nothing.
    if (this.isCollected) return void this.cells[0]!++
    const isAsked = this.cells[3] === ASKED
    // Buffers that one collection has found are taken away beside it, and are counted until the next begins (Node 24.21):
    // at once, since what becomes garbage between them would be counted in its turn.
    if (isAsked) for (let i = 0; i < 2; i++) collect()
    const { heapUsed, external, arrayBuffers } = process.memoryUsage()
    this.write(heapUsed, Math.max(external, arrayBuffers))
    if (isAsked) this.cells[3] = COLLECTED
  }

  /** By who watches: the next measure is to be of what is held alone. */
  askCollection(): void {
    this.cells[3] = ASKED
  }

  /** What was asked for is done, and what is written now is of what was left. */
  get isCollected(): boolean {
    return this.cells[3] === COLLECTED
  }

  /** By who watches: it has been read. */
  forgetCollection(): void {
    this.cells[3] = 0
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

const ASKED = 1
const COLLECTED = 2

/** How often it is written, and looked at. */
export const BEAT_MS = 100
