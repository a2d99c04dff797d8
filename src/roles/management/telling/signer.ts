import { createPrivateKey, sign, type KeyObject } from 'node:crypto'
import type { Kit } from '../../../filters/kit.ts'
import type { Lookup, RowMark } from '../../../shared/table.ts'
import { SIGNING_KEYS } from '../rows.ts'
import type { PrivateJwk } from './signing-keys.ts'

interface SigningRow {
  readonly kid: string
  readonly jwk: PrivateJwk
}

interface Ready {
  readonly mark: RowMark
  readonly key: KeyObject
  /** Encoded. */
  readonly header: string
}

/** Signs tokens in one worker, by the key that is the current one (JWS, RFC 7515; ES256). */
export class Signer {
  private readonly rows: Lookup<SigningRow>
  private ready: Ready | null = null

  constructor(kit: Pick<Kit, 'table'>) {
    this.rows = kit.table<SigningRow>(SIGNING_KEYS)
  }

  /** Changes with the key; null where there is none. */
  get key(): object | null {
    if (this.ready?.mark.isCurrent() !== true) this.ready = this.make()
    return this.ready?.key ?? null
  }

  /** 50 µs, which is why tokens are kept. "" where there is no key. */
  sign(claims: Readonly<Record<string, unknown>>): string {
    if (this.key === null || this.ready === null) return ''
    const { header, key } = this.ready
    const text = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
    const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' })
    return `${text}.${signature.toString('base64url')}`
  }

  private make(): Ready | null {
    const row = this.rows.row('current')
    if (row === undefined) return null
    const { kid, jwk } = row.value
    const header = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'JWT', kid })).toString('base64url')
    return { mark: row.mark, key: createPrivateKey({ key: { ...jwk }, format: 'jwk' }), header }
  }
}
