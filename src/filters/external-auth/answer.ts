import type { Fields } from '../../http/fields.ts'
import type { AskHttp } from './config.ts'
import { fieldLines, unavailable, type Decision } from './decision.ts'
import { isUnbringable, ofTheAnswer } from './names.ts'

/** What a service has answered by HTTP. */
export interface Answer {
  readonly status: number
  readonly fields: Fields
  readonly body: Buffer
}

/**
 * What an answer means. A refusal is the client's as it is, with its cookies, its WWW-Authenticate or its Location;
 * a 5xx is a service that has failed, not one that has refused.
 */
export function compileJudge({ success, brought }: AskHttp): (answer: Answer) => Decision {
  const isSuccess = success === '200' ? isOk : isTwoHundred
  const isBrought =
    brought === null
      ? (name: string): boolean => !isUnbringable(name) && !ofTheAnswer.has(name)
      : (name: string): boolean => !isUnbringable(name) && brought.includes(name)
  return ({ status, fields, body }) => {
    if (isSuccess(status))
      return {
        verdict: 'allowed',
        set: fieldLines(fields, isBrought),
        added: [],
        removed: [],
        answered: fieldLines(fields, name => name === 'set-cookie'),
      }
    // Said by the standard to be no success, and no refusal that a client could understand.
    if (isTwoHundred(status)) return { verdict: 'denied', status: 0, fields: [], body: '' }
    if (status < 300 || status > 499) return unavailable(`status_${status}`)
    // Date is said anew with each answer, whenever this one was given.
    return { verdict: 'denied', status, fields: fieldLines(fields, name => name !== 'date'), body }
  }
}

function isOk(status: number): boolean {
  return status === 200
}

function isTwoHundred(status: number): boolean {
  return status >= 200 && status < 300
}
