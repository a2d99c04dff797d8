/** What is not believed yet, by name: it has to stay the same for a while. */
export class Waits {
  private readonly waitMs: number
  private readonly now: () => number
  private readonly seen = new Map<string, { readonly state: string; readonly sinceMs: number }>()
  /** Until the first of those asked for since `begin` may be believed; Infinity where none waits. */
  nextMs = Infinity

  /** `now` is a clock in milliseconds that never goes back. */
  constructor(waitMs: number, now: () => number) {
    this.waitMs = waitMs
    this.now = now
  }

  begin(): void {
    this.nextMs = Infinity
  }

  /** Whether this state of a file is to wait: it was seen first, here, less than the time ago. */
  for(name: string, state: string): boolean {
    const now = this.now()
    const before = this.seen.get(name)
    const sinceMs = before?.state === state ? before.sinceMs : now
    this.seen.set(name, { state, sinceMs })
    const leftMs = sinceMs + this.waitMs - now
    if (leftMs > 0) this.nextMs = Math.min(this.nextMs, leftMs)
    return leftMs > 0
  }

  /** It is as it should be, and nothing is waited for. */
  done(name: string): void {
    this.seen.delete(name)
  }
}
