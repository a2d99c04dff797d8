import { CallFailure } from '../calls/failure.ts'
import type { RequestScope } from '../calls/scope.ts'
import type { GatewayRequest } from './messages.ts'

/** What the target of a request is to its route. */
export interface Target {
  readonly path: string
  /** Without `?`. */
  readonly search: string
  /** Of the path's names, decoded. */
  readonly params: Readonly<Record<string, string>>
}

/** A request on its way through a route: begun when it has come, ended once when nothing of its answer is left to give. */
export class Course {
  readonly scope: RequestScope
  readonly request: GatewayRequest
  readonly target: Target
  private tellEnd: (() => void) | null = null
  private readonly later: ((failure: string | null) => void)[] = []
  private isOver = false

  constructor(scope: RequestScope, request: GatewayRequest, target: Target) {
    this.scope = scope
    this.request = request
    this.target = target
    if (request.signal?.aborted === true) this.left()
    else request.signal?.addEventListener('abort', this.left, { once: true })
  }

  /**
   * What this brings, or what the request ended with meanwhile: its deadline, or that the client has gone. Where it runs
   * code of a composition, calls that this begins are found to be of the request.
   */
  orOver<T>(work: () => Promise<T>, runsCode = true): Promise<T> {
    return new Promise((resolve, reject) => {
      this.onOver(reject)
      const brought = runsCode ? this.scope.run(work) : work()
      brought.then(resolve, reject)
    })
  }

  /** Who is told, once, when it is over before it has been ended; in place of who was to be told before. */
  onOver(tell: (reason: CallFailure) => void): void {
    const { cancelledBy } = this.scope
    if (cancelledBy === null) this.scope.onCancel = tell
    else tell(cancelledBy)
  }

  /** Who is told when it ends, whatever the reason is. */
  onEnd(tell: () => void): void {
    this.tellEnd = tell
  }

  /** Who watches hears behind them what it has ended with; null: nothing. */
  afterEnd(tell: (failure: string | null) => void): void {
    this.later.push(tell)
  }

  end(failure: string | null = this.scope.cancelledBy?.failure ?? null): void {
    if (this.isOver) return
    this.isOver = true
    this.request.signal?.removeEventListener('abort', this.left)
    this.scope.end()
    this.tellEnd?.()
    for (const tell of this.later) tell(failure)
  }

  private readonly left = (): void => this.scope.cancel(new CallFailure('client_gone', ''))
}
