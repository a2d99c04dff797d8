import { compileExceptions, type Excepted } from '../../../filters/exceptions.ts'
import type { Exchange, Failure, Filter, Verdict } from '../../../filters/filter.ts'
import { identityNote, type Identity } from '../../../filters/identity.ts'
import type { Kit } from '../../../filters/kit.ts'
import { failures } from '../../../http/failures.ts'
import { declareSecret } from '../../../telemetry/redact.ts'
import { isRefused, type Acceptor, type Outcome, type Refused } from './acceptor.ts'
import { compileAcceptor } from './acceptors.ts'
import type { Accept, AuthenticationConfig } from './config.ts'
import { compileRefusals, type Refusals } from './refusals.ts'
import { anonymous } from './recorded.ts'
import { usesOf, type Uses } from './uses.ts'

/** Asks one credential after the other. */
export class Door implements Filter {
  readonly acceptors: readonly Acceptor[]
  private readonly config: AuthenticationConfig
  private readonly refusals: Refusals
  private readonly isExcepted: ((x: Excepted) => boolean) | null
  private readonly headers: readonly string[]
  private readonly uses: Uses

  constructor(config: AuthenticationConfig, kit: Kit) {
    const { accepts, policy, except } = config
    this.config = config
    // Before the first request, in each worker: none of them may be logged.
    declareSecret(accepts.flatMap(secretNames))
    this.acceptors = accepts.map(accept => compileAcceptor(accept, { accepts, policy, kit }))
    this.refusals = compileRefusals(config, this.acceptors)
    this.isExcepted = compileExceptions(except)
    this.uses = usesOf(kit)
    this.headers = [...new Set(this.acceptors.flatMap(({ headers }) => headers))]
  }

  request(x: Exchange): Verdict | Promise<Verdict> {
    return this.isExcepted?.(x) === true ? undefined : this.ask(x, 0, null)
  }

  /** The first kind of which there is a good one says who it is. */
  private ask(x: Exchange, from: number, before: Refused | null): Verdict | Promise<Verdict> {
    const { acceptors } = this
    let worst = before
    for (let i = from; i < acceptors.length; i++) {
      const outcome = acceptors[i]!.judge(x)
      if (outcome instanceof Promise) return outcome.then(late => this.goOn(x, i, late, worst))
      if (outcome === null) continue
      if (!isRefused(outcome)) return this.accept(x, outcome, acceptors[i]!)
      if (outcome.failure === 'credential_conflict') return this.refuse(outcome)
      worst = worse(worst, outcome)
    }
    return worst === null ? this.acceptNobody(x) : this.refuse(worst)
  }

  private goOn(x: Exchange, i: number, outcome: Outcome, before: Refused | null): Verdict | Promise<Verdict> {
    if (outcome === null) return this.ask(x, i + 1, before)
    if (!isRefused(outcome)) return this.accept(x, outcome, this.acceptors[i]!)
    if (outcome.failure === 'credential_conflict') return this.refuse(outcome)
    return this.ask(x, i + 1, worse(before, outcome))
  }

  /** Of a request without any. */
  acceptNobody(x: Exchange): Failure | undefined {
    return this.config.anonymous ? this.accept(x, anonymous, null) : this.refusals.missing
  }

  accept(x: Exchange, identity: Identity, by: Acceptor | null): undefined {
    if (identity.credential !== null) this.uses.note(identity.credential)
    const { notes } = x
    const known = notes.get(identityNote)
    if (known === undefined || counts(identity, known)) notes.set(identityNote, identity)
    if (this.config.forwardCredentials) return undefined
    for (const acceptor of this.acceptors) acceptor.takeOut(x, acceptor === by)
    x.withholdTrailers(this.headers)
    return undefined
  }

  refuse({ failure, detail, fields }: Refused): Failure {
    const refusal = this.refusals.of(failure, `${this.config.policy}: ${detail}`)
    return fields === undefined ? refusal : { ...refusal, fields }
  }
}

/** Of several policies' identities: the nearest with an application, or else the nearest; nobody comes last. */
function counts(next: Identity, known: Identity): boolean {
  if (next.application !== null || known.kind === 'anonymous') return true
  return known.application === null && next.kind !== 'anonymous'
}

/** What is no fault of the client must not be told as one; of two others the first was looked for first. */
export function worse(before: Refused | null, next: Refused): Refused {
  if (before === null) return next
  return failures[before.failure].status < 500 && failures[next.failure].status >= 500 ? next : before
}

/** Names that carry credentials, wherever they stand. */
function secretNames(accept: Accept): readonly string[] {
  return 'in' in accept ? accept.in.flatMap(({ where, name }) => (where === 'bearer' ? [] : [name])) : []
}
