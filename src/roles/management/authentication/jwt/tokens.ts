import type { Identity } from '../../../../filters/identity.ts'
import type { Kit } from '../../../../filters/kit.ts'
import { shareKey } from '../../../../http/share-key.ts'
import { askOn } from '../../../../shared/questions.ts'
import type { Lookup, RowMark } from '../../../../shared/table.ts'
import { issuerKey } from '../../issuers/issuer.ts'
import { CREDENTIALS, ISSUERS, type CredentialRow, type IssuerRow } from '../../rows.ts'
import type { Refused } from '../acceptor.ts'
import type { JwtAccept } from '../config.ts'
import { claimFault, clientOf, scopesOf } from './claims.ts'
import { Places } from './places.ts'
import { SignatureCheck, type Signature } from './signature.ts'
import { readToken, type TokenText } from './token-text.ts'

/** So many tokens are known again in one worker, for one policy: some 16 MB, which only those fill who have as many good ones. */
const KEPT = 8_192
/** Tokens that wait for keys which nobody knows yet, while the issuer is asked once for all of them; of those one client's. */
const MOST_WAITING = 128
const MOST_WAITING_OF_CLIENT = 16
/** Signatures that are being verified at once, and of those one client's: who sends tokens that are wrong must not hold up those that are not known yet. */
const MOST_AT_ONCE = 256
const MOST_OF_CLIENT = 32

const invalid = (detail: string): Refused => ({ failure: 'token_invalid', detail })
const malformed = invalid('no JSON Web Token')
const algorithm = invalid('its algorithm is none of those that are allowed')
const kind = invalid('it is of another type (typ)')
const critical = invalid('it asks for an extension that nobody knows here (crit)')
const nobody = invalid('it says neither whose it is (sub) nor which client has it')
const forged = invalid('its signature is not right')
export const unknownKey = invalid('the issuer has no such key')
const untimely: Refused = { failure: 'token_expired', detail: 'its client is recorded for another time' }
const busy: Refused = { failure: 'proxy_overloaded', detail: 'too many tokens wait to be verified' }
export const keyless: Refused = {
  failure: 'issuer_unavailable',
  detail: 'the keys of the issuer are not known, and he cannot be asked',
}

/** What a token has been found to be, as long as the keys and the record that said so are the same. */
interface Known {
  readonly identity: Identity
  readonly claims: TokenText['claims']
  readonly keys: RowMark
  /** Of the client's record; null where there was none. */
  readonly record: RowMark | null
  readonly client: string
}

/** The keys of one row. */
interface KeyCheck {
  readonly mark: RowMark
  readonly signatures: SignatureCheck
}

/** The tokens of one issuer for one policy, in one worker. */
export class Tokens {
  private readonly accept: JwtAccept
  private readonly issuer: string
  private readonly issuers: Lookup<IssuerRow>
  private readonly channels: Lookup<string>
  private readonly credentials: Lookup<CredentialRow>
  private readonly wallMs: () => number
  /** By the token itself: whoever sends other claims sends another one. */
  private readonly known = new Map<string, Known>()
  private readonly verifying = new Map<string, Promise<Identity | Refused>>()
  private readonly signing = new Places(MOST_AT_ONCE, MOST_OF_CLIENT)
  private asking: Promise<void> | null = null
  private readonly waiting = new Places(MOST_WAITING, MOST_WAITING_OF_CLIENT)
  private check: KeyCheck | null = null

  constructor(accept: JwtAccept, kit: Pick<Kit, 'table' | 'clock'>) {
    this.accept = accept
    this.issuer = issuerKey(accept)
    this.issuers = kit.table<IssuerRow>(ISSUERS)
    this.channels = kit.table<string>(ISSUERS)
    this.credentials = kit.table<CredentialRow>(CREDENTIALS)
    this.wallMs = () => kit.clock.wallMs()
  }

  judge(text: string, clientAddress: string): Identity | Refused | Promise<Identity | Refused> {
    const known = this.known.get(text)
    if (known !== undefined) {
      const identity = this.again(known)
      if (identity !== null) return identity
      this.known.delete(text)
    }
    return this.verifying.get(text) ?? this.begin(text, shareKey(clientAddress))
  }

  drain(): void {
    this.known.clear()
  }

