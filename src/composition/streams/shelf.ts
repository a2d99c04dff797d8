import type { Clock } from '../../upstream/clock.ts'
import type { Backends } from '../backends/backend.ts'
import type { RequestScope } from '../calls/scope.ts'
import { Problem } from '../routes/answer.ts'
import type { SharedKey, Sharing } from './shared-options.ts'
import { Subscription } from './subscription.ts'

/** The shared streams of an engine that go on. */
export class Shelf {
  private readonly backends: Backends
  private readonly clock: Clock
  private readonly clients: (scope: RequestScope) => unknown
  private readonly going = new Map<Sharing, Map<string, Subscription<unknown>>>()

  constructor(backends: Backends, clock: Clock, clients: (scope: RequestScope) => unknown) {
    this.backends = backends
    this.clock = clock
    this.clients = clients
  }

  /** The one that goes on for this key, or a new one. Throws a Problem 503 where that would be one too many. */
  subscription<T>(of: Sharing, key: SharedKey, lastEventId: string | null): Subscription<T> {
    this.check(of)
    const all = this.going.get(of) ?? new Map<string, Subscription<unknown>>()
    this.going.set(of, all)
    const name = JSON.stringify(key)
    const found = all.get(name)
    if (found !== undefined) return found as Subscription<T>
    if (all.size >= (of.options.mostKeys ?? 1_000)) throw new Problem(503, 'Too many streams go on at once')
    const subscription: Subscription<unknown> = new Subscription<unknown>({
      of,
      key,
      clock: this.clock,
      clients: this.clients,
      lastEventId,
      gone: () => {
        if (all.get(name) === subscription) all.delete(name)
      },
    })
    all.set(name, subscription)
    return subscription as Subscription<T>
  }

  /** Nobody will come any more: those that go on for whoever might come back end. */
  endUntaken(): void {
    for (const all of this.going.values()) for (const subscription of all.values()) subscription.endUntaken()
  }

  /** Its clients are made by the names of its backends: they must be the same. */
  private check(of: Sharing): void {
    for (const [name, backend] of Object.entries(of.backends))
      if (this.backends[name] !== backend)
        throw new TypeError(`the backend "${name}" of a shared stream is not that of the gateway`)
  }
}
