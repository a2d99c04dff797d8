import { CallFailure } from '../calls/failure.ts'
import type { Backends } from '../backends/backend.ts'
import type {
  AnswerBody,
  BackendAnswer,
  BackendRequest,
  OpenedTunnel,
  Transport,
} from '../transport/transport.ts'
import { contentOf } from './content.ts'
import { keyOf, methodOf, requestOf, type Fixture, type RecordedAnswer } from './fixture.ts'
import type { Secrets } from './secrets.ts'

/** What is longer is no fixture, and is not held. */
const MOST_BYTES = 1024 * 1024

export interface RecorderOptions {
  readonly backends: Backends
  readonly secrets: Secrets
  readonly keep: (fixture: Fixture) => void
  /** A call that there is no fixture of, and why. */
  readonly leave: (call: string, why: string) => void
}

/**
 * A transport that tells what its backends answer, or how they fail. WebSockets pass; a stream that is left is recorded
 * as far as it came.
 */
export class Recorder implements Transport {
  readonly retries?: true
  private readonly inner: Transport
  private readonly options: RecorderOptions
  /** Requests that have an answer: that one of them fails later is no fixture in its place. */
  private readonly answered = new Set<string>()

  constructor(inner: Transport, options: RecorderOptions) {
    this.inner = inner
    this.options = options
    if (inner.retries === true) this.retries = true
  }

  async send(request: BackendRequest): Promise<BackendAnswer> {
    try {
      const answer = await this.inner.send(request)
      const ended = (bytes: Uint8Array | null): void => {
        if (bytes === null) this.options.leave(request.call, `it is longer than ${MOST_BYTES} bytes`)
        else this.told(request, () => this.answerOf(request, answer, bytes))
      }
      const left = (): void => this.told(request, () => Promise.resolve({ failure: 'cancelled' }))
      return { ...answer, body: new RecordedBody(answer.body, request.streams === true, ended, left) }
    } catch (error) {
      const reason: unknown = request.signal.aborted ? request.signal.reason : error
      if (reason instanceof CallFailure) {
        const { failure } = reason
        this.told(request, () => Promise.resolve({ failure }))
      }
      throw error
    }
  }

  open(request: BackendRequest): Promise<OpenedTunnel> {
    if (this.inner.open === undefined) throw new TypeError('the transport opens no WebSockets')
    return this.inner.open(request)
  }

  /** Nobody waits for that: what goes wrong is told. */
  private told(request: BackendRequest, answer: () => Promise<Fixture['answer']>): void {
    this.record(request, answer).catch((error: unknown) =>
      this.options.leave(request.call, error instanceof Error ? error.message : String(error)),
    )
  }

  private async record(request: BackendRequest, answer: () => Promise<Fixture['answer']>): Promise<void> {
    const { backends, secrets, keep } = this.options
    const { call } = request
    const fixture = {
      call,
      request: await requestOf(request, methodOf(backends, request), secrets),
      answer: await answer(),
    }
    const key = keyOf(call, fixture.request)
    if (!('failure' in fixture.answer)) this.answered.add(key)
    else if (this.answered.has(key)) return
    keep(fixture)
  }

  private async answerOf(
    request: BackendRequest,
    answer: BackendAnswer,
    bytes: Uint8Array,
  ): Promise<RecordedAnswer> {
    const { backends, secrets } = this.options
    const rpc = methodOf(backends, request)
    const { status, headers } = answer
    const content = await contentOf(bytes, { headers, schema: rpc?.output ?? null, secrets })
    const trailers = secrets.fields(answer.body.trailers ?? {})
    return {
      status,
      headers: fieldsOf(secrets, headers, content !== undefined && 'messages' in content),
      ...(content !== undefined && { body: content }),
      ...(Object.keys(trailers).length > 0 && { trailers }),
    }
  }
}

/** Messages that can be read are not compressed any more. */
function fieldsOf(
  secrets: Secrets,
  headers: Readonly<Record<string, string>>,
  isInflated: boolean,
): Record<string, string> {
  const { 'grpc-encoding': encoding, ...fields } = secrets.fields(headers)
  return encoding === undefined || isInflated ? fields : { ...fields, 'grpc-encoding': encoding }
}

class RecordedBody implements AnswerBody {
  private readonly body: AnswerBody
  private readonly isStream: boolean
  private readonly ended: (bytes: Uint8Array | null) => void
  /** Nobody has read it to its end. */
  private readonly left: () => void

  constructor(
    body: AnswerBody,
    isStream: boolean,
    ended: (bytes: Uint8Array | null) => void,
    left: () => void,
  ) {
    this.body = body
    this.isStream = isStream
    this.ended = ended
    this.left = left
  }

  get trailers(): Readonly<Record<string, string>> {
    return this.body.trailers ?? {}
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const chunks: Uint8Array[] = []
    let length = 0
    let isWhole = false
    try {
      for await (const chunk of this.body) {
        length += chunk.length
        if (length <= MOST_BYTES) chunks.push(chunk.slice())
        yield chunk
      }
      isWhole = true
    } finally {
      if (isWhole || this.isStream) this.ended(length > MOST_BYTES ? null : Buffer.concat(chunks))
      else this.left()
    }
  }

  async bytes(limitBytes: number): Promise<Uint8Array> {
    const bytes = await this.body.bytes(limitBytes).catch((error: unknown) => {
      this.left()
      throw error
    })
    this.ended(bytes.length > MOST_BYTES ? null : bytes)
    return bytes
  }

  cancel(): void {
    this.body.cancel()
  }
}
