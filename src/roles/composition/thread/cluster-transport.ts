import type { CacheMark, CallRecord } from '../../../composition/calls/call-record.ts'
import { CallFailure } from '../../../composition/calls/failure.ts'
import { bodyTooLarge } from '../../../composition/transport/whole-body.ts'
import type {
  AnswerBody,
  BackendAnswer,
  BackendRequest,
  OpenedTunnel,
  Transport,
} from '../../../composition/transport/transport.ts'
import type { ResponseHead } from '../../../http/head.ts'
import type { CallWithin } from '../../../proxy/within/call-within.ts'
import type { RequestWithin } from '../../../proxy/within/request-within.ts'
import type { Within } from '../../../proxy/within/within.ts'
import { failureOf } from './failure-of.ts'
import { headersOf } from './headers.ts'
import { TunnelWithin } from './tunnel-within.ts'
import { handshakeOf, isAccepted } from './websocket-handshake.ts'

/**
 * Backends of a composition by the clusters of the data plane in the same thread: what balances, limits, repeats, times,
 * measures and keeps answers is what requests of clients meet. A backend is found by its name in the composition, which
 * is that of its rule (Snapshot.within).
 */
export class ClusterTransport implements Transport {
  readonly retries = true
  readonly tellsDeadlines = true
  private readonly within: Pick<Within, 'begin'>

  constructor(within: Pick<Within, 'begin'>) {
    this.within = within
  }

  send(request: BackendRequest): Promise<BackendAnswer> {
    let call: CallWithin
    try {
      call = this.begin(request, request.headers)
    } catch (error) {
      return Promise.reject(error as Error)
    }
    return call.answered.then(
      head => {
        mark(request.record, call)
        const { status, fields } = head
        const lengthBytes = lengthOf(head)
        const headers = headersOf(fields.list)
        const body = new BodyWithin(call, request)
        return lengthBytes === null ? { status, headers, body } : { status, headers, lengthBytes, body }
      },
      (error: unknown) => {
        mark(request.record, call)
        throw failureOf(error, request.call, request.deadlineMs)
      },
    )
  }

  async open(request: BackendRequest): Promise<OpenedTunnel> {
    const { key, fields } = handshakeOf()
    const call = this.begin(request, { ...request.headers, ...fields }, 'websocket')
    let status: number
    let headers: Readonly<Record<string, string>>
    try {
      const head = await call.answered
      status = head.status
      headers = headersOf(head.fields.list)
    } catch (error) {
      throw failureOf(error, request.call, request.deadlineMs)
    } finally {
      mark(request.record, call)
    }
    if (status === 101 && isAccepted(key, headers))
      return { headers, tunnel: new TunnelWithin(call, request.call) }
    return refusedBy(call, request, status, headers)
  }

  private begin(
    {
      backend,
      url,
      call,
      method,
      target,
      body,
      signal,
      deadlineMs,
      repeatable,
      streams = false,
      client,
      holding,
      record,
    }: BackendRequest,
    fields: Readonly<Record<string, string>>,
    upgrade = '',
  ): CallWithin {
    const headers =
      record === undefined || record.traceparent === null
        ? fields
        : { ...fields, traceparent: record.traceparent }
    const scheme = SECURE.has(url.protocol) ? 'https' : 'http'
    const request: RequestWithin = {
      method,
      scheme,
      authority: url.host,
      target,
      headers,
      body,
      signal,
      deadlineMs,
      repeatable,
      streams,
      upgrade,
      client,
      holding,
    }
    if (record !== undefined) record.sent = { method, target }
    try {
      return this.within.begin(backend, request)
    } catch (error) {
      throw failureOf(error, call, deadlineMs)
    }
  }
}

const SECURE: ReadonlySet<string> = new Set(['https:', 'h2:', 'wss:'])

/** What has been done for the call until its head is here, or there will be none. */
function mark(record: CallRecord | undefined, call: CallWithin): void {
  if (record === undefined) return
  record.attempts += call.attempts
  record.cache = markOf(call)
  record.fallback = call.isFallback
}

function markOf({ cached, waited }: CallWithin): CacheMark | null {
  if (cached === 'hit') return waited ? 'collapsed' : 'hit'
  return cached === 'stale' || cached === 'stale-if-error' ? 'stale' : null
}

/** Where there is no body the field says it of another answer (RFC 9110 §8.6). */
function lengthOf({ length, hasLength, fields }: ResponseHead): number | null {
  if (length >= 0 && hasLength) return length
  const told = Number(fields.get('content-length') ?? NaN)
  return Number.isSafeInteger(told) ? told : null
}

class BodyWithin implements AnswerBody {
  private readonly call: CallWithin
  private readonly name: string
  private readonly deadlineMs: number

  constructor(call: CallWithin, { call: name, deadlineMs }: BackendRequest) {
    this.call = call
    this.name = name
    this.deadlineMs = deadlineMs
  }

  get trailers(): Readonly<Record<string, string>> {
    const { trailers } = this.call.body
    return trailers === null ? none : headersOf(trailers.list)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      yield* this.call.body
    } catch (error) {
      throw failureOf(error, this.name, this.deadlineMs)
    }
  }

  bytes(limitBytes: number): Promise<Uint8Array> {
    return this.call.body.all(
      limitBytes,
      () => bodyTooLarge(this.name, limitBytes),
      error => failureOf(error, this.name, this.deadlineMs),
    )
  }

  whole(): Uint8Array | null {
    return this.call.body.whole()
  }

  cancel(): void {
    this.call.body.cancel()
  }
}

const none = {}

async function refusedBy(
  call: CallWithin,
  request: BackendRequest,
  status: number,
  headers: Readonly<Record<string, string>>,
): Promise<never> {
  if (status < 300) {
    call.cancel()
    throw new CallFailure('http_upgrade_failed', request.call, `status ${status}`)
  }
  const body = await new BodyWithin(call, request).bytes(MOST_REFUSAL_BYTES).catch(() => null)
  const text = body === null || body.length === 0 ? undefined : Buffer.from(body).toString()
  throw new CallFailure('backend_status', request.call, `status ${status}`, {
    answer: { status, headers, body: text },
  })
}

/** Of what a backend says that opens no tunnel. */
const MOST_REFUSAL_BYTES = 64 * 1024
