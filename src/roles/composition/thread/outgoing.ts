import type { Holding } from '../../../composition/calls/holding.ts'
import { DATA, WINDOW_BYTES, type FromThread } from '../../../shared/crossing/messages.ts'
import type { Outbox, Speaker } from '../../../shared/crossing/outbox.ts'
import { Pieces } from '../../../shared/crossing/pieces.ts'

/** What goes across piece by piece, as far as the other side takes it; pieces of one turn are one. */
export class Outgoing implements Speaker {
  private readonly outbox: Outbox<FromThread>
  private readonly id: number
  private readonly holding: Holding
  private readonly written = new Pieces()
  private window = WINDOW_BYTES
  private due = false
  /** Said behind what was written. */
  private last: FromThread | null = null
  private sent: () => void = () => undefined
  private failure: Error | null = null
  private waiting: PromiseWithResolvers<void> | null = null

  /** `holding` is told of bytes that wait to be taken. */
  constructor(outbox: Outbox<FromThread>, id: number, holding: Holding) {
    this.outbox = outbox
    this.id = id
    this.holding = holding
  }

  /** Bytes are not to be written again. Null where there is room for more; else resolves when there is. */
  write(bytes: Uint8Array): Promise<void> | null {
    if (this.failure !== null) return handled(Promise.reject(this.failure))
    this.written.push(bytes)
    this.holding.add(bytes.byteLength)
    this.hear()
    if (this.written.bytes < this.window) return null
    this.waiting ??= Promise.withResolvers()
    return handled(this.waiting.promise)
  }

  /** Nothing more is written; `sent` is told when all of it has gone across. */
  end(last: FromThread, sent: () => void): void {
    if (this.failure !== null || this.last !== null) return
    this.last = last
    this.sent = sent
    this.hear()
  }

  credited(bytes: number): void {
    this.window += bytes
    if (this.written.bytes > 0) this.hear()
    if (this.written.bytes >= this.window) return
    this.waiting?.resolve()
    this.waiting = null
  }

  /** Nobody takes it any more. */
  fail(reason: Error): void {
    this.failure = reason
    this.holding.add(-this.written.bytes)
    this.written.clear()
    this.waiting?.reject(reason)
    this.waiting = null
  }

  private hear(): void {
    if (this.due) return
    this.due = true
    this.outbox.hear(this)
  }

  speak(): void {
    this.due = false
    const bytes = this.written.take(this.window)
    if (bytes !== null) {
      this.window -= bytes.byteLength
      this.holding.add(-bytes.byteLength)
      this.outbox.push([DATA, this.id, bytes], bytes)
    }
    if (this.last === null || this.written.bytes > 0 || this.failure !== null) return
    this.outbox.push(this.last)
    this.failure = ended
    this.sent()
  }
}

/** Who writes and does not wait is no reason to end the thread. */
function handled(promise: Promise<void>): Promise<void> {
  promise.catch(() => undefined)
  return promise
}

const ended = new Error('the answer has ended')
