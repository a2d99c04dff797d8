import { toBinary, type DescMethod } from '@bufbuild/protobuf'
import type { Metadata } from '../call/metadata.ts'
import { isOk, type MethodAnswer } from '../call/method-answer.ts'
import { httpStatusOf, retryAfterOf, statusOf, StatusError, type Status } from '../call/status.ts'
import { INVALID_ARGUMENT } from '../../../http/grpc/status.ts'
import { grpcTimeoutMs } from '../grpc/grpc-call.ts'
import { contentOf, mediaType, type Inbound, type Incoming, type Surface, type Written } from '../inbound.ts'
import { nothing } from '../request-stream.ts'
import { MessageInput } from '../json/message-input.ts'
import type { HttpRule } from '../rule/http-rule.ts'
import type { AnswerJson } from './answer-json.ts'
import { itemsOf, linesOf } from './request-items.ts'
import type { RequestContent, RequestMessages } from './request-message.ts'
import { streamFormat, StreamText } from './stream-format.ts'

/** What of a rule does not depend on a request. */
export interface RestRule {
  readonly rule: HttpRule
  readonly requests: RequestMessages
  readonly answers: AnswerJson
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json$/
const LINES_TYPE = /^application\/(?:x-ndjson|ndjson|jsonl)$/

/** A request that a rule of google.api.http takes, and its answer as JSON. */
export class RestCall implements Inbound {
  readonly method: DescMethod
  readonly system: null = null
  protected readonly of: RestRule
  protected readonly segments: readonly string[]
  protected readonly incoming: Incoming
  protected readonly surface: Surface

  constructor(of: RestRule, segments: readonly string[], incoming: Incoming, surface: Surface) {
    this.of = of
    this.method = of.rule.method
    this.segments = segments
    this.incoming = incoming
    this.surface = surface
  }

  get template(): string {
    return this.of.rule.template.text
  }

  get timeoutMs(): number | null {
    return grpcTimeoutMs(this.incoming.request.headers)
  }

  messages(): ReturnType<Inbound['messages']> {
    const { headers, body } = this.incoming.request
    const type = headers['content-type']
    const { methodKind } = this.method
    if (methodKind !== 'unary' && methodKind !== 'server_streaming')
      return this.stream(mediaType(type), type ?? '')
    return body === null
      ? this.message(null, true)
      : this.content(type).then(content => this.message(content, true))
  }

  private message(content: RequestContent | null, whole: boolean): Uint8Array {
    const { requests } = this.of
    const message = whole
      ? requests.message(this.segments, this.incoming.search, content)
      : requests.message(null, '', content)
    return toBinary(this.method.input, message)
  }

  private async content(type: string | undefined): Promise<RequestContent | null> {
    const bytes = await contentOf(this.incoming, this.surface.limitBytes)
    if (bytes.length === 0) return null
    if (!this.of.requests.takesAnything && this.of.rule.body !== null && !JSON_TYPE.test(mediaType(type)))
      throw unsupported('the body must be JSON', 'application/json')
    return { type: type ?? 'application/octet-stream', bytes }
  }

  /** What path and query say is in the first message. */
  private async stream(type: string, field: string): Promise<AsyncIterable<Uint8Array>> {
    const { body } = this.incoming.request
    const { limitBytes } = this.surface
    const { holding } = this.incoming.scope.request
    if (this.of.requests.takesAnything) return this.each(body ?? nothing, field)
    if (LINES_TYPE.test(type)) return this.each(linesOf(body ?? nothing, limitBytes, holding), type)
    const bytes = await contentOf(this.incoming, limitBytes)
    if (bytes.length > 0 && !JSON_TYPE.test(type))
      throw unsupported(
        'the body must be NDJSON, or an array of JSON',
        'application/x-ndjson, application/json',
      )
    return this.each(bytes.length === 0 ? [] : itemsOf(bytes), type)
  }

  private async *each(
    items: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    type: string,
  ): AsyncGenerator<Uint8Array> {
    let first = true
    for await (const bytes of items) {
      yield this.message({ type, bytes }, first)
      first = false
    }
  }

