import { CallFailure } from './failure.ts'
import { Scope } from './scope.ts'

type Then<T, R> = ((value: T) => R | PromiseLike<R>) | null | undefined

/**
 * A call that has begun: a promise of what it brings, which can be cancelled. A failure of one that nobody awaits is no
 * unhandled rejection. What still runs when the request is answered is cancelled: await what must happen.
 *
 * `then` makes a call again, so that one that depends on another is combined and cancelled like any other:
 *
 * @example
 * const user = c.users.get('/users/{id}', { path: { id } })
 * const tier = user.then(u => c.shop.get('/tiers/{name}', { path: { name: u.tier } }))
 */
export class Call<T> implements Promise<T> {
  readonly [Symbol.toStringTag] = 'Call'
  /** What a report calls it; `all` gives it that of its member. */
  name: string
  private readonly scope: Scope
  private readonly promise: Promise<T>
  private readonly parts: readonly unknown[]
  private onInterrupt: ((reason: CallFailure) => void) | null = null
  private resolve!: (value: T) => void
  private reject!: (reason: unknown) => void

  /** `parts` are cancelled with it. */
  private constructor(name: string, scope: Scope, parts: readonly unknown[]) {
    this.name = name
    this.scope = scope
    this.parts = parts
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    this.promise.catch(() => undefined)
    if (scope.cancelledBy === null) scope.onCancel = reason => this.cancelled(reason)
    else this.cancelled(scope.cancelledBy)
  }

  /** Begins below `parent`. Nothing is begun where that is cancelled. */
  static begin<T>(
    name: string,
    parent: Scope,
    work: (scope: Scope) => T | PromiseLike<T>,
    parts: readonly unknown[] = [],
  ): Call<T> {
    const call = new Call<T>(name, parent.child(), parts)
    if (call.scope.cancelledBy === null) call.follow(() => work(call.scope))
    return call
  }

  /** The request that it is for. */
  get request() {
    return this.scope.request
  }

  /** As a plain promise, for who cancels it himself: `then` makes a call of its own. */
  get outcome(): Promise<T> {
    return this.promise
  }

  /** Nobody wants the answer: whoever awaits it gets a CallFailure `cancelled`. Nothing happens where it has settled. */
  cancel(why = ''): void {
    this.scope.cancel(new CallFailure('cancelled', this.name, why))
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is a promise
  then<A = T, B = never>(onFulfilled?: Then<T, A>, onRejected?: Then<unknown, B>): Call<A | B> {
    const next = new Call<A | B>(this.name, Scope.of(this.request).child(), [])
    const { cancelledBy } = next.scope
    if (cancelledBy !== null) {
      next.interrupt(onRejected, cancelledBy)
      return next
    }
    let over = false
    next.onInterrupt = reason => {
      if (!over) next.interrupt(onRejected, reason)
      over = true
    }
    const settled = (work: () => A | B | PromiseLike<A | B>) => {
      // Only here others' code is run, which may begin calls: to run it in a scope costs more than the rest of a call.
      if (!over) next.follow(() => next.scope.run(work))
      over = true
    }
    this.promise.then(
      value => {
        if (onFulfilled == null) next.succeed(value as unknown as A)
        else settled(() => onFulfilled(value))
      },
      reason => {
        if (onRejected == null) next.fail(reason)
        else settled(() => onRejected(reason))
      },
    )
    return next
  }

  catch<B = never>(onRejected?: Then<unknown, B>): Call<T | B> {
    return this.then(null, onRejected)
  }

  finally(onFinally?: (() => void | PromiseLike<void>) | null): Call<T> {
    return this.then(
      async value => {
        await onFinally?.()
        return value
      },
      async reason => {
        await onFinally?.()
        throw reason
      },
    )
  }

  /** An `await` must end when what it is in is cancelled, also where the call that it waits for goes on for others. */
  private interrupt(onRejected: Then<unknown, T>, reason: CallFailure): void {
    if (onRejected != null)
      void this.scope.run(() =>
        Promise.reject(reason)
          .catch(onRejected)
          .catch(() => undefined),
      )
  }

  private follow(work: () => T | PromiseLike<T>): void {
    try {
      const result = outcomeOf(work())
      if (isThenable(result))
        result.then(
          value => this.succeed(value),
          reason => this.fail(reason),
        )
      else this.succeed(result)
    } catch (error) {
      this.fail(error)
    }
  }

  private succeed(value: T): void {
    this.scope.close()
    this.resolve(value)
  }

  private fail(reason: unknown): void {
    this.scope.close()
    this.reject(reason)
  }

  private cancelled(reason: CallFailure): void {
    this.reject(reason)
    this.onInterrupt?.(reason)
    for (const part of this.parts) if (part instanceof Call) part.scope.cancel(reason)
  }
}

/** Of a call its plain promise, else what it is. */
export const outcomeOf = <P>(part: P): P => (part instanceof Call ? (part.outcome as P) : part)

const isThenable = <T>(value: T | PromiseLike<T>): value is PromiseLike<T> =>
  typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function'