  /** Null where something that it stood on is another one now. */
  private again({ identity, claims, keys, record, client }: Known): Identity | Refused | null {
    if (!keys.isCurrent()) return null
    if (record === null ? client !== '' && this.recordOf(client) !== undefined : !record.isCurrent())
      return null
    return claimFault(claims, this.accept, this.wallMs()) ?? identity
  }

  private begin(text: string, client: string): Refused | Promise<Identity | Refused> {
    const token = readToken(text)
    if (token === null) return malformed
    // What can be seen without a signature costs none.
    const fault = this.headerFault(token) ?? claimFault(token.claims, this.accept, this.wallMs())
    if (fault !== null) return fault
    if (!this.signing.hasRoom(client)) return busy
    const verified = this.verify(text, token, client).finally(() => this.verifying.delete(text))
    this.verifying.set(text, verified)
    return verified
  }

  private headerFault({ header }: TokenText): Refused | null {
    const { alg, typ, crit } = header
    if (typeof alg !== 'string' || !this.accept.algorithms.includes(alg)) return algorithm
    if (crit !== undefined) return critical
    // RFC 8725 §3.11: a token that was made for something else (a logout, a proof of possession) is none of these.
    if (typ === undefined) return null
    return typeof typ === 'string' && /^(?:application\/)?(?:jwt|at\+jwt)$/i.test(typ) ? null : kind
  }

  private async verify(text: string, token: TokenText, client: string): Promise<Identity | Refused> {
    let check = this.checkNow()
    let found = check === null ? 'key not known' : await this.signatureOf(text, check, client)
    if (found === 'key not known') {
      // The issuer may have new keys. Who waits for them has no place among those whose signatures are verified.
      if (!(await this.newKeys(client))) return check === null ? keyless : unknownKey
      check = this.checkNow()
      if (check === null) return keyless
      found = await this.signatureOf(text, check, client)
    }
    if (check === null || found !== 'right') return found === 'wrong' ? forged : unknownKey
    return this.accepted(text, token, check.mark)
  }

  private async signatureOf(text: string, { signatures }: KeyCheck, client: string): Promise<Signature> {
    this.signing.enter(client)
    try {
      return await signatures.of(text)
    } finally {
      this.signing.leave(client)
    }
  }

  private accepted(text: string, { claims }: TokenText, keys: RowMark): Identity | Refused {
    const { sub, iss } = claims
    const client = clientOf(claims, this.accept.applicationClaim)
    const subject = typeof sub === 'string' && sub !== '' ? sub : client
    if (subject === '') return nobody
    const record = client === '' ? undefined : this.recordOf(client)
    const row = record?.value
    const nowMs = this.wallMs()
    if (row !== undefined && (nowMs < row.notBeforeMs || nowMs >= (row.expiresMs ?? Infinity)))
      return untimely
    const identity: Identity = {
      kind: 'jwt',
      principal: `jwt:${String(iss)}#${subject}`,
      credential: row?.credential ?? null,
      application: row?.application ?? null,
      account: row?.account ?? null,
      scopes: scopesOf(claims),
      claims,
    }
    if (this.known.size >= KEPT) this.known.delete(this.known.keys().next().value!)
    this.known.set(ownCopy(text), { identity, claims, keys, record: record?.mark ?? null, client })
    return identity
  }

  private recordOf(client: string) {
    const row = this.credentials.row(`client ${this.accept.issuer} ${client}`)
    return row?.value.kind === 'client' ? row : undefined
  }

  /** Null where no key of the issuer is known. */
  private checkNow(): KeyCheck | null {
    if (this.check?.mark.isCurrent() === true) return this.check
    const row = this.issuers.row(this.issuer)
    if (row === undefined) return null
    return (this.check = {
      mark: row.mark,
      signatures: new SignatureCheck(row.value.keys, this.accept.algorithms),
    })
  }

  /** False where too many wait already. */
  private async newKeys(client: string): Promise<boolean> {
    if (!this.waiting.hasRoom(client)) return false
    this.waiting.enter(client)
    this.asking ??= this.askForKeys().finally(() => (this.asking = null))
    await this.asking
    this.waiting.leave(client)
    return true
  }

  /** On nobody's behalf: it is one question, whoever brings tokens. */
  private async askForKeys(): Promise<void> {
    const channel = this.channels.get('channel')
    if (channel !== undefined) await askOn(channel, this.issuer, '')
  }
}

/** Not a part of the head that it came in, which would be kept with it. */
function ownCopy(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
