import { lowerCased } from '../backends/backend.ts'

/** An answer with a status or fields of its own: `return answer(order, { status: 201, headers: { location } })`. */
export class Answer<T> {
  readonly body: T
  readonly status: number | null
  readonly headers: Readonly<Record<string, string>>

  constructor(body: T, status: number | null, headers: Readonly<Record<string, string>>) {
    this.body = body
    this.status = status
    this.headers = headers
  }
}

/** An answer of which its route has left nothing but what its schema names: it is not looked through again. */
export class ShapedAnswer extends Answer<unknown> {}

/** `status` is that of the route where it is left out. */
export function answer<T>(body: T, more: AnswerMore = {}): Answer<T> {
  return new Answer(body, more.status ?? null, lowerCased(more.headers ?? {}))
}

export interface AnswerMore {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Thrown by a route or a filter that answers with an error: `application/problem+json` (RFC 9457).
 *
 * @example
 * throw new Problem(409, 'The order is on its way', { type: 'https://shop.example/problems/sent' })
 */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number
  readonly title: string
  readonly more: ProblemMore

  constructor(status: number, title: string, more: ProblemMore = {}) {
    super(title)
    this.status = status
    this.title = title
    this.more = more
  }
}

export interface ProblemMore {
  /** A URI of the kind of problem. */
  readonly type?: string
  readonly detail?: string
  /** A name for programs, as that of a failure is. */
  readonly reason?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Further members. */
  readonly members?: Readonly<Record<string, unknown>>
}
