import type { Clock } from '../../upstream/clock.ts'
import { CallFailure } from '../calls/failure.ts'
import { RequestScope, type Scope } from '../calls/scope.ts'
import { BoundedQueue, SlowClient } from './bounded-queue.ts'
import { Gap, StreamItem } from './item.ts'
import type { SharedKey, Sharing } from './shared-options.ts'

type Given<T> = StreamItem<T> | Gap

interface Kept<T> {
  readonly item: StreamItem<T>
  readonly bytes: number
}

export interface SubscriptionOptions {
  readonly of: Sharing
  readonly key: SharedKey
  readonly clock: Clock
  /** Clients of the backends, for this scope. */
  readonly clients: (scope: RequestScope) => unknown
  /** It has ended, or nobody takes it any more: the next who asks begins another one. */
  readonly gone: () => void
  /** Of the client that has it begin. */
  readonly lastEventId: string | null
  /** How much of it may be kept now, whatever `replay` says. */
  readonly mostKeptBytes: () => number
}

/** One stream of a backend on its way to many: what comes is kept for those who come back, and waits for each by itself. */
export class Subscription<T> {
  readonly options: SubscriptionOptions
  private readonly scope: RequestScope
  private readonly subscribers = new Set<Subscriber<T>>()
  private readonly kept: Kept<T>[] = []
  private keptBytes = 0
  private number = 0
  private stopLinger: (() => void) | null = null
  private over = false
  /** Whose `Last-Event-ID` it was begun with. */
  private resumed: string | null = null

  constructor(options: SubscriptionOptions) {
    this.options = options
    this.scope = new RequestScope(options.clock, Infinity, 0)
    const { resumes = false } = options.of.options
    // One of ours means nothing to a backend.
    if (resumes && options.lastEventId?.startsWith('portcullis-') === false)
      this.resumed = options.lastEventId
    // Behind this: what fails at once is told to who has it begin, and is gone from where it has been put.
    queueMicrotask(() => void this.scope.run(() => this.pump()))
  }

  subscriber(scope: Scope, lastEventId: string | null): Subscriber<T> {
    this.stopLinger?.()
    const subscriber = new Subscriber<T>(this, scope, this.since(lastEventId))
    if (this.over) subscriber.end(null)
    else this.subscribers.add(subscriber)
    return subscriber
  }

  leave(subscriber: Subscriber<T>): void {
    if (!this.subscribers.delete(subscriber) || this.subscribers.size > 0 || this.over) return
    const { clock, of } = this.options
    this.stopLinger = clock.after(of.options.lingerMs ?? 5_000, () => this.end(null))
  }

  get isUntaken(): boolean {
    return this.subscribers.size === 0
  }

  /** The clients that take it. */
  takers(): ReadonlySet<string> {
    const takers = new Set<string>()
    for (const { client } of this.subscribers) takers.add(client)
    return takers
  }

  endUntaken(): void {
    if (this.isUntaken) this.end(null)
  }

  /** What a client that was there has missed. */
  private since(lastEventId: string | null): Given<T>[] {
    if (lastEventId === null || lastEventId === this.resumed) return []
    // The first: events may have one together, and of which of them it is nobody can say. Rather twice than not at all.
    const at = this.kept.findIndex(({ item }) => item.id === lastEventId)
    const missed: Given<T>[] = this.kept.slice(at + 1).map(({ item }) => item)
    return at === -1 ? [new Gap(null), ...missed] : missed
  }

  private async pump(): Promise<void> {
    const { of, key, clients } = this.options
    const { scope, resumed } = this
    try {
      const items = of.options.run(clients(scope) as never, key, {
        lastEventId: resumed,
        get signal() {
          return scope.signal
        },
      })
      for await (const one of items) {
        if (this.over) break
        if (one instanceof Gap) for (const subscriber of this.subscribers) subscriber.offer(one, 0)
        else
          this.publish(
            one instanceof StreamItem ? (one as StreamItem<T>) : new StreamItem(one as T, null, null),
          )
      }
      this.end(null)
    } catch (error) {
      this.end(error)
    }
  }

