import { failureNameOf } from '../calls/failure.ts'
import type { Course } from './course.ts'

const NONE = {}

/** A body as it comes, of what ends with the request; the request is over with it. No generator: one that is never read could not be ended. */
export class EndingBody implements AsyncIterableIterator<Uint8Array> {
  private readonly body: AsyncIterable<Uint8Array> & { readonly trailers?: Readonly<Record<string, string>> }
  private readonly course: Course
  private readonly chunks: AsyncIterator<Uint8Array>

  constructor(course: Course, body: AsyncIterable<Uint8Array>) {
    this.body = body
    this.course = course
    this.chunks = body[Symbol.asyncIterator]()
  }

  /** What came behind it, as who carries an answer looks for it. */
  get trailers(): Readonly<Record<string, string>> {
    return this.body.trailers ?? NONE
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    try {
      const next: IteratorResult<Uint8Array, unknown> = await this.chunks.next()
      if (next.done !== true) return next
      this.course.end()
      return { done: true, value: undefined }
    } catch (error) {
      this.course.end(failureNameOf(error))
      throw error
    }
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.course.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
