import type { FailureName } from '../http/failures.ts'
import type { Cluster } from '../snapshot/snapshot.ts'
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
 * request's body that does not come at the rate, or by taking nothing of a
 * response. It knows what it sees when it is looked at, every half second or so,
 * so that nothing has to be written down in between.
 */
export class ClientLag {
  private readonly client: Paced
  private readonly flow: Flow
  private readonly patienceMs: number
  private readonly rate: BodyRate
  /** What the client does not do. */
  failure: FailureName = 'http_request_too_slow'
  private lookedMs = 0
  // What was seen then.
  private bytes = 0
  private pauses = 0
  private reading = false
  private taken = -1
  /** For how long nothing has been taken. */
  private stillMs = 0

  constructor(
    client: Paced,
    flow: Flow,
    { bodyBytesPerSecond, patienceMs }: Pick<Cluster, 'bodyBytesPerSecond' | 'patienceMs'>,
  ) {
    this.client = client
    this.flow = flow
    this.patienceMs = patienceMs
    this.rate = new BodyRate(bodyBytesPerSecond, patienceMs)
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
    if (this.reading && reading && this.pauses === clientPauses) this.rate.add(ms, body.bytes - this.bytes)
    this.bytes = body.bytes
    this.pauses = clientPauses
    this.reading = reading
    return body.complete ? 0 : this.rate.lagMs
  }

  private lookAtResponse(ms: number): number {
    // As long as it takes what there is, it is the backend that is waited for.
    const taken = this.flow.blocked ? this.client.takenBytes : -1
    this.stillMs = taken >= 0 && taken === this.taken ? this.stillMs + ms : 0
    this.taken = taken
    return this.stillMs >= this.patienceMs ? this.stillMs : 0
  }
}
