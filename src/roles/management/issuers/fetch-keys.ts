import type { IssuerRow } from '../rows.ts'
import type { Issuer } from './issuer.ts'

/** A whole fetch, discovery included, has so long. */
const PATIENCE_MS = 5_000
const MOST_BYTES = 512 * 1024
const MOST_KEYS = 100

export interface Fetched {
  readonly keys: IssuerRow['keys']
  /** How long the answer may be kept, by its Cache-Control; null where it does not say. */
  readonly maxAgeMs: number | null
}

/** The public keys of an issuer (RFC 7517), found by his metadata where nobody says where they are (OpenID Connect Discovery §4, RFC 8414 §3). */
export async function fetchKeys({ issuer, jwksUri }: Issuer, signal?: AbortSignal): Promise<Fetched> {
  const late = AbortSignal.timeout(PATIENCE_MS)
  const until = signal === undefined ? late : AbortSignal.any([late, signal])
  const from = jwksUri ?? (await discover(issuer, until))
  const { body, maxAgeMs } = await get(from, until)
  const { keys } = body
  if (!Array.isArray(keys)) throw new Error(`${from} has no keys, expected a JWK Set`)
  const some: unknown[] = keys
  return { keys: some.filter(isVerifying).slice(0, MOST_KEYS), maxAgeMs }
}

async function discover(issuer: string, signal: AbortSignal): Promise<string> {
  const failures: string[] = []
  for (const place of metadataOf(issuer))
    try {
      const { body } = await get(place, signal)
      // Otherwise one issuer could name keys for another (OpenID Connect Discovery §4.3).
      if (body['issuer'] !== issuer)
        throw new Error(`${place} is of the issuer ${JSON.stringify(body['issuer'])}`)
      if (typeof body['jwks_uri'] === 'string') return body['jwks_uri']
      throw new Error(`${place} does not say where keys are (jwks_uri)`)
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error))
    }
  throw new Error(failures.join('; '))
}

function metadataOf(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ]
}

async function get(
  url: string,
  signal: AbortSignal,
): Promise<{ readonly body: Readonly<Record<string, unknown>>; readonly maxAgeMs: number | null }> {
  // To where it leads was nobody's decision.
  const response = await fetch(url, {
    signal,
    redirect: 'manual',
    headers: { accept: 'application/json' },
  }).catch((error: unknown) => {
    throw new Error(`${url}: ${reasonOf(error)}`)
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`${url} answers ${response.status}`)
  }
  const text = await textOf(response, url)
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw new Error(`${url} answers no JSON`)
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Error(`${url} answers no JSON object`)
  const maxAge = /(?:^|[\s,])max-age=(\d{1,9})/i.exec(response.headers.get('cache-control') ?? '')?.[1]
  return {
    body: body as Record<string, unknown>,
    maxAgeMs: maxAge === undefined ? null : Number(maxAge) * 1000,
  }
}

async function textOf(response: Response, url: string): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  const body: AsyncIterable<Uint8Array> | null = response.body
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength
    if (bytes > MOST_BYTES) throw new Error(`${url} answers more than ${MOST_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The system's word, which fetch puts behind its own. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message
  return error.name === 'TimeoutError' ? `no answer within ${PATIENCE_MS} ms` : error.message
}

/** A key that signatures can be verified by; a secret one is none that anybody should publish. */
function isVerifying(key: unknown): key is IssuerRow['keys'][number] {
  if (typeof key !== 'object' || key === null) return false
  const { kty, use } = key as { readonly kty?: unknown; readonly use?: unknown }
  return (kty === 'RSA' || kty === 'EC' || kty === 'OKP') && (use === undefined || use === 'sig')
}
