import type { GatewayAnswer, GatewayRequest } from '../../../composition/engine/messages.ts'
import { LocalPort, type CrossingPort } from '../../../shared/crossing/crossing-port.ts'
import {
  CANCEL,
  CREDIT,
  DATA,
  END,
  LEAVING,
  LEFT,
  REQUEST,
  type FromThread,
  type ToThread,
} from '../../../shared/crossing/messages.ts'
import { ById } from '../../../http/by-id.ts'
import { Outbox } from '../../../shared/crossing/outbox.ts'
import type { Clock } from '../../../upstream/clock.ts'
import { Holdings } from './holdings.ts'
import { ServedRequest } from './served-request.ts'

/** Answers a request that has crossed. */
export type Answering = (request: GatewayRequest) => Promise<GatewayAnswer>

/**
 * Takes the requests that a worker of the data plane sends by this port; `clock` is the engine's, `holdings` those of the
 * thread: absent where nothing is bounded.
 */
export function serveCrossing(
  port: CrossingPort,
  answer: Answering,
  clock: Clock,
  holdings = new Holdings(Infinity, () => undefined),
): CrossingServer {
  return new CrossingServer(port, answer, clock, holdings)
}

/** What is begun in a turn takes no longer, but for the last few. */
const TURN_MS = 1
/** So many are begun between two looks at the time. */
const FEW = 8

/** One worker's requests in a thread that answers them. */
export class CrossingServer {
  readonly outbox: Outbox<FromThread>
  readonly holdings: Holdings
  private readonly answer: Answering
  private readonly clock: Clock
  private readonly port: CrossingPort
  private readonly requests = new ById<ServedRequest>()
  /** What has come and is still to be begun, in its order. */
  private backlog: ToThread[] = []
  private isWorking = false
  private isClosed = false
  private readonly left = Promise.withResolvers<void>()

  constructor(port: CrossingPort, answer: Answering, clock: Clock, holdings: Holdings) {
    this.holdings = holdings
    this.answer = answer
    this.clock = clock
    this.port = port
    this.outbox = new Outbox(port)
    port.on('message', (batch: readonly ToThread[]) => this.receive(batch))
    port.on('close', () => this.closed())
    port.unref()
  }

  /** Requests under way. */
  get active(): number {
    return this.requests.size
  }

  /** Has the worker send no more requests, and resolves when all that it has sent are answered, or it is gone. */
  drain(): Promise<void> {
    this.outbox.push([LEAVING, 0])
    return this.left.promise
  }

  /** Nothing is under way for this request any more. */
  over(id: number): void {
    this.requests.delete(id)
  }

  private receive(batch: readonly ToThread[]): void {
    const isBusy = this.isWorking || this.backlog.length > 0
    this.backlog = this.backlog.concat(batch)
    if (!isBusy) this.work()
  }

  /** What a hundred requests do before they first wait would be one turn of the loop, which would seem to stand still. */
  private readonly work = (): void => {
    const { backlog } = this
    this.backlog = []
    this.isWorking = true
    let taken: number
    try {
      taken = this.takeSome(backlog)
    } finally {
      this.isWorking = false
    }
    // In the same thread more may have come meanwhile, or the worker have gone.
    if (this.isClosed) this.backlog = []
    else if (taken < backlog.length) this.backlog = backlog.slice(taken).concat(this.backlog)
    if (this.backlog.length > 0) setImmediate(this.later)
  }

  /** Here a port hears of no fault by itself. */
  private readonly later = (): void => {
    try {
      this.work()
    } catch (error) {
      if (!(this.port instanceof LocalPort)) throw error
      this.port.fault(error)
    }
  }

  /** How many. */
  private takeSome(messages: readonly ToThread[]): number {
    const untilMs = performance.now() + TURN_MS
    let taken = 0
    do {
      const next = Math.min(messages.length, taken + FEW)
      while (taken < next) this.take(messages[taken++]!)
    } while (taken < messages.length && performance.now() < untilMs)
    return taken
  }

  private take(message: ToThread): void {
    if (message[0] === REQUEST) this.begin(message)
    else if (message[0] === LEFT) this.left.resolve()
    else this.tell(message)
  }

  private begin(message: ToThread & readonly [typeof REQUEST, ...unknown[]]): void {
    const request = new ServedRequest(this, message, this.clock)
    this.requests.add(request)
    void request.run(this.answer)
  }

  private tell(message: Exclude<ToThread, readonly [typeof REQUEST | typeof LEFT, ...unknown[]]>): void {
    const request = this.requests.get(message[1])
    if (request === undefined) return
    if (message[0] === DATA) request.received(message[2])
    else if (message[0] === END) request.ended()
    else if (message[0] === CREDIT) request.credited(message[2])
    else if (message[0] === CANCEL) request.cancelled()
  }

  /** The worker is gone, and with it all that asked. */
  private closed(): void {
    this.isClosed = true
    this.backlog = []
    for (const request of this.requests.values()) request.cancelled()
    this.left.resolve()
  }
}
