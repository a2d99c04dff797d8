import { AsyncLocalStorage } from 'node:async_hooks'
import { Ring, type Linked } from '../../http/ring.ts'
import { Canceller, type Cancellation } from '../../shared/cancellation.ts'
import type { Cancel, Clock } from '../../upstream/clock.ts'
import { CallFailure } from './failure.ts'
import { nobodysHolding, objectBytes, type Holding } from './holding.ts'

const current = new AsyncLocalStorage<Scope>()

/**
 * A node of the tree of what goes on for a request: the request is its root, each call and each combination of calls a
 * node below where it was begun. Cancelling one cancels all below. What is begun in a callback of `then` is below that,
 * also behind an `await`: that is why the scope travels with the asynchronous context and not as an argument.
 */
export class Scope implements Linked<Scope> {
  before: Scope | null = null
  after: Scope | null = null
  private parent: Scope | null
  readonly request: RequestScope
  cancelledBy: CallFailure | null = null
  /** Told once, after all below have been. */
  onCancel: ((reason: CallFailure) => void) | null = null
  private closed = false
  private controller: AbortController | null = null
  private canceller: Canceller | null = null
  /** Most have none. */
  private below: Ring<Scope> | null = null
  private isBelow = false

  constructor(parent: Scope | null, request?: RequestScope) {
    this.parent = parent
    this.request = request ?? (this as unknown as RequestScope)
    parent?.adopt(this)
  }

  /** Where a call of this request is begun now. */
  static of(request: RequestScope): Scope {
    const scope = Scope.current()
    return scope?.request === request ? scope : request
  }

  /** What goes on behind a callback that has returned is its parent's. */
  static current(): Scope | undefined {
    let scope = current.getStore()
    while (scope?.closed === true && scope.parent !== null) scope = scope.parent
    return scope
  }

  /** A node below this one; where this is cancelled, so is that. */
  child(): Scope {
    const scope = new Scope(this, this.request)
    scope.cancelledBy = this.cancelledBy
    return scope
  }

  /** For a transport. */
  get cancellation(): Cancellation {
    this.canceller ??= new Canceller()
    if (this.cancelledBy !== null) this.canceller.abort(this.cancelledBy)
    return this.canceller
  }

  /** For code of a composition. Made when it is asked for: it costs more than the rest of the node. */
  get signal(): AbortSignal {
    this.controller ??= new AbortController()
    if (this.cancelledBy !== null) this.controller.abort(this.cancelledBy)
    return this.controller.signal
  }

  /** Whether anybody is to be told that it is cancelled. */
  protected get isWatched(): boolean {
    return this.first !== null || this.controller !== null || this.canceller !== null
  }

  throwIfCancelled(): void {
    if (this.cancelledBy !== null) throw this.cancelledBy
  }

  run<T>(what: () => T): T {
    return current.run(this, what)
  }

  cancel(reason: CallFailure): void {
    if (this.closed || this.cancelledBy !== null) return
    this.cancelledBy = reason
    this.controller?.abort(reason)
    this.canceller?.abort(reason)
    // With one of them others may end.
    if (this.below !== null) for (const scope of Array.from(this.below)) scope.cancel(reason)
    this.parent?.drop(this)
    this.onCancel?.(reason)
  }

  /** As `run`, for what is done again and again: what `run` makes for each time is made once. */
  reentry(): <T>(what: () => T) => T {
    return current.run(this, () => AsyncLocalStorage.snapshot())
  }

  /** What it stood for has settled. What was begun below and still runs is its parent's: who has it may await it yet. */
  close(): void {
    const { parent } = this
    this.onCancel = null
    this.closed = true
    if (parent === null) return
    parent.drop(this)
    for (let scope = this.first; scope !== null; scope = this.first) {
      this.drop(scope)
      scope.parent = parent
      if (parent.cancelledBy === null) parent.adopt(scope)
      else scope.cancel(parent.cancelledBy)
    }
  }

  private get first(): Scope | null {
    return this.below === null ? null : this.below.first
  }

  private adopt(scope: Scope): void {
    this.below ??= new Ring()
    this.below.push(scope)
    scope.isBelow = true
  }

  private drop(scope: Scope): void {
    if (scope.isBelow) this.below!.remove(scope)
    scope.isBelow = false
  }
}

const over = () => new CallFailure('cancelled', '', 'the request is over')
/** One for all: to make one takes 7 µs, and of most requests nothing runs any more when they are answered. */
const OVER = over()

/** A part of an answer that is not what it should be. */
export interface MissingPart {
  /** Of the member that it would have been, where `all` says so; else of the call. */
  readonly part: { readonly name: string }
  readonly error: unknown
}

/** A good quarter of what a thread has for all by default: a few requests that do hold so much are seen yet. */
const MOST_KEPT_BYTES = 32 * 1024 * 1024

/** The root of a request: its one deadline, and what of the answer is missing. */
export class RequestScope extends Scope {
  readonly clock: Clock
  readonly partials: MissingPart[] = []
  /** What its engine has for all of its requests (`streams/shelf.ts`); null where there is nothing. */
  commons: object | null = null
  /** Who is told what is kept in memory for it. */
  holding: Holding = nobodysHolding
  /** Whose share it counts as; "": nobody's in particular. */
  client = ''
  /** Its answer goes on: what calls bring is for an item, and not for as long as that. */
  goesOn = false
  private readonly mergeMs: number
  private keptBytes = 0
  private untilMs = Infinity
  private stopTimer: Cancel = () => undefined

  /** `mergeMs` of its time calls do not get. */
  constructor(clock: Clock, deadlineMs: number, mergeMs: number) {
    super(null)
    this.clock = clock
    this.mergeMs = mergeMs
    this.extend(deadlineMs)
  }

  /** By the clock: what is not answered by then is answered 504. Infinity for what streams, once it does. */
  get deadlineMs(): number {
    return this.untilMs
  }

  /** What calls have of it: the rest is for making an answer of what they brought. */
  get callsUntilMs(): number {
    return this.untilMs - this.mergeMs
  }

  /** From now on this deadline holds. */
  extend(deadlineMs: number): void {
    this.stopTimer()
    this.untilMs = deadlineMs
    this.stopTimer =
      deadlineMs === Infinity
        ? () => undefined
        : this.clock.after(Math.max(0, deadlineMs - this.clock.now()), () =>
            this.cancel(new CallFailure('deadline_exceeded', '')),
          )
  }

  /**
   * What a call has brought is there as long as the request is, for all that is known here. Of a route that reads one page
   * after another most is garbage, and so it is charged no more than MOST_KEPT_BYTES.
   */
  keeps(json: Uint8Array): void {
    if (this.goesOn) return
    const bytes = Math.min(json.length + objectBytes(json), MOST_KEPT_BYTES - this.keptBytes)
    if (bytes <= 0) return
    this.keptBytes += bytes
    this.holding.add(bytes)
  }

  /** It is answered: what still runs is cancelled, and what would begin does not. */
  end(): void {
    this.stopTimer()
    this.onCancel = null
    this.cancel(this.isWatched ? over() : OVER)
  }
}
