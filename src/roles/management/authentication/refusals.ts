import type { Failure } from '../../../filters/filter.ts'
import { failures, type FailureName } from '../../../http/failures.ts'
import type { Acceptor } from './acceptor.ts'
import type { AuthenticationConfig } from './config.ts'

/** How a policy says no: made once, but for what only the log is told. */
export interface Refusals {
  readonly missing: Failure
  of(failure: FailureName, detail: string): Failure
}

/** A 401 says what is to be brought (RFC 9110 §15.5.2), and where that is to be had, if somebody has said. */
export function compileRefusals(
  { policy, signup }: AuthenticationConfig,
  acceptors: readonly Acceptor[],
): Refusals {
  const fields = (isBad: boolean): string[] => [
    ...acceptors.flatMap(acceptor => ['WWW-Authenticate', acceptor.challenge(isBad)]),
    ...(signup === null ? [] : ['Link', `<${signup}>; rel="help"`]),
  ]
  const members = { help: helpText(acceptors, signup) }
  const bad = fields(true)
  return {
    missing: { failure: 'authentication_required', detail: policy, fields: fields(false), members },
    of: (failure, detail) =>
      failures[failure].status === 401 ? { failure, detail, fields: bad, members } : { failure, detail },
  }
}

function helpText(acceptors: readonly Acceptor[], signup: string | null): string {
  const wanted = `Send ${acceptors.map(({ help }) => help).join(', or ')}.`
  return signup === null ? wanted : `${wanted} It is to be had at ${signup}`
}
