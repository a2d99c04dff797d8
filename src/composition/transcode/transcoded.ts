import { httpStatus, RESOURCE_EXHAUSTED } from '../../http/grpc/status.ts'
import { CallFailure } from '../calls/failure.ts'
import { CompiledRoute } from '../engine/compiled-route.ts'
import type { Course } from '../engine/course.ts'
import { EndingBody } from '../engine/ending-body.ts'
import { checkFields } from '../engine/fields.ts'
import type { GatewayAnswer, RequestRecord } from '../engine/messages.ts'
import { writeProblem } from '../engine/problems.ts'
import { Answer, Problem } from '../routes/answer.ts'
import type { TranscodedRoute } from '../routes/transcode.ts'
import { FrameSocket } from '../streams/frame-socket.ts'
import { framesOfWs, type Frames } from '../streams/frames.ts'
import type { Tunnel } from '../streams/tunnel.ts'
import { TranscodedMethod } from './call/transcoded-method.ts'
import { metadataOf, takeMetadata, type Metadata } from './call/metadata.ts'
import type { MethodAnswer } from './call/method-answer.ts'
import { callMethod } from './call/method-call.ts'
import {
  failedStatus,
  httpStatusOf,
  retryAfterOf,
  statusOf,
  StatusError,
  statusOfError,
  type Status,
} from './call/status.ts'
import type { Inbound, Incoming, Messages, Written } from './inbound.ts'
import { hasSaidAll, RestSocket } from './rest/rest-socket.ts'

/** How many messages of a WebSocket may wait for the backend; each may have what a body may. */
const MOST_MESSAGES = 4
/** How long a call goes on whose client has said all and closed. */
const LAST_MS = 5_000

/** A route that gives the methods of a backend to clients of other protocols. */
export class Transcoded extends CompiledRoute<TranscodedRoute> {
  private readonly choose = (fields: Metadata): Record<string, string> =>
    metadataOf(fields, this.route.transcoder.answerMetadata)

  /** What a request ends with meanwhile is told in its protocol, which `run` knows. */
  protected override ran(course: Course, record: RequestRecord): Promise<GatewayAnswer> {
    return course.request.upgrade === undefined ? this.run(course, record) : super.ran(course, record)
  }

  protected override run(course: Course, record: RequestRecord): Promise<GatewayAnswer> {
    let inbound: Inbound
    try {
      inbound = this.inbound(course)
    } catch (error) {
      return Promise.resolve(this.wrong(course, null, error, record))
    }
    const method = (record.method = new TranscodedMethod(inbound))
    const wrong = (error: unknown): GatewayAnswer => this.wrong(course, inbound, error, record)
    if (inbound instanceof RestSocket) return this.opened(course, inbound, method).catch(wrong)
    const { methodKind } = inbound.method
    const goesOn = methodKind === 'server_streaming' || methodKind === 'bidi_streaming'
    return course
      .orOver(() => this.answered(course, inbound, method), this.hasSteps)
      .then(written => this.given(course, written, goesOn), wrong)
  }

  private inbound({ request, target, scope }: Course): Inbound {
    const incoming: Incoming = { request, search: target.search, scope }
    return this.route.transcoder.inbound(target.path, incoming, this.around.gateway.limitBytes)
  }

  private answered(course: Course, inbound: Inbound, method: TranscodedMethod): Promise<Written> {
    this.setDeadline(course, inbound)
    return this.hasSteps ? this.filtered(course, inbound, method) : this.called(course, inbound, method)
  }

  private async filtered(course: Course, inbound: Inbound, method: TranscodedMethod): Promise<Written> {
    const asked = await this.asked(course)
    let written: Written | null = null
    const given = await this.through(course, asked, async () => {
      written = await this.called(course, inbound, method)
      return new Answer(null, written.status, written.headers)
    })
    return merged(given, written)
  }

  private called(course: Course, inbound: Inbound, method: TranscodedMethod): Promise<Written> {
    const call = (messages: Messages): Promise<Written> =>
      this.call(course, method, messages).then(answer => {
        method.answer = answer
        return inbound.answer(answer, this.choose)
      })
    const messages = inbound.messages()
    return messages instanceof Promise ? messages.then(call) : call(messages)
  }

  private call(
    { scope, request }: Course,
    told: TranscodedMethod,
    messages: Messages,
  ): Promise<MethodAnswer> {
    const { gateway } = this.around
    const { backend: name, transcoder } = this.route
    const backend = gateway.backends[name]
    if (backend === undefined) throw new TypeError(`transcode: there is no backend ${JSON.stringify(name)}`)
    const { requestMetadata: rule } = transcoder
    const metadata = rule === 'all' ? metadataOf(request.headers, rule) : {}
    // No client takes their place by the way, only where they are named.
    Object.assign(metadata, backend.headers)
    takeMetadata(metadata, request.headers, backend.relay)
    if (rule !== 'all') takeMetadata(metadata, request.headers, rule)
    const { method } = told
    const call = { name, backend, method, metadata, messages }
    return callMethod(this.siteOf(scope, request), call)
  }

