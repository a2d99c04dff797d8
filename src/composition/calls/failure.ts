import { failures, type FailureName } from '../../http/failures.ts'
import type { GrpcStatus } from '../grpc/codes.ts'

/** What can become of a call beside what can become of any request to a backend (`src/http/failures.ts`). */
const ofCalls = {
  /** The backend answered, with a status that is no success. */
  backend_status: { status: 502, title: 'A backend answered with an error' },
  backend_response_invalid: { status: 502, title: 'The answer of a backend cannot be read' },
  /** A path parameter would make another path of the template: it is empty, `.` or `..`. */
  path_parameter_refused: { status: 400, title: 'A parameter cannot be part of a path' },
  /** A value of the request would make another field, or is no text where text must be. */
  call_value_refused: { status: 400, title: 'A value of the request cannot be part of a call' },
  /** Nobody wants the answer any more: something else failed, or was sooner, or the request is over. */
  cancelled: { status: 500, title: 'The call was cancelled' },
  deadline_exceeded: { status: 504, title: 'The answer could not be composed in time' },
} as const

export type CallFailureName = FailureName | keyof typeof ofCalls

/** The status and title for a client to whom nobody says anything else. */
export const failureAnswer = (name: CallFailureName): { readonly status: number; readonly title: string } =>
  Object.hasOwn(ofCalls, name) ? ofCalls[name as keyof typeof ofCalls] : failures[name as FailureName]

/** What a backend said that answered with an error. */
export interface ErrorAnswer {
  readonly status: number
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** JSON where it is that, else text; undefined where there was none. */
  readonly body: unknown
  /** Of a backend of gRPC; `status` is then what stands for its code in HTTP, unless HTTP itself had another one. */
  readonly grpc?: GrpcStatus
}

/**
 * Why a call failed: thrown where it is awaited.
 *
 * @example
 * try {
 *   await c.users.get('/users/{id}', { path: { id } })
 * } catch (error) {
 *   if (error instanceof CallFailure && error.answer?.status === 404) throw new Problem(404, 'No such user')
 *   throw error
 * }
 */
export class CallFailure extends Error {
  override readonly name = 'CallFailure'
  readonly failure: CallFailureName
  /** `users GET /users/{id}`; empty where it is about the request as a whole. */
  readonly call: string
  /** With `backend_status`. */
  readonly answer: ErrorAnswer | null
  /** Of `any`: what became of the others. */
  others: readonly unknown[] = []

  constructor(failure: CallFailureName, call: string, detail = '', more: FailureMore = {}) {
    super(`${call === '' ? '' : `${call}: `}${failure}${detail === '' ? '' : ` (${detail})`}`, more)
    this.failure = failure
    this.call = call
    this.answer = more.answer ?? null
  }

  /** The name of the backend, empty where it is about none. */
  get backend(): string {
    return this.call.split(' ', 1)[0]!
  }
}

interface FailureMore {
  readonly answer?: ErrorAnswer
  readonly cause?: unknown
}

/** Whether it says that nobody wants the answer, which is no fault of what was called. */
export const isCancelled = (error: unknown): error is CallFailure =>
  error instanceof CallFailure && error.failure === 'cancelled'

/** What something ended with, as it is told of: `error` for what is no failure of a call. */
export const failureNameOf = (error: unknown): string =>
  error instanceof CallFailure ? error.failure : 'error'
