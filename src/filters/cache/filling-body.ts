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

/** So much goes to the client at once. */
const PIECE_BYTES = 64 * 1024

/**
 * A body on its way to the client that is kept for others: it is copied once, into memory that all workers share, and
 * the client is sent from there, as fast as it takes it. The backend is heard at its own pace as long as the body fits:
 * one client that is slow holds up nobody who waits for the same. Its memory counts until the client has all of it.
 * Beyond its limit it passes as if it were not kept.
 */
export class FillingBody implements BodyTransform {
  private readonly plan: FillPlan
  private readonly next: BodyNext
  private memory: SharedArrayBuffer | null = null
  private view: Buffer = Buffer.alloc(0)
  private taken = 0
  private used = 0
  /** How much of it the client has been given, and whether it is to take that first. */
  private sent = 0
  private isHeld = false
  private ending: { readonly trailers: Fields | null } | null = null
  private isOver = false
  private isTold = false

  constructor(plan: FillPlan, next: BodyNext) {
    this.plan = plan
    this.next = next
    const first = plan.length >= 0 ? plan.length : Math.min(FIRST_BYTES, plan.limitBytes)
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
    this.used = end
  }

  flush(): boolean {
    this.pass()
    if (!this.isHeld) this.isHeld = !this.next.flush()
    if (this.memory !== null) return true
    if (!this.isHeld) this.release()
    return !this.isHeld
  }

  end(trailers: Fields | null): void {
    const { memory, used, plan } = this
    if (memory !== null && (plan.length < 0 || plan.length === used)) this.finish(memory, used)
    else this.giveUp()
    this.ending = { trailers }
    this.pass()
  }

  resume(): void {
    this.isHeld = false
    this.pass()
    if (this.isHeld) return
    if (this.memory === null) this.release()
    if (this.ending === null) this.next.resume()
    else this.next.flush()
  }

  /** The exchange is over. Its flight ends with it, so that the next one asks. */
  destroy(): void {
    this.release()
    this.isTold = true
  }

  /** As much as the client takes. The last piece leaves with the next flush. */
  private pass(): void {
    while (!this.isHeld && this.sent < this.used) {
      const from = this.sent
      this.sent = Math.min(this.used, from + PIECE_BYTES)
      this.next.write(this.view.subarray(from, this.sent))
      if (this.sent < this.used) this.isHeld = !this.next.flush()
    }
    if (this.ending === null || this.isHeld || this.isOver) return
    this.isOver = true
    this.next.end(this.ending.trailers)
  }

  private finish(memory: SharedArrayBuffer, used: number): void {
    this.isTold = true
    this.plan.done(memory.byteLength === used ? memory : memory.slice(0, used))
  }

  /** What is here goes on at once, and counts until it has been taken. */
  private giveUp(): void {
    if (this.sent < this.used) this.next.write(this.view.subarray(this.sent, this.used))
    this.sent = this.used
    this.memory = null
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