  /** The handshake is answered before the backend is asked: what it says may depend on what the client says first. */
  private async opened(course: Course, inbound: RestSocket, told: TranscodedMethod): Promise<GatewayAnswer> {
    this.setDeadline(course, inbound)
    const asked = await this.asked(course)
    let frames: Frames | null = null
    const given = await this.through(course, asked, async () => {
      frames = await framesOfWs()
      return new Answer(null, 101, {})
    })
    checkFields(given.headers)
    if (frames === null) return merged(given, null)
    course.onOver(() => course.end())
    const tunnel = (one: Tunnel) => void this.serve(course, inbound, told, one, frames!)
    return { status: 101, headers: { ...given.headers }, body: '', tunnel }
  }

  private async serve(
    course: Course,
    inbound: RestSocket,
    told: TranscodedMethod,
    tunnel: Tunnel,
    frames: Frames,
  ): Promise<void> {
    const { scope } = course
    if (scope.cancelledBy !== null) return tunnel.abort()
    scope.goesOn = true
    const { holding } = scope
    const { clock, gateway } = this.around
    const limits = { messageBytes: gateway.limitBytes, messages: MOST_MESSAGES }
    const socket = new FrameSocket({ tunnel, side: 'server', frames, clock, limits, slow: {}, holding })
    const over = new Promise<never>((_, reject) => course.onOver(reject))
    const gone = () => scope.cancel(new CallFailure('client_gone', ''))
    void socket.closed.then(closed => {
      if (hasSaidAll(closed)) course.onEnd(clock.after(LAST_MS, gone))
      else gone()
    })
    try {
      const call = (messages: Messages): Promise<MethodAnswer> =>
        this.call(course, told, messages).then(answer => (told.answer = answer))
      const exchange = () => inbound.exchange(socket, call)
      await inbound.end(socket, await Promise.race([scope.run(exchange), over]))
    } catch (error) {
      const status = statusOfError(error)
      if (status === null) this.mistaken(error, course.request)
      told.told = status ?? failedStatus
      await inbound.end(socket, told.told)
    }
    await socket.closed
    // Nobody takes what is left.
    socket.abort()
    course.end()
  }

  /** The client may want less than there is, and a stream has no end of its own. */
  private setDeadline({ scope, request }: Course, { method, timeoutMs }: Inbound): void {
    const streams = method.methodKind !== 'unary'
    // The scope's is the nearer one of the route's and the client's already.
    if (!streams && timeoutMs === null) return
    const nowMs = scope.clock.now()
    const ownMs = streams ? (this.route.options.timeoutMs ?? Infinity) : scope.deadlineMs - nowMs
    const untilMs = Math.min(nowMs + Math.min(ownMs, timeoutMs ?? Infinity), request.deadlineMs ?? Infinity)
    if (untilMs !== scope.deadlineMs) scope.extend(untilMs)
  }

  /** What streams has the course until it has ended, whether or not anybody reads it. */
  private given(course: Course, { status, headers, body }: Written, goesOn: boolean): GatewayAnswer {
    if (typeof body === 'string' || body instanceof Uint8Array) return { status, headers, body }
    course.onOver(() => undefined)
    return { status, headers, body: new EndingBody(course, body), goesOn }
  }

  private wrong(
    course: Course,
    inbound: Inbound | null,
    error: unknown,
    { method }: RequestRecord,
  ): GatewayAnswer {
    if (inbound === null && error instanceof Problem) return writeProblem(error)
    const told = error instanceof Problem ? ofProblem(error) : error
    const said = statusOfError(told)
    if (said === null) this.mistaken(error, course.request)
    const status = said ?? failedStatus
    if (method instanceof TranscodedMethod) method.told = status
    const more = told instanceof StatusError ? told : null
    return inbound?.failed(status, more) ?? this.withoutProtocol(status, more)
  }

  private withoutProtocol(status: Status, error: StatusError | null): GatewayAnswer {
    return {
      status: error?.http ?? httpStatusOf(status),
      headers: { ...retryAfterOf(status), ...error?.headers, 'content-type': 'application/json' },
      body: this.route.transcoder.errorJson(status),
    }
  }
}

/** What a filter has thrown, in the terms of gRPC: clients of all protocols are to understand it. */
function ofProblem({ status: http, title, more }: Problem): StatusError {
  const code = http === 413 ? RESOURCE_EXHAUSTED : httpStatus(http)
  return new StatusError(statusOf(code, more.detail ?? title), {
    http,
    ...(more.headers !== undefined && { headers: more.headers }),
  })
}

/** A filter may answer itself, or change the head of what has been called. */
function merged(given: Answer<unknown>, written: Written | null): Written {
  const status = given.status ?? written?.status ?? 200
  if (written !== null && given.body === null)
    return { status, headers: { ...given.headers }, body: written.body }
  return {
    status,
    headers: { 'content-type': 'application/json', ...given.headers },
    body: JSON.stringify(given.body ?? null),
  }
}
