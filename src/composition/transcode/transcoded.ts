import { httpStatus, RESOURCE_EXHAUSTED } from '../../http/grpc/status.ts'
import { CompiledRoute } from '../engine/compiled-route.ts'
import type { Course } from '../engine/course.ts'
import { EndingBody } from '../engine/ending-body.ts'
import type { GatewayAnswer } from '../engine/messages.ts'
import { writeProblem } from '../engine/problems.ts'
import { Answer, Problem } from '../routes/answer.ts'
import type { TranscodedRoute } from '../routes/transcode.ts'
import { metadataOf, type Metadata } from './call/metadata.ts'
import { callMethod } from './call/method-call.ts'
import {
  failedStatus,
  httpStatusOf,
  statusOf,
  StatusError,
  statusOfError,
  type Status,
} from './call/status.ts'
import type { Inbound, Incoming, Written } from './inbound.ts'

/** A route that gives the methods of a backend to clients of other protocols. */
export class Transcoded extends CompiledRoute<TranscodedRoute> {
  protected override async run(course: Course): Promise<GatewayAnswer> {
    let inbound: Inbound | null = null
    try {
      inbound = this.inbound(course)
      const written = await course.orOver(() => this.answered(course, inbound!))
      const { methodKind } = inbound.method
      const goesOn = methodKind === 'server_streaming' || methodKind === 'bidi_streaming'
      return this.given(course, written, goesOn)
    } catch (error) {
      return this.wrong(course, inbound, error)
    }
  }

  private inbound({ request, target, scope }: Course): Inbound {
    const incoming: Incoming = { request, search: target.search, scope }
    return this.route.transcoder.inbound(target.path, incoming, this.around.gateway.limitBytes)
  }

  private async answered(course: Course, inbound: Inbound): Promise<Written> {
    this.setDeadline(course, inbound)
    const asked = await this.asked(course)
    let written: Written | null = null
    const given = await this.through(course, asked, async () => {
      written = await this.called(course, inbound)
      return new Answer(null, written.status, written.headers)
    })
    return merged(given, written)
  }

  private async called({ scope, request }: Course, inbound: Inbound): Promise<Written> {
    const { gateway } = this.around
    const { backend: name, transcoder } = this.route
    const backend = gateway.backends[name]
    if (backend === undefined) throw new TypeError(`transcode: there is no backend ${JSON.stringify(name)}`)
    const messages = await inbound.messages()
    const { requestMetadata: rule } = transcoder
    const named = rule === 'all' ? backend.relay : [...backend.relay, ...rule]
    const metadata = {
      ...(rule === 'all' && metadataOf(request.headers, rule)),
      // No client takes their place by the way, only where they are named.
      ...backend.headers,
      ...metadataOf(request.headers, named),
    }
    const call = { name, backend, method: inbound.method, metadata, messages }
    const answer = await callMethod(this.siteOf(scope, request), call)
    return await inbound.answer(answer, (fields: Metadata) => metadataOf(fields, transcoder.answerMetadata))
  }

  /** The client may want less than there is, and a stream has no end of its own. */
  private setDeadline({ scope, request }: Course, { method, timeoutMs }: Inbound): void {
    const nowMs = scope.clock.now()
    const streams = method.methodKind !== 'unary'
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

  private wrong(course: Course, inbound: Inbound | null, error: unknown): GatewayAnswer {
    if (inbound === null && error instanceof Problem) return writeProblem(error)
    const told = error instanceof Problem ? ofProblem(error) : error
    const said = statusOfError(told)
    if (said === null) this.mistaken(error, course.request)
    const status = said ?? failedStatus
    const more = told instanceof StatusError ? told : null
    return inbound?.failed(status, more) ?? this.withoutProtocol(status, more)
  }

  private withoutProtocol(status: Status, error: StatusError | null): GatewayAnswer {
    return {
      status: error?.http ?? httpStatusOf(status),
      headers: { ...error?.headers, 'content-type': 'application/json' },
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
