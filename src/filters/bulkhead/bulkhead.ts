import { shareKey } from '../../http/share-key.ts'
import type { FilterConfig } from '../../snapshot/rule.ts'
import { compileExceptions, type Exception } from '../exceptions.ts'
import type { Exchange, Failure, Filter, FilterType, Verdict } from '../filter.ts'
import type { Kit } from '../kit.ts'
import { Note } from '../notes.ts'
import { PlacesByRoute, type PlaceLimits, type RoutePlaces, type Waiting } from './route-places.ts'

/** TrafficPolicy spec.bulkhead. */
export interface BulkheadConfig extends FilterConfig {
  readonly type: 'bulkhead'
  /** `default/limits`: its places are found by it, so that they outlive reloads. */
  readonly policy: string
  /** Of this process: each worker has its share. */
  readonly maxParallelRequests: number
  readonly maxPending: number
  /** How long a request waits for a place. */
  readonly maxWaitMs: number
  readonly except: readonly Exception[]
}

/** Requests of a route at once: one whose backend is slow does not take what others need. What is answered from a cache needs no place. */
export const bulkhead: FilterType<BulkheadConfig> = {
  type: 'bulkhead',
  role: 'ingress',
  phase: 'bulkhead',
  compile: (config, kit) => new BulkheadFilter(config, kit),
  describe: ({ maxParallelRequests, maxPending }) =>
    `${maxParallelRequests} requests of a route at once, ${maxPending} may wait`,
  except: ({ except }) => except,
}

const full: Failure = { failure: 'bulkhead_full' }

/** A place that an exchange has, or waits for. */
interface Held {
  readonly of: BulkheadFilter
  readonly places: RoutePlaces
  readonly route: string
  /** Null where it has it. */
  waiting: Waiting | null
}

/** Of each policy that applies. */
const heldNote = new Note<Held[]>('bulkhead')

class BulkheadFilter implements Filter {
  private readonly isExcepted: (x: Exchange) => boolean
  private readonly kit: Kit
  private readonly limits: PlaceLimits
  private readonly maxWaitMs: number
  private readonly routes: PlacesByRoute
  private readonly refusals: { add(n: number): void }

  constructor({ policy, maxParallelRequests, maxPending, maxWaitMs, except }: BulkheadConfig, kit: Kit) {
    this.kit = kit
    this.isExcepted = compileExceptions(except) ?? (() => false)
    this.limits = {
      most: Math.ceil(maxParallelRequests / kit.workers),
      mostWaiting: Math.ceil(maxPending / kit.workers),
    }
    this.maxWaitMs = maxWaitMs
    this.routes = kit.keep(`bulkhead ${policy}`, () => new PlacesByRoute())
    this.refusals = kit.metrics.counter('portcullis_bulkhead_refused_total', { policy })
  }

  request(x: Exchange): Verdict | Promise<Verdict> {
    if (x.route === '' || this.isExcepted(x)) return undefined
    const route = x.route.slice(0, x.route.lastIndexOf('/'))
    const places = this.routes.of(route)
    const held: Held = { of: this, places, route, waiting: null }
    if (!places.enter(this.limits))
      return this.limits.mostWaiting === 0 ? this.refuse(x, held) : this.wait(x, held)
    keep(x, held)
    return undefined
  }

  private wait(x: Exchange, held: Held): Verdict | Promise<Verdict> {
    const { places } = held
    let settle = (_verdict: Verdict): void => {}
    const waits = new Promise<Verdict>(resolve => (settle = resolve))
    const stop = (verdict: Verdict): void => {
      cancel()
      settle(verdict)
    }
    const waiting: Waiting = {
      client: shareKey(x.clientAddress),
      entered: () => {
        held.waiting = null
        stop(undefined)
      },
      refused: () => stop(this.refuse(x, held)),
      left: () => stop(undefined),
    }
    const cancel = this.kit.clock.after(this.maxWaitMs, () => {
      places.giveUp(waiting)
      waiting.refused()
    })
    held.waiting = waiting
    keep(x, held)
    if (places.wait(waiting)) return waits
    waiting.refused()
    return waits
  }

  private refuse(x: Exchange, held: Held): Failure {
    release(x, held)
    this.routes.settle(held.route)
    this.refusals.add(1)
    return full
  }

  /** In whatever way it has ended: the answer has left, the client has gone, a tunnel is over. */
  end(x: Exchange): void {
    const held = x.notes.get(heldNote)?.find(one => one.of === this)
    if (held === undefined) return
    const { places, route, waiting } = held
    release(x, held)
    if (waiting === null) places.leave()
    else {
      places.giveUp(waiting)
      waiting.left()
    }
    this.routes.settle(route)
  }
}

function keep(x: Exchange, held: Held): void {
  const before = x.notes.get(heldNote)
  if (before === undefined) x.notes.set(heldNote, [held])
  else before.push(held)
}

function release(x: Exchange, held: Held): void {
  const all = x.notes.get(heldNote)
  if (all !== undefined) all.splice(all.indexOf(held) >>> 0, 1)
}
