import { Note } from '../../../filters/notes.ts'
import type { Metered } from './metered.ts'

export type ChargeOutcome = 'taken' | 'denied' | 'full' | 'unavailable'

/** What a request has taken of the limits of one plan or policy, until it is over. */
export interface Charge {
  /** `Plan/default/gold` */
  readonly owner: string
  readonly metered: Metered
  /** What was taken of each meter; nothing where the request was refused. */
  readonly costs: readonly number[]
  readonly outcome: ChargeOutcome
  /** Places of limits that have refused it; where it was let through, of those that only say that they are exceeded. */
  readonly exceeded: readonly number[]
  /** What several nodes count together was counted by this one alone: it could not be asked. */
  readonly alone: boolean
  /** Until there is room again, in seconds; Infinity: never. */
  readonly retrySeconds: number
  /** As RateLimit-Policy and RateLimit have it. */
  readonly policies: string
  state: string
  told: boolean
  /** Of what the request has met before. */
  readonly before: Charge | null
}

/** The latest one. */
export const chargeNote = new Note<Charge>('limits')

/** The one of a plan or policy, if the request has met it. */
export function chargeOf(latest: Charge | undefined, owner: string): Charge | null {
  for (let charge = latest ?? null; charge !== null; charge = charge.before)
    if (charge.owner === owner) return charge
  return null
}
