import type { Exchange } from '../../../../filters/filter.ts'
import type { Identity } from '../../../../filters/identity.ts'
import { looksLikeKey } from '../../credentials/key-text.ts'
import {
  isRefused,
  quoted,
  type Acceptor,
  type AcceptContext,
  type Looked,
  type Outcome,
  type Refused,
} from '../acceptor.ts'
import type { JwtAccept } from '../config.ts'
import { compilePlace, CONFLICT, type CompiledPlace } from '../places.ts'
import { claimOf, hasValue } from './claims.ts'
import { keyless, Tokens, unknownKey } from './tokens.ts'

const conflict: Refused = { failure: 'credential_conflict', detail: 'tokens that differ' }

/** JSON Web Tokens of one issuer (RFC 7519; as access tokens RFC 9068). */
export class JwtAcceptor implements Acceptor {
  readonly help: string
  readonly headers: readonly string[]
  private readonly accept: JwtAccept
  private readonly places: readonly CompiledPlace[]
  /** API keys are looked for as well: what looks like one is theirs. */
  private readonly isShared: boolean
  private readonly tokens: Tokens
  private readonly challenges: { readonly good: string; readonly bad: string }
  private readonly insufficient: Refused

  constructor(accept: JwtAccept, { accepts, policy, kit }: AcceptContext) {
    this.accept = accept
    this.places = accept.in.map(compilePlace)
    this.isShared = accepts.some(one => one.kind === 'api-key')
    this.help = `a token of ${accept.issuer} ${this.places.map(({ help }) => help).join(' or ')}`
    this.headers = this.places.map(({ header }) => header).filter(header => header !== '')
    this.tokens = kit.keep(`authentication jwt ${JSON.stringify(accept)}`, () => new Tokens(accept, kit))
    const scope = accept.requiredScopes.join(' ')
    const good = `Bearer realm=${quoted(policy)}${scope === '' ? '' : `, scope=${quoted(scope)}`}`
    this.challenges = { good, bad: `${good}, error="invalid_token"` }
    // RFC 6750 §3.1.
    this.insufficient = {
      failure: 'insufficient_scope',
      detail: `the token does not have the scopes ${scope}`,
      fields: ['WWW-Authenticate', `${good}, error="insufficient_scope"`],
    }
  }

  challenge(isBad: boolean): string {
    return isBad ? this.challenges.bad : this.challenges.good
  }

  judge(x: Exchange): Outcome | Promise<Outcome> {
    let text: string | null = null
    for (const place of this.places) {
      const value = place.read(x)
      if (value === null) continue
      if (value === CONFLICT || (text !== null && text !== value)) return conflict
      text = value
    }
    if (text === null || (this.isShared && looksLikeKey(text))) return null
    const judged = this.tokens.judge(text, x.clientAddress)
    return judged instanceof Promise ? judged.then(late => this.conclude(late)) : this.conclude(judged)
  }

  /** By the keys that are known: a worker would have others fetched first. */
  async look(x: Exchange): Promise<Looked> {
    const judged = await this.judge(x)
    if (judged !== keyless && judged !== unknownKey) return judged
    return { doubt: `it depends on the keys of ${this.accept.issuer}` }
  }

  takeOut(x: Exchange, isUsed: boolean): void {
    // Of another issuer, or for the backend: it is taken out by whoever takes it.
    if (!isUsed) return
    for (const place of this.places) place.takeOut(x)
  }

  /** What this policy asks of it beyond being a good one. */
  private conclude(judged: Identity | Refused): Outcome {
    if (isRefused(judged)) return judged
    const { requiredScopes, requiredClaims } = this.accept
    if (!requiredScopes.every(scope => judged.scopes.includes(scope))) return this.insufficient
    const missing = requiredClaims.find(({ name, values }) => !hasValue(claimOf(judged.claims, name), values))
    return missing === undefined
      ? judged
      : {
          failure: 'access_denied',
          detail: `the token does not have what is asked of its claim ${missing.name}`,
        }
  }
}
