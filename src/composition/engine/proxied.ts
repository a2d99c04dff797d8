import type { Cancel } from '../../upstream/clock.ts'
import { ownedFields } from '../../http/owned-fields.ts'
import { lowerCased } from '../backends/backend.ts'
import { newCallRecord, type CallRecord } from '../calls/call-record.ts'
import { CallFailure, failureNameOf } from '../calls/failure.ts'
import { Answer } from '../routes/answer.ts'
import type { ProxyRoute } from '../routes/proxy.ts'
import { leadsOut, PathTemplate } from '../routes/template.ts'
import type { Tunnel } from '../streams/tunnel.ts'
import { basePathOf } from '../transport/base-path.ts'
import type { BackendAnswer, BackendRequest, OpenedTunnel } from '../transport/transport.ts'
import { CompiledRoute, type Surroundings } from './compiled-route.ts'
import type { Course } from './course.ts'
import { EndingBody } from './ending-body.ts'
import { checkFields } from './fields.ts'
import type { GatewayAnswer } from './messages.ts'
import { headOnly } from './streamed.ts'

/** They pass where the backend relays them by name: as with calls, nobody is given credentials that nobody meant for him. */
const CREDENTIALS = ['authorization', 'proxy-authorization', 'cookie']

/** What a handshake says is for those two who make it. */
const OF_HANDSHAKES = new Set([
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-extensions',
  'sec-websocket-accept',
])

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

const EVENT_STREAM = /^text\/event-stream *(?:;|$)/i

type Passed = BackendAnswer | OpenedTunnel

/** A route that passes requests on. */
export class Proxied extends CompiledRoute<ProxyRoute> {
  private readonly rewrite: PathTemplate | null
  private readonly dropped: ReadonlySet<string>

  constructor(route: ProxyRoute, around: Surroundings) {
    super(route, around)
    const { rewrite } = route.options
    this.rewrite = rewrite === undefined ? null : new PathTemplate(rewrite)
    const { relay } = around.gateway.backends[route.backend]!
    this.dropped = new Set([
      ...ownedFields,
      ...OF_HANDSHAKES,
      ...CREDENTIALS.filter(name => !relay.includes(name)),
    ])
  }

  protected override async run(course: Course): Promise<GatewayAnswer> {
    const asked = await this.asked(course)
    let passed: Passed | null = null
    let cookies: string | undefined
    const given = await this.through(course, asked, async () => {
      passed = await this.pass(course)
      cookies = passed.headers['set-cookie']
      const status = 'tunnel' in passed ? 101 : passed.status
      return new Answer(null, status, without(passed.headers, ANSWER_DROPPED))
    })
    checkFields(given.headers, cookies)
    if (passed === null) return headOnly(given)
    course.scope.extend(course.request.deadlineMs ?? Infinity)
    return this.answered(course, passed, given)
  }

  private answered(course: Course, passed: Passed, { headers, status }: Answer<unknown>): GatewayAnswer {
    course.onOver(() => course.end())
    if ('tunnel' in passed)
      return { status: 101, headers, body: '', tunnel: client => void joined(course, client, passed.tunnel) }
    const { body, lengthBytes } = passed
    course.onEnd(() => body.cancel())
    const goesOn = EVENT_STREAM.test(headers['content-type'] ?? '')
    return {
      status: status ?? passed.status,
      headers: lengthBytes === undefined ? headers : { ...headers, 'content-length': String(lengthBytes) },
      body: new EndingBody(course, body),
      goesOn,
    }
  }

  /** The call lasts as long as the course, of which it is all. */
  private async pass(course: Course): Promise<Passed> {
    const site = this.siteOf(course.scope, course.request)
    const { backend, path } = this.route
    const call = `${backend} ${course.request.method} ${path}`
    const record = newCallRecord(call, course.scope.clock.now(), this.name)
    site.began(record)
    course.afterEnd(failure => {
      record.outcome ??= failure ?? 'ok'
      record.endedMs = course.scope.clock.now()
      site.ended(record)
    })
    try {
      const passed = await this.sent(course, record)
      record.status = 'tunnel' in passed ? 101 : passed.status
      return passed
    } catch (error) {
      record.outcome = failureNameOf(error)
      throw error
    }
  }

