import { INTERNAL, OK, UNIMPLEMENTED } from '../../../http/grpc/status.ts'
import { CallFailure } from '../../calls/failure.ts'
import {
  answerReading,
  batchesOf,
  onlyMessage,
  PREFIX,
  tellMessages,
  type Reading,
} from '../../grpc/envelopes.ts'
import { headOf } from '../../grpc/status.ts'
import type { BackendAnswer } from '../../transport/transport.ts'
import type { Metadata } from './metadata.ts'
import {
  okStatus,
  statusOf,
  statusOfEnding,
  StatusError,
  statusOfError,
  statusOfTrailers,
  type Status,
} from './status.ts'

/**
 * What a backend says to a call of a method. Its messages end without failing, whatever becomes of the call: its status
 * then says what did.
 */
export class MethodAnswer {
  /** Of the head; empty where the call ended before it had one. */
  readonly headers: Metadata
  private readonly answer: BackendAnswer
  private readonly reading: Reading
  private isOver = false
  /** What went wrong on the way; null where nothing has. */
  private failure: unknown = null
  private tellOver: ((failure: unknown) => void) | null = null
  private ending: Status | null
  private behind: Metadata = {}

  constructor(answer: BackendAnswer, call: string, limitBytes: number) {
    this.answer = answer
    this.reading = answerReading(call, answer.headers['grpc-encoding'], limitBytes)
    this.ending = endOfHead(answer)
    this.headers = this.ending === null ? answer.headers : {}
    if (this.ending === null) return
    this.behind = answer.headers
    answer.body.cancel()
    this.over(null)
  }

  /** Told once, when the messages have ended, or are not read any more: of what went wrong on the way, or null. */
  onOver(tell: (failure: unknown) => void): void {
    if (this.isOver) tell(this.failure)
    else this.tellOver = tell
  }

  private over(failure: unknown): void {
    if (this.isOver) return
    this.isOver = true
    this.failure = failure
    this.tellOver?.(failure)
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
    for await (const batch of this.batches()) yield* batch
  }

  /** The same, those together that have come together. */
  async *batches(): AsyncGenerator<readonly Uint8Array[]> {
    if (this.ending !== null) return
    try {
      yield* batchesOf(this.answer.body, this.reading)
      this.hasEnded()
      this.over(null)
    } catch (error) {
      this.fail(error)
    } finally {
      if (this.ending === null) this.fail(new CallFailure('cancelled', '', 'its messages are not read'))
    }
  }

  /**
   * Tells what `begin` gives from where to where each of them is in all of them, where they are few, not compressed and
   * here already: its status is known then. False: they are still to be read. What is thrown ends the call, as what is wrong
   * with a message does.
   */
  takeHere(begin: (all: Uint8Array) => (start: number, end: number) => void): boolean {
    const { answer, reading } = this
    if (this.ending !== null || reading.encoding !== 'identity') return false
    const content = answer.body.whole?.() ?? null
    if (content === null) return false
    try {
      tellMessages(content, reading, begin(content))
      this.hasEnded()
      this.over(null)
    } catch (error) {
      if (error instanceof StatusError) this.misfit(error)
      else this.fail(error)
    }
    return true
  }

  /** Of a call that has one message; its status says where it had not. */
  one(): Promise<Uint8Array | null> {
    if (this.ending !== null) return Promise.resolve(this.judged(null))
    const failed = (error: unknown): null => {
      this.fail(error)
      return null
    }
    return this.answer.body.bytes(this.reading.limitBytes + PREFIX).then(content => {
      try {
        const message = onlyMessage(content, this.reading)
        return message instanceof Promise
          ? message.then(one => this.only(one)).catch(failed)
          : this.only(message)
      } catch (error) {
        return failed(error)
      }
    }, failed)
  }

  private only(message: Uint8Array | 'several' | null): Uint8Array | null {
    this.hasEnded()
    // Who is told of the end reads what this makes of it.
    const one = this.judged(message)
    this.over(null)
    return one
  }

  private judged(message: Uint8Array | 'several' | null): Uint8Array | null {
    if (message === 'several')
      this.ending = statusOf(UNIMPLEMENTED, 'the backend answered with more than one message')
    else if (message === null && this.ending!.code === OK)
      this.ending = statusOf(UNIMPLEMENTED, 'the backend answered without a message')
    return this.ending!.code === OK ? (message as Uint8Array) : null
  }

  /** All of its messages are here. */
  private hasEnded(): void {
    this.behind = this.answer.body.trailers ?? {}
    this.ending = statusOfTrailers(this.behind)
  }

  /** A message of it cannot be given to the client: the call is over, and nobody reads the rest. */
  misfit(error: StatusError): void {
    this.ending ??= error.status
    this.fail(this.reading.wrong('broken', error.message, error))
  }

  /** The call is over, and nobody reads the rest. */
  fail(error: unknown): void {
    this.ending ??= statusOfError(error) ?? statusOf(INTERNAL, 'the answer of the backend cannot be read')
    this.answer.body.cancel()
    this.over(error)
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
