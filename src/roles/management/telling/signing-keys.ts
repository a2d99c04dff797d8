import { createHash, generateKeyPairSync } from 'node:crypto'

/** A key of P-256 as JWK (RFC 7518 §6.2). */
export interface PrivateJwk {
  readonly kty: 'EC'
  readonly crv: 'P-256'
  readonly x: string
  readonly y: string
  readonly d: string
}

export interface SigningKey {
  /** Its thumbprint (RFC 7638). */
  readonly kid: string
  /** When it was made; milliseconds since 1970. */
  readonly madeMs: number
  /** When it began to sign; null as long as it is the next one. */
  readonly sinceMs: number | null
  readonly jwk: PrivateJwk
}

/** Three at most: the one before is told as long as tokens of it may be about, the next one before anything is signed by it. */
export interface SigningKeys {
  readonly previous: SigningKey | null
  readonly current: SigningKey
  readonly next: SigningKey
}

/** How long one signs. The next one is known for as long before, so that no backend meets a key that it has never heard of. */
const TERM_MS = 30 * 24 * 3_600_000

export function firstKeys(nowMs: number): SigningKeys {
  return { previous: null, current: { ...newKey(nowMs), sinceMs: nowMs }, next: newKey(nowMs) }
}

export function nextKeys({ current, next }: SigningKeys, nowMs: number): SigningKeys {
  return { previous: current, current: { ...next, sinceMs: nowMs }, next: newKey(nowMs) }
}

/** When the next one is to sign; milliseconds since 1970. */
export function dueMs({ current }: SigningKeys): number {
  return (current.sinceMs ?? 0) + TERM_MS
}

/** The JSON Web Key Set (RFC 7517 §5) for who verifies. */
export function publicSet({ previous, current, next }: SigningKeys): string {
  const keys = [current, next, ...(previous === null ? [] : [previous])].map(({ kid, jwk }) => {
    const { kty, crv, x, y } = jwk
    return { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' }
  })
  return `${JSON.stringify({ keys })}\n`
}

/** Null where a text is none of `JSON.stringify` of a set. */
export function parseKeys(text: string): SigningKeys | null {
  try {
    const { previous, current, next } = JSON.parse(text) as Record<string, unknown>
    if (!isKey(current) || !isKey(next) || (previous !== null && !isKey(previous))) return null
    return { previous, current, next }
  } catch {
    return null
  }
}

/** What is signed with a key whose id is another's would be refused by all who verify. */
function isKey(value: unknown): value is SigningKey {
  if (!isRecord(value) || !isRecord(value['jwk'])) return false
  const { kid, madeMs, sinceMs, jwk } = value
  const isTold = typeof madeMs === 'number' && (sinceMs === null || typeof sinceMs === 'number')
  const isWhole = ['x', 'y', 'd'].every(name => /^[\w-]{43}$/.test(String(jwk[name])))
  return isTold && isWhole && jwk['kty'] === 'EC' && jwk['crv'] === 'P-256' && kid === thumbprint(jwk)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function newKey(nowMs: number): SigningKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = privateKey.export({ format: 'jwk' }) as unknown as PrivateJwk
  return { kid: thumbprint(jwk), madeMs: nowMs, sinceMs: null, jwk }
}

/** RFC 7638 §3: of the members that are needed, in the order of their names. */
function thumbprint({ crv, kty, x, y }: Readonly<Record<string, unknown>> | PrivateJwk): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
}
