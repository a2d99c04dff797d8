import type { Exchange } from '../../../filters/filter.ts'
import type { Identity } from '../../../filters/identity.ts'
import type { Kit } from '../../../filters/kit.ts'
import type { FailureName } from '../../../http/failures.ts'
import type { Accept } from './config.ts'

/** Why a credential is not taken: its name, and what only the log is to know. */
export interface Refused {
  readonly failure: FailureName
  readonly detail: string
  /** What the answer says beside the problem, where that is not what every 401 says; name, value … */
  readonly fields?: readonly string[]
}

/** Null where the request has nothing of this kind. */
export type Outcome = Identity | Refused | null

/** What is there, for who only asks about a request; or why nobody can say here whether it is good. */
export type Looked = Outcome | { readonly doubt: string }

/** Judges the credentials of one kind for one policy. */
export interface Acceptor {
  /** What a request is to bring, for who reads the problem: `an API key in the header X-API-Key`. */
  readonly help: string
  /** The value of WWW-Authenticate; `isBad` where there was a credential. */
  challenge(isBad: boolean): string
  /** Headers that may carry one, in lower case. */
  readonly headers: readonly string[]
  /** Synchronous where it can be: only a promise is waited for. */
  judge(x: Exchange): Outcome | Promise<Outcome>
  /** In place of `judge` where a request is only asked about, and judging costs something, asks others, or needs a connection. */
  look?(x: Exchange): Looked | Promise<Looked>
  /** Leaves nothing of this kind for those behind; `isUsed`: it was one of this kind that was accepted. */
  takeOut(x: Exchange, isUsed: boolean): void
}

/** What the acceptors of a policy are told of each other. */
export interface AcceptContext {
  readonly accepts: readonly Accept[]
  /** `default/petstore`: the realm of challenges. */
  readonly policy: string
  readonly kit: Kit
}

export function isRefused(outcome: Identity | Refused): outcome is Refused {
  return 'failure' in outcome
}

/** A quoted-string of a challenge. */
export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
