import type { Fields } from '../../http/fields.ts'
import type { BodyNext, BodyTransform } from '../body.ts'
import type { FillMemory } from './fill-memory.ts'

/** What it is to become. */
export interface FillPlan {
  /** Of the body; below 0 where it is not known. */
  readonly length: number
  readonly limitBytes: number
  readonly memory: FillMemory
  /** The whole of it, in memory that threads share; null where it is not to be stored after all. */
  readonly done: (body: SharedArrayBuffer | null) => void
}

/** Least room that is taken for a body of unknown length. */
const FIRST_BYTES = 16 * 1024

/**
 * A body on its way to the client that is kept for others: it is copied once, into memory that all workers share, and
 * the client is sent from there. The backend is heard at its own pace as long as the body fits: one client that is slow
 * holds up nobody who waits for the same. Beyond its limit it passes as if it were not kept.
 */
export class FillingBody implements BodyTransform {
  private readonly plan: FillPlan
  private readonly next: BodyNext
  private memory: SharedArrayBuffer | null = null
  private view: Buffer = Buffer.alloc(0)
  private taken = 0
  private used = 0
  private isTold = false

  constructor(plan: FillPlan, next: BodyNext) {
    this.plan = plan
    this.next = next
    const first = plan.length >= 0 ? plan.length : FIRST_BYTES
    if (first > plan.limitBytes || !this.reserve(first)) this.giveUp()
  }

  write(chunk: Buffer): void {
    const end = this.used + chunk.length
    if (this.memory === null || (end > this.view.length && !this.grow(end))) {
      this.giveUp()
      this.next.write(Buffer.from(chunk))
      return
    }
    chunk.copy(this.view, this.used)
    this.next.write(this.view.subarray(this.used, end))
    this.used = end
  }

  flush(): boolean {
    return this.next.flush() || this.memory !== null
  }

  end(trailers: Fields | null): void {
    const { memory, used, plan } = this
    if (memory !== null && (plan.length < 0 || plan.length === used)) this.finish(memory, used)
    else this.giveUp()
    this.next.end(trailers)
  }

  resume(): void {
    this.next.resume()
  }

  /** It did not come to its end. */
  destroy(): void {
    // Its exchange ends, and the next one asks.
    this.release()
    this.isTold = true
  }

  private finish(memory: SharedArrayBuffer, used: number): void {
    const whole = memory.byteLength === used ? memory : memory.slice(0, used)
    this.release()
    this.isTold = true
    this.plan.done(whole)
  }

  private giveUp(): void {
    this.release()
    if (this.isTold) return
    this.isTold = true
    this.plan.done(null)
  }

  private release(): void {
    this.plan.memory.give(this.taken)
    this.taken = 0
    this.memory = null
  }

  private grow(bytes: number): boolean {
    const { length, limitBytes } = this.plan
    if (length >= 0 || bytes > limitBytes) return false
    const before = this.view.subarray(0, this.used)
    if (!this.reserve(Math.min(limitBytes, Math.max(bytes, this.view.length * 2)))) return false
    before.copy(this.view)
    return true
  }

  private reserve(bytes: number): boolean {
    const more = bytes - this.taken
    if (!this.plan.memory.take(more)) return false
    this.taken = bytes
    this.memory = new SharedArrayBuffer(bytes)
    this.view = Buffer.from(this.memory)
    return true
  }
}
