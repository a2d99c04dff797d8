import type { FilterConfig } from '../snapshot/rule.ts'
import { compileExceptions, type Exception } from './exceptions.ts'
import type { Exchange, Filter } from './filter.ts'

/** Settings of several places, each of which says a part of them, the furthest first. */
export interface Layered<S extends object> extends FilterConfig {
  readonly layers: readonly Layer<S>[]
}

export interface Layer<S extends object> {
  /** `default/pages` */
  readonly policy: string
  readonly said: Partial<S>
  /** Requests for which it says nothing. */
  readonly except: readonly Exception[]
}

/** FilterType.merge */
export function mergeLayers<C extends Layered<object>>(far: C, near: C): C {
  return { ...near, layers: [...far.layers, ...near.layers] }
}

/** What all of them say together, the nearest first, where nobody is left out. */
export function saidOf<S extends object>(layers: readonly Layer<S>[]): Partial<S> {
  return Object.assign({}, ...layers.map(({ said }) => said)) as Partial<S>
}

/**
 * The filter for settings of several places: of those that a request is not left out of, which is the same for all
 * requests where no place has exceptions. `make` is called once for each set of them.
 */
export function layered<S extends object>(
  { layers }: Layered<S>,
  make: (layers: readonly Layer<S>[]) => Filter,
): Filter {
  const excepted = layers.map(({ except }) => compileExceptions(except))
  if (excepted.every(one => one === null)) return make(layers)
  const made = new Map<number, Filter>()
  const of = (x: Exchange): Filter | undefined => {
    let which = 0
    excepted.forEach((isExcepted, i) => {
      if (isExcepted?.(x) !== true) which |= 1 << i
    })
    if (which === 0) return undefined
    const known = made.get(which)
    if (known !== undefined) return known
    const filter = make(layers.filter((_, i) => (which & (1 << i)) !== 0))
    made.set(which, filter)
    return filter
  }
  return {
    request: x => of(x)?.request?.(x),
    response: x => of(x)?.response?.(x),
    end: x => of(x)?.end?.(x),
  }
}

/** Requests that none of the places says anything for: what all of them leave out can only be told of one. */
export function exceptOf({ layers }: Layered<object>): readonly Exception[] {
  return layers.length === 1 ? layers[0]!.except : []
}
