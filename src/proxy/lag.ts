import type { FailureName } from '../http/failures.ts'
import type { Cluster } from '../snapshot/cluster.ts'
import { BodyRate } from './body-rate.ts'
import type { RequestBody } from './body.ts'
import type { Paced } from './pace.ts'

/** How the two bodies of an exchange flow. */
export interface Flow {
  /** Of the request. */
  readonly body: Pick<RequestBody, 'bytes' | 'complete'>
  /** How often the client was paused, so that it could not send. */
  readonly clientPauses: number
  /** The response waits for its client. */
  readonly blocked: boolean
}

/** What one look counts at most, twice a sweep: in what is beyond that it was us who did not read. */
const LOOK_MS = 1_000

/**
 * How long the client of one exchange has kept its connection waiting: with a
 * request's body that does not come at the rate, or by not taking a response at
 * it (windows of HTTP/2 that are opened by a byte now and then hold as much). It knows what it sees when it is looked at, every half second or so,
 * so that nothing has to be written down in between.
 */
export class ClientLag {
  private readonly client: Paced
  private readonly flow: Flow
  /** Of the request's body, and of what is taken of the response's. */
  private readonly sent: BodyRate
  private readonly received: BodyRate
  /** What the client does not do. */
  failure: FailureName = 'http_request_too_slow'
  private lookedMs = 0
  // What was seen then.
  private bytes = 0
  private pauses = 0
  private reading = false
  /** Below 0 where nothing waited. */
  private taken = -1

  constructor(
    client: Paced,
    flow: Flow,
    { bodyBytesPerSecond, patienceMs }: Pick<Cluster, 'bodyBytesPerSecond' | 'patienceMs'>,
  ) {
    this.client = client
    this.flow = flow
    this.sent = new BodyRate(bodyBytesPerSecond, patienceMs)
    // Whose bodies may come at any rate is to take something all the same.
    this.received = new BodyRate(Math.max(1, bodyBytesPerSecond), patienceMs)
  }

  /** For how many ms, or 0. */
  look(nowMs: number): number {
    const ms = Math.min(nowMs - this.lookedMs, LOOK_MS)
    this.lookedMs = nowMs
    const requestMs = this.lookAtRequest(ms)
    const responseMs = this.lookAtResponse(ms)
    this.failure = responseMs > requestMs ? 'http_response_not_taken' : 'http_request_too_slow'
    return Math.max(requestMs, responseMs)
  }

  private lookAtRequest(ms: number): number {
    const { body, clientPauses } = this.flow
    const { reading } = this.client
    // Only where it could have sent all the time.
    if (this.reading && reading && this.pauses === clientPauses) this.sent.add(ms, body.bytes - this.bytes)
    this.bytes = body.bytes
    this.pauses = clientPauses
    this.reading = reading
    return body.complete ? 0 : this.sent.lagMs
  }

  private lookAtResponse(ms: number): number {
    const { received, taken: before } = this
    // As long as it takes what there is, it is the backend that is waited for.
    this.taken = this.flow.blocked ? this.client.takenBytes : -1
    if (this.taken < 0) received.forgetAll()
    else if (before >= 0) received.add(ms, this.taken - before)
    return received.lagMs
  }
}
