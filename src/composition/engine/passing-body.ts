import { bytesOfPiece, type PieceTransform } from '../filters/streamed-body.ts'
import { failureNameOf } from '../calls/failure.ts'
import type { Course } from './course.ts'

type Piece = IteratorResult<Uint8Array, undefined>

const DONE: Piece = { done: true, value: undefined }

/** What a filter makes of a body, when whoever carries it asks for more. The request is over with it. */
export class PassingBody implements AsyncIterableIterator<Uint8Array> {
  private readonly course: Course
  private readonly given: AsyncIterator<Uint8Array | string>
  private readonly mistaken: (error: unknown) => void

  /** Throws where `transform` does. `mistaken` is told of what it throws while the request goes on. */
  constructor(
    course: Course,
    body: AsyncIterable<Uint8Array>,
    transform: PieceTransform,
    mistaken: (error: unknown) => void,
  ) {
    this.course = course
    this.mistaken = mistaken
    this.given = course.scope.run(() => transform(body))[Symbol.asyncIterator]()
    course.onEnd(() => void letGo(this.given))
  }

  async next(): Promise<Piece> {
    const { course, given } = this
    try {
      const next: IteratorResult<Uint8Array | string, unknown> = await course.scope.run(() => given.next())
      if (next.done !== true) return { done: false, value: bytesOfPiece(next.value) }
      course.end()
      return DONE
    } catch (error) {
      if (course.scope.cancelledBy === null) this.mistaken(error)
      course.end(failureNameOf(error))
      throw error
    }
  }

  return(): Promise<Piece> {
    this.course.end()
    return Promise.resolve(DONE)
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/** Nobody waits for that: a generator ends itself only when what it waits for has come. What fails in it fails nothing. */
async function letGo(given: AsyncIterator<unknown>): Promise<void> {
  try {
    await given.return?.()
  } catch {
    // Of what nobody reads any more nothing is to be told.
  }
}
