import type { MessagePort } from 'node:worker_threads'

/** By which one side of a crossing sends batches to the other, in their order. Either may end it. */
export type CrossingPort = MessagePort | LocalPort

/**
 * One side of a crossing whose two sides are in one thread: a batch is handed over as it is, at once. What the other side
 * throws at it is `onFault`'s, and ends the crossing: nobody else of the thread has a part in it.
 */
export class LocalPort {
  private other!: LocalPort
  private readonly onFault: (error: unknown) => void
  private hear: Hear | null = null
  /** Of before anybody heard, as a MessagePort keeps them. */
  private early: (readonly unknown[])[] = []
  private gone: Hear | null = null
  private isClosed = false

  private constructor(onFault: (error: unknown) => void) {
    this.onFault = onFault
  }

  static pair(onFault: (error: unknown) => void): readonly [LocalPort, LocalPort] {
    const one = new LocalPort(onFault)
    const other = new LocalPort(onFault)
    one.other = other
    other.other = one
    return [one, other]
  }

  on(event: 'message' | 'close', hear: Hear): void {
    if (event === 'close') this.gone = hear
    else {
      this.hear = hear
      for (const batch of this.early.splice(0)) this.take(batch)
    }
  }

  /** Nothing needs to be handed over. */
  postMessage(batch: readonly unknown[], _: readonly ArrayBuffer[] = []): void {
    if (!this.isClosed) this.other.take(batch)
  }

  private take(batch: readonly unknown[]): void {
    if (this.hear === null) return void this.early.push(batch)
    try {
      this.hear(batch)
    } catch (error) {
      this.fault(error)
    }
  }

  /** What is thrown later by what this side has taken. */
  fault(error: unknown): void {
    this.onFault(error)
    this.close()
  }

  unref(): void {}

  /** Both sides hear of it. */
  close(): void {
    if (this.isClosed) return
    this.isClosed = this.other.isClosed = true
    queueMicrotask(() => {
      for (const { gone } of [this, this.other]) gone?.(undefined)
    })
  }
}

// oxlint-disable-next-line typescript/no-explicit-any -- as a MessagePort has it
type Hear = (batch: any) => void
