import type { CallRecord } from '../../../composition/calls/call-record.ts'
import type { GatewayAnswer, GatewayRequest, Observer } from '../../../composition/engine/messages.ts'
import { log } from '../../../telemetry/log.ts'
import type { Clock } from '../../../upstream/clock.ts'

/** Nobody reads more of them in a line. */
const MOST_CALLS = 64

/**
 * Tells, at log level `debug`, of each request what it called, and when: by that `composition dev` draws its fan-out.
 * Without the query of its target, which may have credentials.
 */
export class FanOutLog {
  private readonly composition: string
  private readonly clock: Clock
  private readonly calls = new WeakMap<GatewayRequest, CallRecord[]>()

  constructor(composition: string, clock: Clock) {
    this.composition = composition
    this.clock = clock
  }

  readonly observer: Observer = {
    called: (call, request) => {
      const calls = this.calls.get(request)
      if (calls !== undefined && calls.length < MOST_CALLS) calls.push(call)
    },
  }

  /** An engine's `answer`, with a line for each when its head is here. */
  told(answer: (request: GatewayRequest) => Promise<GatewayAnswer>): typeof answer {
    return async request => {
      const startedMs = this.clock.now()
      const calls: CallRecord[] = []
      this.calls.set(request, calls)
      const given = await answer(request)
      this.tell(request, given, startedMs, calls)
      return given
    }
  }

  private tell(
    request: GatewayRequest,
    given: GatewayAnswer,
    startedMs: number,
    calls: readonly CallRecord[],
  ) {
    const nowMs = this.clock.now()
    log.debug('composition.answered', {
      composition: this.composition,
      method: request.method,
      path: request.target.split('?', 1)[0],
      status: given.status,
      partial: given.headers['x-portcullis-partial'],
      tookMs: rounded(nowMs - startedMs),
      calls: calls.map(({ call, outcome, status, attempts, startedMs: fromMs, endedMs }) => ({
        call,
        outcome,
        status,
        attempts,
        fromMs: rounded(fromMs - startedMs),
        toMs: rounded((endedMs ?? nowMs) - startedMs),
      })),
    })
  }
}

const rounded = (ms: number): number => Math.round(ms * 10) / 10
