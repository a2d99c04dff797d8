import { createHash, createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

import type { Managed } from '../cases.ts'

/** Who asks in a case with API management, as users would have it recorded. */
export interface Consumers {
  /** What requests bring in turn: name and value of a field. */
  readonly credentials: readonly (readonly [name: string, value: string])[]
  /** For `portcullis restore`. */
  readonly dumpFile: string
  readonly peppersText: string
  /** Of the issuer of tokens. */
  readonly jwksText: string
}

export const issuer = 'https://login.bench.example/'
export const audience = 'bench'
const signer = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const kid = 'bench'

export function makeConsumers(managed: Managed, dir: string): Consumers {
  mkdirSync(dir, { recursive: true })
  const pepper = randomBytes(32)
  const keys = Array.from({ length: managed.recorded }, newKey)
  const dumpFile = join(dir, 'store.jsonl')
  writeFileSync(dumpFile, dumpOf(keys, pepper), { mode: 0o600 })
  const step = Math.floor(keys.length / managed.used)
  // Spread over all of them.
  const used = keys.filter((_, i) => i % step === 0).slice(0, managed.used)
  return {
    credentials:
      managed.credential === 'token'
        ? [['Authorization', `Bearer ${token()}`]]
        : used.map(({ text }) => ['X-API-Key', text]),
    dumpFile,
    peppersText: JSON.stringify({ current: 1, peppers: { 1: pepper.toString('base64') } }),
    jwksText: JSON.stringify({
      keys: [{ ...signer.publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }],
    }),
  }
}

interface Key {
  readonly text: string
  readonly id: string
  readonly secret: string
}

/** `pc_live_<id>_<secret>_<checksum>`, as `portcullis keys create` makes them. */
function newKey(): Key {
  const id = randomBytes(8).toString('hex')
  const secret = randomBytes(16).toString('hex')
  const before = `pc_live_${id}_${secret}`
  return { id, secret, text: `${before}_${base62(crc32(before))}` }
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

function base62(sum: number): string {
  let [text, left] = ['', sum]
  for (let i = 0; i < 6; i++) {
    text = DIGITS[left % 62]! + text
    left = Math.floor(left / 62)
  }
  return text
}

/** The dump of a store in which each key is of an application of its own, which has subscribed. */
function dumpOf(keys: readonly Key[], pepper: Buffer): string {
  const lines = [
    JSON.stringify({ portcullis: 'store', format: 1, revision: 0, auditSeq: 0, auditHash: '', needs: '' }),
    ...rowsOf(keys, pepper).map(row => JSON.stringify(row)),
  ]
  const text = `${lines.join('\n')}\n`
  const sha256 = createHash('sha256').update(text).digest('hex')
  return `${text}${JSON.stringify({ end: true, rows: lines.length - 1, sha256 })}\n`
}

function rowsOf(keys: readonly Key[], pepper: Buffer): (readonly [table: string, row: object])[] {
  const organization = recorded(1, 0)
  const account = recorded(2, 0)
  return [
    ['organizations', { ...organization, name: 'default', title: 'Default' }],
    ['accounts', { ...account, organization: organization.id, name: 'bench', title: '', status: 'active' }],
    ...keys.map((_, i) => {
      const named = { name: `app-${i}`, title: '', status: 'active' }
      return ['applications', { ...recorded(3, i), account: account.id, ...named }] as const
    }),
    ...keys.map((key, i) => ['credentials', credentialOf(key, i, pepper)] as const),
    ...keys.map((_, i) => ['subscriptions', subscriptionOf(i)] as const),
  ]
}

function credentialOf({ id, secret }: Key, i: number, pepper: Buffer): object {
  return {
    ...recorded(4, i),
    application: recorded(3, i).id,
    name: '',
    kind: 'api-key',
    keyId: id,
    prefix: `pc_live_${id}`,
    hash: createHmac('sha256', pepper).update(`${id}.${secret}`).digest('base64url'),
    pepper: 1,
    scopes: '',
    expires: null,
    notBefore: null,
    lastUsed: null,
    revoked: null,
    replaces: null,
  }
}

function subscriptionOf(i: number): object {
  return {
    ...recorded(5, i),
    application: recorded(3, i).id,
    product: 'default/bench',
    plan: 'default/bench',
    status: 'active',
    since: BEGAN_MS,
    planSince: BEGAN_MS,
    previousPlan: null,
    previousSince: null,
    approvedBy: null,
    reason: null,
  }
}

const BEGAN_MS = Date.UTC(2026, 0, 1)

function recorded(table: number, i: number) {
  const id = `0190b2c4-000${table}-7000-8000-${i.toString(16).padStart(12, '0')}`
  return { id, version: 1, created: BEGAN_MS, updated: BEGAN_MS }
}

/** Good for a day (RFC 7519), signed with ES256. */
function token(): string {
  const iat = Math.floor(Date.now() / 1000)
  const claims = {
    iss: issuer,
    aud: audience,
    sub: 'ada',
    azp: 'bench',
    scope: 'read write',
    iat,
    exp: iat + 86_400,
  }
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${encoded({ alg: 'ES256', typ: 'at+jwt', kid })}.${encoded(claims)}`
  const key = { key: signer.privateKey, dsaEncoding: 'ieee-p1363' } as const
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`
}
