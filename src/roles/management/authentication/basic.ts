import { challenge, readCredentials } from '../../../filters/basic-auth/credentials.ts'
import type { Hashed } from '../../../filters/basic-auth/hasher.ts'
import { verifierOf, type Verifier } from '../../../filters/basic-auth/verifier.ts'
import type { Exchange } from '../../../filters/filter.ts'
import { noteTaken, takenFrom } from '../../../filters/taken.ts'
import { shareKey } from '../../../http/share-key.ts'
import type { Lookup } from '../../../shared/table.ts'
import { NOBODY } from '../credentials/passwords.ts'
import { CREDENTIALS, RECORDS, type CredentialRow } from '../rows.ts'
import type { Acceptor, AcceptContext, Looked, Outcome, Refused } from './acceptor.ts'
import type { BasicAccept } from './config.ts'
import { recordedIdentity, unread } from './recorded.ts'

const PLACE = 'header authorization'

const wrong: Refused = { failure: 'authentication_failed', detail: 'wrong user or password' }
const untimely: Refused = {
  failure: 'authentication_failed',
  detail: 'the password is recorded for another time',
}
const busy: Refused = { failure: 'proxy_overloaded', detail: 'too many passwords wait to be hashed' }
const failed: Refused = { failure: 'authorization_unavailable', detail: 'passwords cannot be hashed' }

/** User and password (RFC 7617) of a recorded credential. */
export class BasicAcceptor implements Acceptor {
  readonly help = 'user and password by basic authentication'
  readonly headers = ['authorization']
  private readonly rows: Lookup<CredentialRow>
  private readonly records: Lookup<boolean>
  private readonly verifier: Verifier
  private readonly wallMs: () => number
  private readonly text: string

  constructor({ realm }: BasicAccept, { kit }: AcceptContext) {
    this.rows = kit.table<CredentialRow>(CREDENTIALS)
    this.records = kit.table<boolean>(RECORDS)
    this.verifier = verifierOf(kit)
    this.wallMs = () => kit.clock.wallMs()
    this.text = challenge(realm)
  }

  challenge(): string {
    return this.text
  }

  judge(x: Exchange): Outcome | Promise<Outcome> {
    const value = x.request.fields.combined('authorization') ?? takenFrom(x, PLACE)
    if (value === null || !isBasic(value)) return null
    const credentials = readCredentials(value)
    if (credentials === null) return wrong
    const row = this.rows.get(`basic ${credentials.user}`)
    const recorded = row?.kind === 'basic' ? row : undefined
    const right = this.verifier.verify(credentials, recorded?.hash, NOBODY, shareKey(x.clientAddress))
    return right instanceof Promise
      ? right.then(later => this.conclude(later, credentials.user, recorded))
      : this.conclude(right, credentials.user, recorded)
  }

  /** To hash a password for whoever asks would be a way to try them. */
  look(x: Exchange): Looked {
    const value = x.request.fields.combined('authorization') ?? takenFrom(x, PLACE)
    if (value === null || !isBasic(value)) return null
    return readCredentials(value) === null ? wrong : { doubt: 'the password is not tried' }
  }

  takeOut(x: Exchange): void {
    const value = x.request.fields.combined('authorization')
    if (value === undefined || !isBasic(value)) return
    noteTaken(x, PLACE, value)
    x.request.fields.remove('authorization')
  }

  private conclude(right: Hashed, user: string, row: CredentialRow | undefined): Outcome {
    if (right === 'busy') return busy
    if (right === 'failed') return failed
    // While it was hashed its row may have gone, or have become another one.
    if (row === undefined && this.records.get('unread') !== undefined) return unread
    if (!right || row === undefined || this.rows.get(`basic ${user}`)?.hash !== row.hash) return wrong
    const nowMs = this.wallMs()
    if (nowMs < row.notBeforeMs || nowMs >= (row.expiresMs ?? Infinity)) return untimely
    return recordedIdentity('basic', `basic:${user}`, row)
  }
}

function isBasic(value: string): boolean {
  return /^basic(?: |$)/i.test(value)
}
