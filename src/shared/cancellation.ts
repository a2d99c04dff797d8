/**
 * Tells that something is wanted no more: as much of an AbortSignal as transports and engines need, and every AbortSignal
 * is one. To make one and listen to it takes a tenth of what AbortController and EventTarget take, and each call of a
 * composition has one.
 */
export interface Cancellation {
  readonly aborted: boolean
  readonly reason: unknown
  /** Told at most once, and not where it is aborted already. */
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once: true }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** One that whoever has it aborts. */
export class Canceller implements Cancellation {
  aborted = false
  reason: unknown = undefined
  /** Most have one listener. */
  private first: (() => void) | null = null
  private others: (() => void)[] | null = null

  /** One that is there already is not added again. */
  addEventListener(_: 'abort', listener: () => void): void {
    if (this.aborted || this.first === listener || this.others?.includes(listener) === true) return
    if (this.first === null && this.others === null) this.first = listener
    else (this.others ??= []).push(listener)
  }

  /** Also while the others are told. */
  removeEventListener(_: 'abort', listener: () => void): void {
    if (this.first === listener) this.first = null
    else if (this.others !== null) this.others = this.others.filter(other => other !== listener)
  }

  abort(reason: unknown): void {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason
    for (let next = this.take(); next !== undefined; next = this.take())
      try {
        next()
      } catch (error) {
        // As an EventTarget has it: the mistake of one keeps nothing from the others, and is nobody's who aborts.
        process.nextTick(() => {
          throw error
        })
      }
  }

  private take(): (() => void) | undefined {
    const { first } = this
    this.first = null
    return first ?? this.others?.shift()
  }
}

/** For those who take nothing less. */
export function abortSignalOf(cancellation: Cancellation): AbortSignal {
  if (cancellation instanceof AbortSignal) return cancellation
  const controller = new AbortController()
  const abort = (): void => controller.abort(cancellation.reason)
  if (cancellation.aborted) abort()
  else cancellation.addEventListener('abort', abort)
  return controller.signal
}
