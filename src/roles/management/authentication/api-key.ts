import type { Exchange } from '../../../filters/filter.ts'
import { looksLikeKey } from '../credentials/key-text.ts'
import { quoted, type Acceptor, type AcceptContext, type Outcome, type Refused } from './acceptor.ts'
import type { ApiKeyAccept } from './config.ts'
import { keysOf, type Keys } from './keys.ts'
import { compilePlace, CONFLICT, type CompiledPlace } from './places.ts'

const conflict: Refused = { failure: 'credential_conflict', detail: 'API keys that differ' }
const foreign: Refused = { failure: 'api_key_malformed', detail: 'Authorization has something else' }

/** API keys, wherever the policy looks for them. */
export class ApiKeyAcceptor implements Acceptor {
  readonly help: string
  readonly headers: readonly string[]
  private readonly places: readonly CompiledPlace[]
  /** Those of Authorization, where what stands there may be meant for the backend or another kind. */
  private readonly shared: readonly CompiledPlace[]
  /** Another kind reads tokens of Authorization as well, and says what is wrong with one. */
  private readonly isShared: boolean
  private readonly keys: Keys
  private readonly challenges: { readonly good: string; readonly bad: string }

  constructor({ in: places }: ApiKeyAccept, { accepts, policy, kit }: AcceptContext) {
    this.places = places.filter(({ where }) => where !== 'bearer').map(compilePlace)
    this.shared = places.filter(({ where }) => where === 'bearer').map(compilePlace)
    this.isShared = accepts.some(({ kind }) => kind === 'jwt')
    const all = places.map(compilePlace)
    this.help = `an API key ${all.map(({ help }) => help).join(' or ')}`
    this.headers = all.map(({ header }) => header).filter(header => header !== '')
    this.keys = keysOf(kit)
    this.challenges = challengesOf(places.find(({ where }) => where === 'bearer')?.name, policy)
  }

  challenge(isBad: boolean): string {
    return isBad ? this.challenges.bad : this.challenges.good
  }

  judge(x: Exchange): Outcome {
    let text: string | null = null
    for (const place of this.places) {
      const value = place.read(x)
      if (value === null) continue
      if (value === CONFLICT || (text !== null && text !== value)) return conflict
      text = value
    }
    let other = false
    for (const place of this.shared) {
      const value = place.read(x)
      if (value === null) continue
      if (value === CONFLICT) return conflict
      if (!looksLikeKey(value)) other = true
      else if (text !== null && text !== value) return conflict
      else text = value
    }
    if (text !== null) return this.keys.judge(text)
    return other && !this.isShared ? foreign : null
  }

  takeOut(x: Exchange): void {
    for (const place of this.places) place.takeOut(x)
    for (const place of this.shared) {
      const value = place.read(x)
      // A token of another kind is for whoever it is for.
      if (typeof value === 'string' && looksLikeKey(value)) place.takeOut(x)
    }
  }
}

/** RFC 6750 §3 where keys are bearer tokens; no scheme is registered for those of other places. */
function challengesOf(
  scheme: string | undefined,
  policy: string,
): { readonly good: string; readonly bad: string } {
  const good = `${scheme ?? 'ApiKey'} realm=${quoted(policy)}`
  return { good, bad: `${good}, error="invalid_token"` }
}
