import type { FilterSteps } from '../filters/compile.ts'
import type { FilterConfig } from '../snapshot/rule.ts'

const known = new WeakMap<FilterSteps, Map<FilterConfig, FilterSteps>>()

/** What a request meets behind the filter of this config, and an answer up to and with it. Only those behind it settle anything: the others never saw it. */
export function stepsBehind(steps: FilterSteps, config: FilterConfig): FilterSteps {
  const ofSteps = known.get(steps) ?? new Map<FilterConfig, FilterSteps>()
  known.set(steps, ofSteps)
  const before = ofSteps.get(config)
  if (before !== undefined) return before
  const made = behind(steps, config)
  ofSteps.set(config, made)
  return made
}

function behind(
  { request, response, end, requestOf, responseOf, endOf }: FilterSteps,
  config: FilterConfig,
): FilterSteps {
  const from = requestOf.lastIndexOf(config) + 1
  const to = responseOf.indexOf(config) + 1
  const met = new Set(requestOf.slice(from))
  const settles = (_: unknown, i: number): boolean => met.has(endOf[i]!)
  return {
    request: orNull(request?.slice(from)),
    response: orNull(response?.slice(0, to)),
    end: orNull(end?.filter(settles)),
    requestOf: requestOf.slice(from),
    responseOf: responseOf.slice(0, to),
    endOf: endOf.filter(settles),
  }
}

function orNull<T>(list: readonly T[] | undefined): readonly T[] | null {
  return list === undefined || list.length === 0 ? null : list
}
