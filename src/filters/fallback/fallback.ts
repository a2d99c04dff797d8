import { failures, type FailureName } from '../../http/failures.ts'
import { grpcFormat } from '../../http/grpc/content-type.ts'
import type { FilterConfig } from '../../snapshot/rule.ts'
import { lastGood } from '../cache/last-good.ts'
import { compileExceptions, type Exception } from '../exceptions.ts'
import type { Exchange, Filter, FilterType, ResponseVerdict } from '../filter.ts'
import type { Kit, OtherBackend } from '../kit.ts'
import { Note } from '../notes.ts'

/** TrafficPolicy spec.fallback. */
export interface FallbackConfig extends FilterConfig {
  readonly type: 'fallback'
  readonly triggers: readonly Trigger[]
  /** Statuses of the backend. */
  readonly codes: readonly number[]
  /** How old what the cache has may be; null: it is not used. */
  readonly lastGoodMs: number | null
  readonly response: FixedAnswer | null
  readonly except: readonly Exception[]
}

export type Trigger = 'no-endpoint' | 'connect-failure' | 'reset' | 'timeout' | 'breaker-open' | 'limit'

export interface FixedAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** Failures of backends alone: what authentication, authorization or a limit of the client has refused is in no list. */
export const failuresOf: Readonly<Record<Trigger, readonly FailureName[]>> = {
  'no-endpoint': ['destination_unavailable', 'dns_error'],
  'connect-failure': [
    'connection_refused',
    'bundle_unavailable',
    'connection_timeout',
    'destination_ip_unroutable',
    'tls_certificate_error',
    'tls_protocol_error',
    'tls_alert_received',
  ],
  reset: [
    'connection_terminated',
    'bundle_terminated',
    'bundle_stalled',
    'http_protocol_error',
    'http_response_incomplete',
    'response_header_section_size',
  ],
  timeout: ['http_response_timeout'],
  'breaker-open': ['breaker_open'],
  limit: [
    'backend_request_limit_reached',
    'concurrency_limit_reached',
    'connection_limit_reached',
    'bulkhead_full',
    'bundle_overloaded',
  ],
}

/** What answers in place of the backend. It stands outside of the cache, and in front of error pages, which leave its answer alone. */
export const fallback: FilterType<FallbackConfig> = {
  type: 'fallback',
  role: 'ingress',
  phase: 'fallback',
  merge: (_, near) => near,
  compile: (config, kit) => new FallbackFilter(config, kit),
  describe: ({ forwardsTo, lastGoodMs, response }) =>
    [
      ...(forwardsTo === undefined ? [] : [forwardsTo]),
      ...(lastGoodMs === null ? [] : ['the last good answer']),
      ...(response === null ? [] : [`${response.status}, ${response.contentType}`]),
    ].join(', then '),
  except: ({ except }) => except,
}

/** Steps of one exchange, in this order: none of them comes twice, so that nothing goes in a circle. */
const NOTHING = 0
const BACKEND = 1
const MADE_HERE = 2

/** It has passed everything that may refuse it: only then anything answers in place of a backend. */
const stepNote = new Note<number>('fallback.step')
/** For the access log: what has answered, and in place of what. */
export const fallbackNote = new Note<string>('fallback', 'portcullis.fallback')
const reasonNote = new Note<string>('fallback.reason', 'portcullis.fallback.reason')

/** Whether the other backend has failed, in whatever way: triggers and statuses are about the first one. */
function hasFailed(failure: FailureName | null, status: number): boolean {
  if (failure === null) return status >= 500
  return failures[failure].side === 'upstream' || failure === 'destination_not_found'
}

class FallbackFilter implements Filter {
  private readonly config: FallbackConfig
  private readonly kit: Kit
  private readonly other: OtherBackend | null
  private readonly isExcepted: (x: Exchange) => boolean
  private readonly failures: ReadonlySet<FailureName>
  private readonly codes: ReadonlySet<number>

  constructor(config: FallbackConfig, kit: Kit) {
    this.config = config
    this.kit = kit
    this.other = config.forwardsTo === undefined ? null : kit.backend(config.forwardsTo)
    this.isExcepted = compileExceptions(config.except) ?? (() => false)
    this.failures = new Set(config.triggers.flatMap(trigger => failuresOf[trigger]))
    this.codes = new Set(config.codes)
  }

  request(x: Exchange): undefined {
    if (!this.isExcepted(x)) x.notes.set(stepNote, NOTHING)
    return undefined
  }

  response(x: Exchange): ResponseVerdict {
    const { failure } = x
    const { status } = x.response
    const step = x.notes.get(stepNote)
    if (step === undefined || step === MADE_HERE) return undefined
    const isFailed = failure === null ? this.codes.has(status) : this.failures.has(failure)
    if (!isFailed && (step !== BACKEND || !hasFailed(failure, status))) return undefined
    return this.verdict(x, step, failure ?? String(status))
  }

  private verdict(x: Exchange, step: number, reason: string): ResponseVerdict {
    const { other } = this
    const { lastGoodMs, response } = this.config
    if (step === NOTHING && other !== null && x.mayForward) {
      x.notes.set(stepNote, BACKEND)
      this.tell(x, other.cluster, reason)
      return { forwardTo: other }
    }
    x.notes.set(stepNote, MADE_HERE)
    const stored = lastGoodMs === null ? null : lastGood(x, lastGoodMs, this.kit)
    if (stored !== null) {
      this.tell(x, 'last-good', reason)
      return stored
    }
    if (response === null || grpcFormat(x.request.fields.get('content-type')) !== null) return undefined
    this.tell(x, 'response', reason)
    const { body, contentType } = response
    return { status: response.status, fields: body === '' ? [] : ['Content-Type', contentType], body }
  }

  private tell(x: Exchange, what: string, reason: string): void {
    x.notes.set(fallbackNote, what)
    x.notes.set(reasonNote, reason)
  }
}
