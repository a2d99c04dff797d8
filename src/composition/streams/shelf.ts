import type { Clock } from '../../upstream/clock.ts'
import type { Backends } from '../backends/backend.ts'
import type { RequestScope } from '../calls/scope.ts'
import { Problem } from '../routes/answer.ts'
import type { SharedKey, Sharing } from './shared-options.ts'
import { Subscription } from './subscription.ts'

/** What is kept of all keys of one `shared` for those who come back; each key has as much of it as the others. */
const MOST_KEPT_BYTES = 32 * 1024 * 1024

const tooMany = (): Problem => new Problem(503, 'Too many streams go on at once')

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

  /**
   * The one that goes on for this key, or a new one for this client. Throws a Problem 503 where that would be
   * one too many, and none that goes on has to give way.
   */
  subscription<T>(of: Sharing, key: SharedKey, lastEventId: string | null, client: string): Subscription<T> {
    this.check(of)
    const all = this.going.get(of) ?? new Map<string, Subscription<unknown>>()
    this.going.set(of, all)
    const name = JSON.stringify(key)
    const found = all.get(name)
    if (found !== undefined) return found as Subscription<T>
    if (all.size >= (of.options.mostKeys ?? 1_000) && !makeRoom(all.values(), client)) throw tooMany()
    const subscription: Subscription<unknown> = new Subscription<unknown>({
      of,
      key,
      clock: this.clock,
      clients: this.clients,
      lastEventId,
      mostKeptBytes: () => MOST_KEPT_BYTES / all.size,
      gone: () => {
        if (all.get(name) === subscription) all.delete(name)
      },
    })
    all.set(name, subscription)
    for (const other of all.values()) other.trim()
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

/**
 * Ends one that nobody takes; else the one whose takers take most keys, each of them more than this client would: the
 * oldest of several. False where there is none. Who has another client take a key too gains no more than if that one had
 * begun it.
 */
function makeRoom(all: Iterable<Subscription<unknown>>, client: string): boolean {
  const keys = new Map<string, number>()
  const taken: (readonly [one: Subscription<unknown>, takers: ReadonlySet<string>])[] = []
  for (const one of all) {
    if (one.isUntaken) {
      one.endUntaken()
      return true
    }
    const takers = one.takers()
    for (const taker of takers) keys.set(taker, (keys.get(taker) ?? 0) + 1)
    taken.push([one, takers])
  }
  let most = 1 + (keys.get(client) ?? 0)
  let loser: Subscription<unknown> | null = null
  for (const [one, takers] of taken) {
    let least = Infinity
    for (const taker of takers) least = Math.min(least, keys.get(taker)!)
    if (least <= most) continue
    most = least
    loser = one
  }
  loser?.end(tooMany())
  return loser !== null
}
