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
/** So many are begun between two looks at the time, and in the first turn. */
const FEW = 8
/** What a turn begins at most, however quick it was: of a thread that is ended where it stands still and its heap grows. */
const MANY = 16
/** Of what lodges with a worker, where what begins together is written to a backend together (8 % of a call of gRPC). */
const MANY_LODGED = 64
/** A body that has ended is as much work as this many bytes fit into it: text to be read and checked. */
const BYTES_OF_ONE = 64 * 1024
/** Of a turn with all that was begun in it: the next takes half as many. */
const LONG_MS = 10

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
  private readonly many: number
  /** How much the next turn takes, in requests. */
  private most = FEW
  private begunMs = 0
  private isClosed = false
  private readonly left = Promise.withResolvers<void>()

  constructor(port: CrossingPort, answer: Answering, clock: Clock, holdings: Holdings) {
    this.holdings = holdings
    this.answer = answer
    this.clock = clock
    this.port = port
    this.many = port instanceof LocalPort ? MANY_LODGED : MANY
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

  /**
   * What requests do before they first wait for something (checking and writing 4 MB, say) is done behind their turn, and
   * ports have the messages of sixty in one turn of the loop, which would seem to stand still, with the garbage of all. So
   * what comes long after the last was begun, which may be because of that, waits for the next turn of the loop.
   */
  private receive(batch: readonly ToThread[]): void {
    const isBusy = this.isWorking || this.backlog.length > 0
    this.backlog = this.backlog.concat(batch)
    if (isBusy) return
    if (performance.now() - this.begunMs > LONG_MS) setImmediate(this.begin)
    else this.work()
  }

  private work(): void {
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
    if (this.backlog.length > 0) setImmediate(this.goOn)
  }

  /** In turns of the loop a port hears of no fault by itself. */
  private readonly begin = (): void => {
    try {
      this.work()
    } catch (error) {
      if (!(this.port instanceof LocalPort)) throw error
      this.port.fault(error)
    }
  }

  private readonly goOn = (): void => {
    const tookMs = performance.now() - this.begunMs
    if (tookMs > LONG_MS) this.most = Math.max(1, this.most >> 1)
    else if (tookMs < TURN_MS) this.most = Math.min(this.many, 2 * this.most)
    this.begin()
  }

  /** How many. */
  private takeSome(messages: readonly ToThread[]): number {
    this.begunMs = performance.now()
    let taken = 0
    let work = 0
    while (taken < messages.length && work < this.most) {
      work += this.take(messages[taken++]!)
      if (taken % FEW === 0 && performance.now() - this.begunMs > TURN_MS) break
    }
    return taken
  }

  /** How much work it begins, in requests. */
  private take(message: ToThread): number {
    if (message[0] === REQUEST) this.answerTo(message)
    else if (message[0] === LEFT) this.left.resolve()
    else return this.tell(message)
    return 1
  }

  private answerTo(message: ToThread & readonly [typeof REQUEST, ...unknown[]]): void {
    const request = new ServedRequest(this, message, this.clock)
    this.requests.add(request)
    void request.run(this.answer)
  }

  private tell(message: Exclude<ToThread, readonly [typeof REQUEST | typeof LEFT, ...unknown[]]>): number {
    const request = this.requests.get(message[1])
    if (request === undefined) return 0
    if (message[0] === DATA) request.received(message[2])
    else if (message[0] === END) return this.endBody(request)
    else if (message[0] === CREDIT) request.credited(message[2])
    else if (message[0] === CANCEL) request.cancelled()
    return 1
  }

  private endBody(request: ServedRequest): number {
    const { heldBytes } = request
    request.ended()
    return 1 + heldBytes / BYTES_OF_ONE
  }

  /** The worker is gone, and with it all that asked. */
  private closed(): void {
    this.isClosed = true
    this.backlog = []
    for (const request of this.requests.values()) request.cancelled()
    this.left.resolve()
  }
}
