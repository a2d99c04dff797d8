import type { Exchange, FilterType } from '../../../filters/filter.ts'
import {
  askedApiNote,
  costNote,
  identityNote,
  overQuotaNote,
  subscribedNote,
} from '../../../filters/identity.ts'
import type { Kit } from '../../../filters/kit.ts'
import type { FilterConfig } from '../../../snapshot/rule.ts'
import type { ApiBook } from './api-book.ts'
import { UsageBook } from './book.ts'
import { cellCode } from './cell.ts'
import { ApiMetrics } from './metrics.ts'

/** Counts the requests of an API by who asked, for what, and how it ended. */
export interface UsageConfig extends FilterConfig {
  readonly type: 'usage'
  /** `default/petstore` */
  readonly api: string
  readonly version: string
}

/** Every request of an API is counted at its end, also one that was refused before anything of it was known. */
export const usage: FilterType<UsageConfig> = {
  type: 'usage',
  role: 'management',
  phase: 'api',
  describe: ({ api, version }) => `counts requests of ${api} ${version}`,
  compile({ api, version }, kit) {
    const book = kit.keep('usage', () => new UsageBook(kit))
    const counter = new RequestCounter(book, book.api(api, version), new ApiMetrics(kit.metrics, api), kit)
    return { end: x => counter.count(x) }
  },
}

class RequestCounter {
  private readonly book: UsageBook
  private readonly api: ApiBook
  private readonly metrics: ApiMetrics
  private readonly clock: Kit['clock']

  constructor(book: UsageBook, api: ApiBook, metrics: ApiMetrics, { clock }: Kit) {
    this.book = book
    this.api = api
    this.metrics = metrics
    this.clock = clock
  }

  count(x: Exchange): void {
    const { notes, status } = x
    const identity = notes.get(identityNote)
    const subscribed = notes.get(subscribedNote)
    const nowMs = this.clock.now()
    const durationMs = nowMs - x.startedMs
    const plan = subscribed?.plan ?? ''
    this.book.at(nowMs)
    const counts = this.api.find(
      subscribed?.subscription ?? '',
      identity?.application ?? '',
      identity?.account ?? '',
      subscribed?.product ?? '',
      plan,
      identity?.credential ?? '',
      notes.get(askedApiNote)?.operation ?? '',
      cellCode(x.failure, status, durationMs, notes.get(overQuotaNote) === true),
    )
    counts.requests++
    counts.requestBytes += x.requestBytes
    counts.responseBytes += x.responseBytes
    counts.cost += notes.get(costNote) ?? 0
    this.metrics.finished(plan, status, durationMs / 1_000)
  }
}
