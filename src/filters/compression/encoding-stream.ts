import type { Fields } from '../../http/fields.ts'
import type { BodyNext, BodyTransform } from '../body.ts'
import { encoders, type Window, type ZlibStream } from './encoders.ts'
import type { Meter } from './meters.ts'
import type { Encoding } from './negotiate.ts'

/** What waits for zlib; beyond, the sender is told to wait. It is what a direction may hold (HTTP1.md §12). */
const WAITING_BYTES = 64 * 1024

export interface StreamPlan {
  readonly encoding: Encoding
  readonly window: Window
  readonly meter: Meter
  /** Gives back the encoder's memory. */
  readonly release: () => void
}

/**
 * A body on its way through zlib, which works on a thread of the pool. All that
 * has come while zlib was busy is its next piece, and each piece comes out whole:
 * an event or a line of a log never stays in the window, nor do pieces become
 * small, and worse compressed, where zlib is what takes time.
 */
export class EncodingStream implements BodyTransform {
  private readonly plan: StreamPlan
  private readonly next: BodyNext
  private readonly zlib: ZlibStream
  private waiting: Buffer[] = []
  private waitingBytes = 0
  private busy = false
  private congested = false
  private complete = false
  private trailers: Fields | null = null
  private over = false

  constructor(plan: StreamPlan, next: BodyNext) {
    this.plan = plan
    this.next = next
    this.zlib = encoders[plan.encoding].stream(plan.window)
    this.zlib.on('data', (chunk: Buffer) => this.encoded(chunk))
    this.zlib.on('end', () => this.ended())
    this.zlib.on('error', error => this.failed(error))
    plan.meter.responses.add(1)
  }

  write(chunk: Buffer): void {
    this.plan.meter.inputBytes.add(chunk.length)
    // Copied: zlib reads it on its own thread, later.
    this.waiting.push(Buffer.from(chunk))
    this.waitingBytes += chunk.length
  }

  flush(): boolean {
    if (!this.busy && this.waitingBytes > 0) this.submit()
    this.congested = this.waitingBytes >= WAITING_BYTES
    return !this.congested
  }

  end(trailers: Fields | null): void {
    this.complete = true
    this.trailers = trailers
    if (!this.busy) this.zlib.end(this.takeWaiting())
  }

  resume(): void {
    this.zlib.resume()
  }

  destroy(): void {
    if (!this.finished()) return
    this.waiting = []
    this.zlib.destroy()
  }

  /** False where it was already. */
  private finished(): boolean {
    if (this.over) return false
    this.over = true
    this.plan.release()
    return true
  }

  private submit(): void {
    this.busy = true
    this.zlib.write(this.takeWaiting(), () => this.written())
  }

  private takeWaiting(): Buffer {
    const { waiting } = this
    this.waiting = []
    this.waitingBytes = 0
    return waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting)
  }

  private written(): void {
    if (this.over) return
    this.busy = false
    if (this.complete) return void this.zlib.end(this.takeWaiting())
    if (this.waitingBytes > 0) this.submit()
    if (!this.congested) return
    this.congested = false
    this.next.resume()
  }

  private encoded(chunk: Buffer): void {
    if (this.over) return
    this.plan.meter.outputBytes.add(chunk.length)
    this.next.write(chunk)
    if (!this.next.flush()) this.zlib.pause()
  }

  private ended(): void {
    if (!this.finished()) return
    this.next.end(this.trailers)
  }

  private failed(error: Error): void {
    if (!this.finished()) return
    this.next.fail('proxy_internal_error', String(error))
  }
}