  answer(
    given: MethodAnswer,
    metadata: (fields: Metadata) => Record<string, string>,
  ): Written | Promise<Written> {
    const { methodKind } = this.method
    if (given.status !== null && !isOk(given.status))
      return this.withHeaders(this.failed(given.status), metadata(given.trailers))
    if (methodKind === 'server_streaming' || methodKind === 'bidi_streaming')
      return this.of.answers.isRaw ? this.rawStream(given, metadata) : this.jsonStream(given, metadata)
    return given.one().then(message => this.written(message, given, metadata))
  }

  private written(
    message: Uint8Array | null,
    given: MethodAnswer,
    metadata: (fields: Metadata) => Record<string, string>,
  ): Written {
    const headers = Object.assign(metadata(given.headers), metadata(given.trailers))
    if (message === null) return this.withHeaders(this.failed(given.status!), headers)
    const { answers } = this.of
    const raw = answers.isRaw ? answers.raw(message) : null
    headers['content-type'] = raw?.type ?? 'application/json'
    return { status: 200, headers, body: raw?.bytes ?? answers.text(new MessageInput(message)) }
  }

  private jsonStream(given: MethodAnswer, metadata: (fields: Metadata) => Record<string, string>): Written {
    const format = streamFormat(this.incoming.request.headers['accept'])
    const headers = { ...metadata(given.headers), 'content-type': format.type, vary: 'accept' }
    const text = new StreamText(format, this.of.answers)
    const body = given.takeHere(all => text.within(all)) ? this.lastOf(text, given) : this.items(given, text)
    return { status: 200, headers, body }
  }

  private async *items(given: MethodAnswer, text: StreamText): AsyncGenerator<Uint8Array> {
    for await (const messages of given.batches()) {
      try {
        text.add(messages)
      } catch (error) {
        given.misfit(error as StatusError)
        break
      }
      yield Buffer.from(text.take())
    }
    yield Buffer.from(this.lastOf(text, given))
  }

  private lastOf(text: StreamText, { status }: MethodAnswer): string {
    return text.last(isOk(status) ? null : this.errorJson(status!))
  }

  /** Bytes one after another; the first says of what type they are. What breaks off has no other way to say so than to end badly. */
  private async rawStream(
    given: MethodAnswer,
    metadata: (fields: Metadata) => Record<string, string>,
  ): Promise<Written> {
    const messages = given.messages()
    const first = await messages.next()
    if (first.done === true && !isOk(given.status)) return this.failed(given.status!)
    const { type, bytes } =
      first.done === true
        ? { type: 'application/octet-stream', bytes: new Uint8Array() }
        : this.of.answers.raw(first.value)
    const headers = { ...metadata(given.headers), 'content-type': type }
    return { status: 200, headers, body: this.rawBytes(bytes, messages, given) }
  }

  private async *rawBytes(
    first: Uint8Array,
    rest: AsyncGenerator<Uint8Array>,
    given: MethodAnswer,
  ): AsyncGenerator<Uint8Array> {
    if (first.length > 0) yield first
    for await (const message of rest) {
      const { bytes } = this.of.answers.raw(message)
      if (bytes.length > 0) yield bytes
    }
    if (!isOk(given.status)) throw new StatusError(given.status!)
  }

  failed(status: Status, error: StatusError | null = null): Written {
    return {
      status: error?.http ?? httpStatusOf(status),
      headers: { ...retryAfterOf(status), ...error?.headers, 'content-type': 'application/json' },
      body: this.errorJson(status),
    }
  }

  protected errorJson(status: Status): string {
    return JSON.stringify(this.surface.status.json(status))
  }

  private withHeaders(written: Written, headers: Record<string, string>): Written {
    return { ...written, headers: { ...headers, ...written.headers } }
  }
}

const unsupported = (message: string, accept: string): StatusError =>
  new StatusError(statusOf(INVALID_ARGUMENT, message), { http: 415, headers: { accept } })
