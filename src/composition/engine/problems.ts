import { problem as written } from '../../http/problem.ts'
import { lowerCased } from '../backends/backend.ts'
import { failureAnswer, type CallFailure } from '../calls/failure.ts'
import { Problem } from '../routes/answer.ts'
import type { FailureRule } from '../routes/route.ts'
import { checkFields } from './fields.ts'
import type { GatewayAnswer } from './messages.ts'

/**
 * What a failure of a call is answered with: the first rule that fits; else 503 and 504 of a backend stay what they are,
 * 429 is 503 (it is not this client who asked too much), and 401 and 403 stay where the backend was given the client's
 * credentials. All else that a backend may answer is 502: which of its statuses mean something to this API's clients,
 * rules say.
 */
export function problemOf(failure: CallFailure, rules: readonly FailureRule[], relayed: boolean): Problem {
  const rule = rules.find(one => fits(one, failure))
  const usual = usualAnswer(failure, relayed)
  const { status, title, type, detail } = { ...usual, ...rule?.answer }
  return new Problem(status, title, {
    ...(type !== undefined && { type }),
    ...(detail !== undefined && { detail }),
    headers: laterHeaders(status, failure),
    reason: failure.failure,
  })
}

function fits({ backend, status, failure, grpc }: FailureRule, given: CallFailure): boolean {
  if (backend !== undefined && backend !== given.backend) return false
  if (failure !== undefined && failure !== given.failure) return false
  if (grpc !== undefined && grpc !== given.answer?.grpc?.code) return false
  if (status === undefined) return true
  const theirs = given.answer?.status
  return (
    theirs !== undefined &&
    (typeof status === 'number' ? theirs === status : `${Math.floor(theirs / 100)}xx` === status)
  )
}

interface Usual {
  readonly status: number
  readonly title: string
  readonly type?: string
  readonly detail?: string
}

function usualAnswer({ failure, answer }: CallFailure, relayed: boolean): Usual {
  const usual = failureAnswer(failure)
  const status = answer?.status
  if (status === 503 || status === 429) return { status: 503, title: 'A backend cannot answer now' }
  if (status === 504) return { status, title: 'A backend did not answer in time' }
  if (relayed && (status === 401 || status === 403))
    return { status, title: 'A backend does not accept the credentials of the request' }
  return usual
}

/** When to come back is worth telling only whom it is told to come back. */
function laterHeaders(status: number, { answer }: CallFailure): Readonly<Record<string, string>> {
  const after = answer?.headers['retry-after']
  return status === 503 && after !== undefined && /^[\w ,:]+$/.test(after) ? { 'retry-after': after } : {}
}

/** Of a mistake of the composition its clients are told nothing. */
export const compositionFailed = (): Problem => new Problem(500, 'The composition failed')

/** Throws where its fields cannot be fields of an answer, or its members are no JSON. */
export function writeProblem({ status, title, more }: Problem): GatewayAnswer {
  const { type, detail, reason, members } = more
  const headers = lowerCased(more.headers ?? {})
  checkFields(headers)
  const details = {
    title,
    ...(type !== undefined && { type }),
    ...(detail !== undefined && { detail }),
    ...(reason !== undefined && { reason }),
  }
  const { body, fields } = written(status, details, members)
  return { status, headers: { ...named(fields), ...headers }, body }
}

function named(fields: readonly string[]): Record<string, string> {
  const all: Record<string, string> = {}
  for (let i = 0; i < fields.length; i += 2) all[fields[i]!.toLowerCase()] = fields[i + 1]!
  return all
}
