import { INTERNAL, OK, UNIMPLEMENTED } from '../../../http/grpc/status.ts'
import { CallFailure } from '../../calls/failure.ts'
import { answerReading, messagesOf, type Reading } from '../../grpc/envelopes.ts'
import { headOf } from '../../grpc/status.ts'
import type { BackendAnswer } from '../../transport/transport.ts'
import type { Metadata } from './metadata.ts'
import { okStatus, statusOf, statusOfEnding, statusOfError, statusOfTrailers, type Status } from './status.ts'

/**
 * What a backend says to a call of a method. Its messages end without failing, whatever becomes of the call: its status
 * then says what did.
 */
export class MethodAnswer {
  /** Of the head; empty where the call ended before it had one. */
  readonly headers: Metadata
  /** Settles when the messages have ended, or are not read any more; rejects with what went wrong on the way. */
  readonly over: Promise<void>
  private readonly answer: BackendAnswer
  private readonly reading: Reading
  private readonly settled = Promise.withResolvers<void>()
  private ending: Status | null
  private behind: Metadata = {}

  constructor(answer: BackendAnswer, call: string, limitBytes: number) {
    this.answer = answer
    this.reading = answerReading(call, answer.headers['grpc-encoding'], limitBytes)
    this.over = this.settled.promise
    this.over.catch(() => undefined)
    this.ending = endOfHead(answer)
    this.headers = this.ending === null ? answer.headers : {}
    if (this.ending === null) return
    this.behind = answer.headers
    answer.body.cancel()
    this.settled.resolve()
  }

  /** Known at once where there are no messages, else after the last one. */
  get status(): Status | null {
    return this.ending
  }

  /** With the status. */
  get trailers(): Metadata {
    return this.behind
  }

  /** To be read once. Who stops early ends the call. */
  async *messages(): AsyncGenerator<Uint8Array> {
    if (this.ending !== null) return
    const { body } = this.answer
    try {
      yield* messagesOf(body, this.reading)
      this.behind = body.trailers ?? {}
      this.ending = statusOfTrailers(this.behind)
      this.settled.resolve()
    } catch (error) {
      this.fail(error)
    } finally {
      if (this.ending === null) this.fail(new CallFailure('cancelled', '', 'its messages are not read'))
    }
  }

  /** Of a call that has one message; its status says where it had not. */
  async one(): Promise<Uint8Array | null> {
    let first: Uint8Array | null = null
    for await (const message of this.messages()) {
      if (first !== null) {
        this.ending = statusOf(UNIMPLEMENTED, 'the backend answered with more than one message')
        return null
      }
      first = message
    }
    if (first === null && this.ending!.code === OK)
      this.ending = statusOf(UNIMPLEMENTED, 'the backend answered without a message')
    return this.ending!.code === OK ? first : null
  }

  /** The call is over, and nobody reads the rest. */
  fail(error: unknown): void {
    this.ending ??= statusOfError(error) ?? statusOf(INTERNAL, 'the answer of the backend cannot be read')
    this.answer.body.cancel()
    this.settled.reject(error)
  }
}

/** Of a head that is all of the answer. */
function endOfHead(answer: BackendAnswer): Status | null {
  const head = headOf(answer)
  if (head === 'messages') return null
  if (head === 'no gRPC') return statusOf(INTERNAL, 'the backend does not answer with gRPC')
  return head.http === null
    ? statusOfEnding(head)
    : statusOf(head.code, `the backend answered with ${head.message}`)
}

/** Of a call that ended well, for those who need one. */
export const isOk = (status: Status | null): boolean => (status ?? okStatus).code === OK
