import type { AttachPoint, Attachment } from '../../../snapshot/contribution.ts'
import type { FilterConfig } from '../../../snapshot/snapshot.ts'
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

/** Of two settings at one place that of the older policy counts: policies come in that order. */
export class OnePerPlace {
  private readonly taken = new Map<string, string>()

  /** What is to be said where another policy has the place; null where it is this one's, or may be of many. */
  claim(at: AttachPoint, what: string, { type }: FilterConfig, policy: string): Doubt | null {
    const field = settings.get(type)
    if (field === undefined) return null
    const place = `${type} ${JSON.stringify(at)}`
    const other = this.taken.get(place)
    if (other === undefined) this.taken.set(place, policy)
    return other === undefined ? null : twice(what, field, other)
  }
}

function twice(what: string, field: string, other: string): Doubt {
  return {
    severity: 'warning',
    reason: 'Overridden',
    path: ['spec', field],
    message: `${what} has the ${field} of TrafficPolicy ${other}, which is older`,
  }
}
