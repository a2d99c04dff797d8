import type { JwtAccept } from '../config.ts'

type Claims = Readonly<Record<string, unknown>>

/** Why a token is of no use here, whoever has signed it; null where nothing speaks against it. */
export function claimFault(
  claims: Claims,
  { issuer, audiences, leewayMs }: JwtAccept,
  nowMs: number,
): { readonly failure: 'token_invalid' | 'token_expired'; readonly detail: string } | null {
  const { iss, aud, exp, nbf } = claims
  const invalid = (detail: string) => ({ failure: 'token_invalid', detail }) as const
  if (iss !== issuer) return invalid('it is of another issuer')
  // RFC 7519 §4.1.3: a string, or a list of them.
  const targets: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  if (audiences.length > 0 && !targets.some(one => typeof one === 'string' && audiences.includes(one)))
    return invalid('it is for another audience')
  // JSON has no infinity, and 1e999 is one here.
  if (!isTime(exp)) return invalid('it does not say until when it is valid (exp)')
  if (nowMs >= exp * 1000 + leewayMs) return { failure: 'token_expired', detail: 'it has expired' }
  if (nbf !== undefined && !isTime(nbf)) return invalid('nbf is no number')
  if (nbf !== undefined && nowMs < nbf * 1000 - leewayMs)
    return { failure: 'token_expired', detail: 'it is not valid yet' }
  return null
}

function isTime(claim: unknown): claim is number {
  return typeof claim === 'number' && Number.isFinite(claim)
}

/** `scope` (RFC 8693 §4.2), or `scp`, as some issuers have it. */
export function scopesOf({ scope, scp }: Claims): readonly string[] {
  const value = scope ?? scp
  if (typeof value === 'string') return value.split(' ').filter(one => one !== '')
  return Array.isArray(value) ? value.filter(one => typeof one === 'string') : []
}

/** A claim by its name, or, of one inside of another, with dots. */
export function claimOf(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  let value: unknown = claims
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Record<string, unknown>)[part]
  }
  return value
}

/** Whether it is one of these texts, or as a list has one of them. */
export function hasValue(claim: unknown, values: readonly string[]): boolean {
  const all: readonly unknown[] = Array.isArray(claim) ? claim : [claim]
  return all.some(one => isPlain(one) && values.includes(String(one)))
}

function isPlain(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

/** Which application it was issued to, by its client id; "" where it does not say. */
export function clientOf(claims: Claims, applicationClaim: string): string {
  const names = applicationClaim === '' ? ['azp', 'client_id'] : [applicationClaim]
  const found = names.map(name => claimOf(claims, name)).find(one => typeof one === 'string')
  return typeof found === 'string' ? found : ''
}
