/** Bodies that are on their way into the cache, in one worker, together: what is beyond passes and is not stored. */
export class FillMemory {
  private readonly limitBytes: number
  private usedBytes = 0

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  take(bytes: number): boolean {
    if (this.usedBytes + bytes > this.limitBytes) return false
    this.usedBytes += bytes
    return true
  }

  give(bytes: number): void {
    this.usedBytes -= bytes
  }
}
