import type { BodyNext, BodyTransform } from '../filters/body.ts'
import type { FailureName } from '../http/failures.ts'
import type { Fields } from '../http/fields.ts'

/** Who has what follows the head of an answer. */
export interface CallReader {
  data(chunk: Buffer): void
  /** False: no more until the call is resumed. */
  flush(): boolean
  writable(): void
  ended(): void
  failed(failure: FailureName, detail: string): void
}

/** A call whose head is answered, as who sends its body and reads its answer sees it. */
export interface OpenCall {
  /** Of what was sent and is still to be taken. */
  readonly waitingBytes: number
  readBy(reader: CallReader): void
  /** The chunk belongs to the call from here on. */
  send(chunk: Buffer): void
  /** False: wait for `CallReader.writable`. */
  sent(): boolean
  sendEnd(): void
  resume(): void
  close(): void
}

/** A body on its way through whoever answers a call. Trailers pass by: they come behind what it makes of the body. */
export class CrossingBody implements BodyTransform {
  private readonly call: OpenCall
  private readonly next: BodyNext
  private readonly failure: FailureName
  private readonly stallMs: number
  private timer: NodeJS.Timeout | null = null
  private begun = false
  /** All of the body has come. */
  private came: { readonly trailers: Fields | null } | null = null
  /** All of what is made of it has. */
  private made = false
  private over = false
  /** Who comes next is slow. */
  private blocked = false
  private moves = 0
  /** What was to be moved when it was last looked at, and how far things were then. */
  private looked: { readonly moves: number; readonly waitingBytes: number } | null = null

  constructor(call: OpenCall, next: BodyNext, failure: FailureName, stallMs: number) {
    this.call = call
    this.next = next
    this.failure = failure
    this.stallMs = stallMs
  }

  // BodyTransform.

  write(chunk: Buffer): void {
    this.begin()
    // Of whom nothing more comes: the rest is for nobody, and who sends it is not to wait.
    if (!this.made && !this.over) this.call.send(Buffer.from(chunk))
  }

  flush(): boolean {
    this.begin()
    const takesMore = this.made || this.over || this.call.sent()
    // The head of an answer need not wait for bytes that may be long in coming.
    if (!this.over && !this.next.flush()) this.blocked = true
    return takesMore
  }

  end(trailers: Fields | null): void {
    this.begin()
    this.came = { trailers }
    if (this.made) this.finish()
    else if (!this.over) this.call.sendEnd()
  }

  resume(): void {
    this.blocked = false
    if (this.made) this.next.resume()
    else this.call.resume()
  }

  destroy(): void {
    this.stop()
    this.call.close()
  }

  // Of the call.

  private begin(): void {
    if (this.begun) return
    this.begun = true
    this.timer = setTimeout(this.look, this.stallMs).unref()
    this.call.readBy({
      data: chunk => this.given(chunk),
      flush: () => this.flushed(),
      writable: () => this.writable(),
      ended: () => this.ended(),
      failed: (failure, detail) => this.fail(detail === '' ? failure : `${failure}: ${detail}`),
    })
  }

  private given(chunk: Buffer): void {
    this.moves++
    if (!this.over) this.next.write(chunk)
  }

  private flushed(): boolean {
    if (this.over) return true
    this.blocked = !this.next.flush()
    return !this.blocked
  }

  private writable(): void {
    this.moves++
    if (!this.over) this.next.resume()
  }

  private ended(): void {
    this.made = true
    this.stopLooking()
    if (this.came !== null) this.finish()
    else if (!this.over) this.next.resume()
  }

  private finish(): void {
    if (this.over) return
    this.stop()
    this.next.end(this.came!.trailers)
    this.next.flush()
  }

  private fail(detail: string): void {
    if (this.over) return
    this.stop()
    this.next.fail(this.failure, detail)
  }

  /** A timer for each piece would cost more than the piece. */
  private readonly look = (): void => {
    const { moves, blocked } = this
    const { waitingBytes } = this.call
    const isOwed = !blocked && (waitingBytes > 0 || this.came !== null)
    const { looked } = this
    if (isOwed && looked?.moves === moves && looked.waitingBytes === waitingBytes) {
      this.call.close()
      return this.fail(`nothing moved for ${this.stallMs} ms`)
    }
    this.looked = isOwed ? { moves, waitingBytes } : null
    this.timer = setTimeout(this.look, this.stallMs).unref()
  }

  private stop(): void {
    this.over = true
    this.stopLooking()
  }

  private stopLooking(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
  }
}