  /** One object for all, which none of them can change for the others. */
  private publish({ data, id, event }: StreamItem<T>): void {
    const own = id ?? `portcullis-${this.options.of.epoch}-${++this.number}`
    const item = Object.freeze(new StreamItem(frozen(data), own, event))
    const bytes = (JSON.stringify(data) as string | undefined)?.length ?? 0
    this.keep({ item, bytes })
    for (const subscriber of this.subscribers) subscriber.offer(item, bytes)
  }

  private keep(one: Kept<T>): void {
    this.kept.push(one)
    this.keptBytes += one.bytes
    this.trim()
  }

  /** To what it may keep now: also where nothing comes of this key, and others have begun. */
  trim(): void {
    const { messages = 100, bytes = 1024 * 1024 } = this.options.of.options.replay ?? {}
    const mostBytes = Math.min(bytes, this.options.mostKeptBytes())
    while (this.kept.length > messages || this.keptBytes > mostBytes)
      this.keptBytes -= this.kept.shift()!.bytes
  }

  /** Those who take it are told why; null: it is over. */
  end(error: unknown): void {
    if (this.over) return
    this.over = true
    this.stopLinger?.()
    for (const subscriber of this.subscribers) subscriber.end(error)
    this.subscribers.clear()
    this.options.gone()
    this.scope.cancel(new CallFailure('cancelled', '', 'nobody takes the stream'))
    this.scope.end()
  }
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value))
    return value
  for (const member of Object.values(value)) frozen(member)
  return Object.freeze(value)
}

/** One who takes a subscription, for as long as a request goes on. */
export class Subscriber<T> implements AsyncIterableIterator<Given<T>> {
  readonly client: string
  private readonly subscription: Subscription<T>
  private readonly scope: Scope
  /** What it is behind with since it came; it is kept anyway. */
  private readonly behind: Given<T>[]
  private readonly queue: BoundedQueue<Given<T>>
  private ended: { readonly error: unknown } | null = null
  // Of who waits for the next: of thousands each has one promise that grows old.
  private resolve: ((result: IteratorResult<Given<T>>) => void) | null = null
  private reject: ((reason: Error) => void) | null = null

  constructor(subscription: Subscription<T>, scope: Scope, behind: Given<T>[]) {
    this.subscription = subscription
    this.behind = behind
    this.client = scope.request.client
    const { slow = {} } = subscription.options.of.options
    this.queue = new BoundedQueue(slow as never, null, scope.request.holding)
    this.scope = scope.child()
    if (this.scope.cancelledBy !== null) this.end(this.scope.cancelledBy)
    this.scope.onCancel = reason => {
      this.queue.clear()
      this.end(reason)
    }
  }

  offer(one: Given<T>, bytes: number): void {
    if (this.ended !== null) return
    try {
      const taken = this.queue.offer(one, bytes, one instanceof Gap ? null : one)
      if (!taken) this.fail(new SlowClient())
    } catch (error) {
      // Of `coalesce`, which is the author's: it ends the stream of this one alone.
      this.fail(error)
    }
    this.tell()
  }

  private fail(error: unknown): void {
    this.queue.clear()
    this.end(error)
  }

  end(error: unknown): void {
    this.ended ??= { error }
    this.scope.onCancel = null
    this.scope.close()
    this.subscription.leave(this)
    this.tell()
  }

  /** The next item, by one call after another. */
  next(): Promise<IteratorResult<Given<T>>> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
      this.tell()
    })
  }

  /** Whoever waits has what there is, if anything. */
  private tell(): void {
    const { resolve, reject, ended } = this
    if (resolve === null) return
    const one = this.take()
    if (one === undefined && ended === null) return
    this.resolve = this.reject = null
    if (one !== undefined) resolve({ done: false, value: one })
    else if (ended!.error === null) resolve({ done: true, value: undefined })
    else {
      const { error } = ended!
      reject!(error instanceof Error ? error : new Error('the stream failed', { cause: error }))
    }
  }

  return(): Promise<IteratorResult<Given<T>>> {
    this.queue.clear()
    this.behind.length = 0
    this.end(null)
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  private take(): Given<T> | undefined {
    const { missed } = this.queue
    if (this.behind.length > 0) return this.behind.shift()
    this.queue.missed = 0
    return missed > 0 ? new Gap(missed) : this.queue.take()
  }
}
