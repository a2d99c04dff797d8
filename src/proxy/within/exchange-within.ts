import type { RequestHead } from '../../http/head.ts'
import type { Downstream } from '../downstream.ts'
import { ProxiedExchange } from '../proxied-exchange.ts'
import type { PortRuntime } from '../runtime.ts'
import type { RequestWithin } from './request-within.ts'

/** The client's side of an exchange that began within this thread. */
export interface DownstreamWithin extends Downstream {
  /** In whatever way it has ended; what comes of the answer with that is told after it. */
  finished(): void
}

/** An exchange whose client is in this thread. */
export class ExchangeWithin extends ProxiedExchange {
  override readonly untilMs: number
  readonly repeatable: boolean
  readonly streams: boolean
  private readonly client: DownstreamWithin

  constructor(
    client: DownstreamWithin,
    runtime: PortRuntime,
    head: RequestHead,
    address: string,
    { deadlineMs, repeatable, streams = false }: Pick<RequestWithin, 'deadlineMs' | 'repeatable' | 'streams'>,
  ) {
    super(client, runtime, head, '', address, 0)
    this.client = client
    this.untilMs = deadlineMs
    this.repeatable = repeatable
    this.streams = streams
  }

  /** The call that it is has one, made by whoever calls. */
  protected override beginSpan(): void {}

  protected override report(): void {
    this.runtime.observer.finishedWithin(this)
    this.client.finished()
  }
}
