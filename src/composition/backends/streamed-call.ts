import type { Call } from '../calls/call.ts'
import { CallFailure } from '../calls/failure.ts'
import type { CallSite } from './call-site.ts'
import { trackedCall, type RunningCall } from './tracked-call.ts'

/**
 * What a call brings piece by piece, to be read once, as fast as it is read. It has begun when it is made, is cancelled
 * with the request, and by whoever stops reading it; where the call fails, reading it does.
 *
 * @example
 * for await (const price of c.shop.watchPrices({ book })) yield { euros: price.euros }
 */
export class CallStream<T> implements AsyncIterable<T> {
  private readonly opened = Promise.withResolvers<AsyncIterable<T>>()
  private readonly read = Promise.withResolvers<void>()
  private readonly call: Call<void>

  constructor(
    site: CallSite,
    name: string,
    timeoutMs: number,
    open: (call: RunningCall) => Promise<AsyncIterable<T>>,
  ) {
    this.opened.promise.catch(() => undefined)
    this.read.promise.catch(() => undefined)
    this.call = trackedCall(site, name, timeoutMs, async call => {
      this.opened.resolve(await open(call))
      await this.read.promise
    })
    this.call.outcome.catch((reason: unknown) => {
      this.opened.reject(reason)
      this.read.reject(reason)
    })
  }

  /** Nobody reads it, or the rest of it. */
  cancel(why = 'it is not read'): void {
    this.call.cancel(why)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    let ended = false
    try {
      for await (const one of await this.opened.promise) yield one
      ended = true
      this.read.resolve()
    } catch (error) {
      ended = true
      this.read.reject(error)
      throw error
    } finally {
      if (!ended) this.cancel()
    }
  }
}

/** Ends a call whose answer has not begun by then; of a stream that is all that a backend's time is for. */
export function endUnbegun(call: RunningCall, site: CallSite, timeoutMs: number): () => void {
  if (timeoutMs === Infinity) return () => undefined
  return site.request.clock.after(timeoutMs, () =>
    call.cancel(new CallFailure('http_response_timeout', call.name)),
  )
}
