import type { AttachPoint, Attachment } from '../../../snapshot/contribution.ts'
import type { FilterConfig } from '../../../snapshot/rule.ts'
import type { Layered } from '../../../filters/layered.ts'
import type { Doubt } from '../../../translation/report.ts'

/** Parts of a TrafficPolicy that protect nothing, by the types of their filters: of several at one request one counts. */
const settings: ReadonlyMap<string, string> = new Map([
  ['cache', 'cache'],
  ['local-replies', 'localReplies'],
  ['fallback', 'fallback'],
  ['priority', 'priority'],
])

/** Where a filter cannot act that protects nobody from those who must not pass, requests are served without it. */
export function attachmentOf(at: AttachPoint, filter: FilterConfig): Attachment {
  return settings.has(filter.type) || filter.type === 'bulkhead'
    ? { at, filter }
    : { at, filter, protects: true }
}

/** What is left of settings for a place, and what is to be said of the rest. */
export interface Claimed {
  /** Null where nothing is. */
  readonly left: FilterConfig | null
  readonly doubt: Doubt | null
}

/** Of two that say one setting at one place that of the older policy counts: policies come in that order. */
export class OnePerPlace {
  private readonly taken = new Map<string, string>()

  claim(at: AttachPoint, what: string, filter: FilterConfig, policy: string): Claimed {
    const part = settings.get(filter.type)
    if (part === undefined) return { left: filter, doubt: null }
    if (!isLayered(filter)) return this.whole(at, what, filter, part, policy)
    const [layer] = filter.layers
    const said = Object.entries(layer!.said)
    const place = (field: string): string => `${filter.type} ${field} ${JSON.stringify(at)}`
    const others = new Set(said.flatMap(([field]) => this.taken.get(place(field)) ?? []))
    const own = said.filter(([field]) => !this.taken.has(place(field)))
    for (const [field] of own) this.taken.set(place(field), policy)
    if (others.size === 0) return { left: filter, doubt: null }
    const left = { ...filter, layers: [{ ...layer!, said: Object.fromEntries(own) }] }
    const doubt = `some of what it says of ${part} is said for ${what} by`
    return { left: own.length === 0 ? null : left, doubt: twice(doubt, part, [...others]) }
  }

  /** Of one that has no fields. */
  private whole(at: AttachPoint, what: string, filter: FilterConfig, part: string, policy: string): Claimed {
    const place = `${filter.type} ${JSON.stringify(at)}`
    const other = this.taken.get(place)
    if (other !== undefined) return { left: null, doubt: twice(`${what} has the ${part} of`, part, [other]) }
    this.taken.set(place, policy)
    return { left: filter, doubt: null }
  }
}

function isLayered(filter: FilterConfig): filter is Layered<object> {
  return 'layers' in filter
}

function twice(what: string, part: string, others: readonly string[]): Doubt {
  return {
    severity: 'warning',
    reason: 'Overridden',
    path: ['spec', part],
    message: `${what} TrafficPolicy ${others.join(' and ')}, which is older`,
  }
}
