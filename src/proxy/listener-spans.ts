import type { RequestHead } from '../http/head.ts'
import type { Listener } from '../snapshot/snapshot.ts'
import type { ExchangeSpans } from './exchange-spans.ts'
import { HostIndex } from './router/hosts.ts'

/** Who makes spans of requests, on a port that has listeners which say that themselves. */
export class ListenerSpans {
  private readonly byHost: HostIndex<{ readonly spans: ExchangeSpans | null }>
  private readonly others: ExchangeSpans | null

  /** `others`: of listeners that say nothing, and of requests that none takes. */
  constructor(
    listeners: readonly Listener[],
    others: ExchangeSpans | null,
    spansOf: (settings: Exclude<Listener['tracing'], undefined>) => ExchangeSpans | null,
  ) {
    this.others = others
    // Of two with one hostname the first is the one that routes (router.ts).
    this.byHost = new HostIndex(
      new Map(
        listeners
          .toReversed()
          .map(({ hostname, tracing }) => [
            hostname,
            { spans: tracing === undefined ? others : spansOf(tracing) },
          ]),
      ),
    )
  }

  /** Null: nobody is to be told of this request. */
  of({ hostname }: RequestHead): ExchangeSpans | null {
    const found = this.byHost.find(hostname)
    return found === null ? this.others : found.spans
  }
}
