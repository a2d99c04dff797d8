import type { FailureName } from '../../http/failures.ts'
import type { ServerSession } from '../../http/h2/server-session.ts'
import type { ServerStream } from '../../http/h2/server-stream.ts'
import type { ProxiedExchange } from '../proxied-exchange.ts'
import type { Paced } from '../pace.ts'

/** The client of one stream, for sweeps that look at its pace. */
export class StreamPace implements Paced {
  private readonly stream: ServerStream
  private readonly exchange: ProxiedExchange
  private readonly session: ServerSession

  constructor(stream: ServerStream, exchange: ProxiedExchange, session: ServerSession) {
    this.stream = stream
    this.exchange = exchange
    this.session = session
  }

  /** The stream's own window is never used up for long while what comes is taken; the connection's is, by bodies that nobody takes. */
  get reading(): boolean {
    return !this.stream.held && this.session.receiving
  }

  get takenBytes(): number {
    return this.exchange.responseBytes - this.stream.queuedBytes
  }

  giveUp(failure: FailureName): void {
    this.exchange.fail(failure, 'pressure')
  }
}