  /** `timeoutMs` of the backend is for the beginning of its answer, once it has all of the request. */
  private async sent(course: Course, record: CallRecord): Promise<Passed> {
    const { scope, request } = course
    const { timeoutMs } = this.around.gateway.backends[this.route.backend]!
    let stop: Cancel | null = null
    let hasBegun = false
    const expected = (): void => {
      if (hasBegun) return
      stop = scope.clock.after(timeoutMs, () =>
        scope.cancel(new CallFailure('http_response_timeout', record.call)),
      )
    }
    const body = request.body === null ? null : toldOf(request.body, expected)
    if (body === null) expected()
    try {
      return await this.passed(this.requestOf(course, record, body), request.upgrade !== undefined)
    } finally {
      hasBegun = true
      ;(stop as Cancel | null)?.()
    }
  }

  private passed(request: BackendRequest, isUpgrade: boolean): Promise<Passed> {
    const { transport } = this.around
    if (!isUpgrade) return transport.send(request)
    if (transport.open === undefined) throw new TypeError('the transport of this engine opens no WebSockets')
    return transport.open(request)
  }

  private requestOf(
    { request, scope, target }: Course,
    record: CallRecord,
    body: BackendRequest['body'],
  ): BackendRequest {
    const { backend: name } = this.route
    const backend = this.around.gateway.backends[name]!
    const { call } = record
    const below = this.rewrite === null ? within(call, target.path) : this.rewrite.expand(call, target.params)
    return {
      backend: name,
      url: backend.url,
      call,
      method: request.method,
      target: `${basePathOf(backend.url)}${below}${target.search === '' ? '' : `?${target.search}`}`,
      headers: {
        ...without(request.headers, this.dropped),
        ...(request.headers['te'] === 'trailers' && { te: 'trailers' }),
        ...lowerCased(backend.headers),
      },
      body,
      signal: scope.cancellation,
      deadlineMs: Infinity,
      retry: request.body === null ? backend.retry : null,
      repeatable: SAFE.has(request.method),
      streams: true,
      client: request.client,
      holding: scope.holding,
      record,
    }
  }
}

/** As `rewrite` does: with dots in it, it would be another path to the backend, maybe none below its own. */
function within(call: string, path: string): string {
  if (leadsOut(path)) throw new CallFailure('path_parameter_refused', call, 'the path leads elsewhere')
  return path
}

/** Who sends it is told when all of it has been read. */
async function* toldOf(body: AsyncIterable<Uint8Array>, tell: () => void): AsyncGenerator<Uint8Array> {
  yield* body
  tell()
}

const ANSWER_DROPPED: ReadonlySet<string> = new Set([
  ...ownedFields,
  'sec-websocket-accept',
  'sec-websocket-extensions',
])

function without(
  headers: Readonly<Record<string, string>>,
  names: ReadonlySet<string>,
): Record<string, string> {
  // Those that `Connection` names are of the connection too (RFC 9110 §7.6.1).
  const named = new Set(
    headers['connection']
      ?.toLowerCase()
      .split(',')
      .map(name => name.trim()),
  )
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.has(name) && !named.has(name)))
}

/** Bytes of either to the other, until one is lost or both have ended. */
async function joined(course: Course, client: Tunnel, backend: Tunnel): Promise<void> {
  course.onEnd(() => {
    client.abort()
    backend.abort()
  })
  try {
    await Promise.all([piped(client, backend), piped(backend, client)])
    course.end()
  } catch (error) {
    // Both are told by the end.
    course.end(course.scope.cancelledBy?.failure ?? failureNameOf(error))
  }
}

async function piped(from: Tunnel, to: Tunnel): Promise<void> {
  for await (const bytes of from.incoming) await to.write(bytes)
  to.end()
}
