import type { Exchange, Filter, FilterType } from '../../../filters/filter.ts'
import {
  askedApiNote,
  identityNote,
  overQuotaNote,
  subscribedNote,
  type Identity,
} from '../../../filters/identity.ts'
import type { Kit } from '../../../filters/kit.ts'
import { passes } from '../../../filters/inspect.ts'
import { Note } from '../../../filters/notes.ts'
import { HINT_OWN } from '../../../http/head.ts'
import { isOwnWord } from '../../../http/owned-fields.ts'
import type { FilterConfig } from '../../../snapshot/rule.ts'
import { Signer } from './signer.ts'
import { fieldText, Telling } from './told.ts'

/** Backends are told who asks. */
export interface UpstreamIdentityConfig extends FilterConfig {
  readonly type: 'upstream-identity'
}

/**
 * Tells the backend who asks, by which plan, of which API: in X-Portcullis-* fields, and in a token that it can verify
 * (docs/IDENTITY.md). Where nobody has found out, what a trusted hop has said stays.
 */
export const upstreamIdentity: FilterType<UpstreamIdentityConfig> = {
  type: 'upstream-identity',
  role: 'management',
  phase: 'identity',
  compile: (_, kit) => kit.keep('upstream-identity', () => new Teller(kit)),
  describe: () => 'tells the backend who asks',
  inspect: (_, x) => ({
    ...passes,
    facts: [{ name: 'principal', value: x.notes.get(identityNote)?.principal ?? null }],
  }),
}

const toldNote = new Note<true>('upstream-identity')

/** One for all rules of a worker, so that a token is signed once. */
class Teller implements Filter {
  private readonly signer: Signer
  private readonly wallMs: () => number
  /** Identities are kept by who has found them out, and gone with them. */
  private readonly tellings = new WeakMap<Identity, Telling>()

  constructor(kit: Kit) {
    this.signer = new Signer(kit)
    this.wallMs = () => kit.clock.wallMs()
  }

  request({ request, notes, route }: Exchange): undefined {
    const identity = notes.get(identityNote)
    // It stands wherever somebody looks for credentials: at a Gateway, and at a route of it.
    if (identity === undefined || notes.get(toldNote) === true) return undefined
    notes.set(toldNote, true)
    const { fields } = request
    if ((request.hints & HINT_OWN) !== 0) removeOwnWords(request)
    const api = notes.get(askedApiNote)
    const audience = api === undefined ? route.split('/', 3).join('/') : api.api
    const asking = { api, subscribed: notes.get(subscribedNote), audience }
    const told = this.tellingOf(identity).of(asking, this.wallMs())
    const from = fields.list.length
    fields.list.push(...told.list)
    fields.wrote(from, told.text)
    if (api !== undefined && api.operation !== '')
      fields.add('X-Portcullis-Operation', fieldText(api.operation))
    if (notes.get(overQuotaNote) === true) fields.add('X-Portcullis-Over-Quota', 'true')
    return undefined
  }

  drain(): void {}

  private tellingOf(identity: Identity): Telling {
    const known = this.tellings.get(identity)
    if (known !== undefined) return known
    const made = new Telling(identity, this.signer)
    this.tellings.set(identity, made)
    return made
  }
}

/** What a trusted hop has found out is of another credential than ours. */
function removeOwnWords({ fields }: Exchange['request']): void {
  const names = fields.list.filter((name, i) => i % 2 === 0 && isOwnWord(name))
  for (const name of names) fields.remove(name.toLowerCase())
}
