import { randomBytes } from 'node:crypto'
import type { Identity } from '../../../filters/identity.ts'
import type { Kit } from '../../../filters/kit.ts'
import { KeyHash } from '../../../shared/key-hash.ts'
import type { Lookup, RowMark } from '../../../shared/table.ts'
import { parseKeyText, type KeyText } from '../credentials/key-text.ts'
import { Pepper } from '../credentials/peppers.ts'
import { CREDENTIALS, PEPPERS, RECORDS, type CredentialRow } from '../rows.ts'
import { recordedIdentity, unread } from './recorded.ts'
import type { Refused } from './acceptor.ts'
import { Remembered, type Known } from './remembered.ts'

const malformed: Refused = { failure: 'api_key_malformed', detail: 'shape or checksum' }
const unknown: Refused = { failure: 'api_key_unknown', detail: 'no such key, or another secret' }
const early: Refused = { failure: 'api_key_expired', detail: 'not valid yet' }
const late: Refused = { failure: 'api_key_expired', detail: 'expired' }
/** Nobody can say whether it is right: that is no fault of the client. */
const unpeppered: Refused = {
  failure: 'authorization_unavailable',
  detail: 'the pepper of the key is not in --secrets',
}

/** Nobody's: what is compared where there is no such key takes as long as what is compared where there is one. */
const NOBODY = 'A'.repeat(43)

/** The keys of all policies in one worker. */
export function keysOf(kit: Kit): Keys {
  return kit.keep('authentication keys', () => new Keys(kit))
}

/**
 * Says whose a key is, in one worker. What was found right is known again by a hash of its text under a secret of this
 * process, as long as its row is the same: no look-up, no JSON, no HMAC, and nothing of a key passes once its row has
 * been changed or taken away.
 */
export class Keys {
  private readonly rows: Lookup<CredentialRow>
  private readonly peppers: Lookup<string>
  private readonly records: Lookup<boolean | string>
  private readonly wallMs: () => number
  /** Of this worker alone, and nothing else is hashed by it. */
  private readonly hash = new KeyHash(randomBytes(16))
  private readonly remembered = new Remembered()
  private readonly values = new Map<string, Pepper>()
  private readonly nobody = new Pepper(randomBytes(32))

  constructor(kit: Pick<Kit, 'table' | 'clock'>) {
    this.rows = kit.table<CredentialRow>(CREDENTIALS)
    this.peppers = kit.table<string>(PEPPERS)
    this.records = kit.table<boolean | string>(RECORDS)
    this.wallMs = () => kit.clock.wallMs()
  }

  judge(text: string): Identity | Refused {
    const { hash, remembered } = this
    // Longer than any key: hashing it would cost what the sender chooses.
    if (text.length > 128) return malformed
    const known = remembered.find(hash.of(text))
    return known === null ? this.verify(text) : this.inTime(known)
  }

  drain(): void {
    this.remembered.clear()
    this.values.clear()
  }

  private verify(text: string): Identity | Refused {
    const key = parseKeyText(text)
    if (key === null) return malformed
    const here = this.records.get('environment')
    if (here !== undefined && key.environment !== here) return this.refuseNobody(key)
    const row = this.rows.row(`key ${key.id}`)
    if (row === undefined || row.value.kind !== 'api-key')
      return this.records.get('unread') === undefined ? this.refuseNobody(key) : unread
    const { value, mark } = row
    const pepper = this.pepper(value.pepper)
    if (pepper === null) return unpeppered
    if (!pepper.value.isRight(key, value.hash)) return unknown
    const { notBeforeMs, expiresMs } = value
    const known = {
      mark,
      pepper: pepper.mark,
      identity: recordedIdentity('api-key', `key:${value.credential}`, value),
      notBeforeMs,
      expiresMs: expiresMs ?? Infinity,
    }
    this.remembered.keep(this.hash, known)
    return this.inTime(known)
  }

  private inTime({ identity, notBeforeMs, expiresMs }: Known): Identity | Refused {
    const nowMs = this.wallMs()
    if (nowMs < notBeforeMs) return early
    return nowMs < expiresMs ? identity : late
  }

  private refuseNobody(key: KeyText): Refused {
    this.nobody.isRight(key, NOBODY)
    return unknown
  }

  /** Read once for each value: a pepper that was replaced is another one. */
  private pepper(version: number): { readonly value: Pepper; readonly mark: RowMark } | null {
    const row = this.peppers.row(String(version))
    if (row === undefined) return null
    let value = this.values.get(row.value)
    if (value === undefined)
      this.values.set(row.value, (value = new Pepper(Buffer.from(row.value, 'base64'))))
    return { value, mark: row.mark }
  }
}
