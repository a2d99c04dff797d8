import type { IncomingMessage } from 'node:http'
import { PlainAgent, SecureAgent } from '../../../upstream/own-agents.ts'
import type { IssuerRow } from '../rows.ts'
import type { Issuer } from './issuer.ts'

// Imports would read all that the modules have, and so load undici: 4 MB.
const http = process.getBuiltinModule('node:http')
const https = process.getBuiltinModule('node:https')
const [plainAgent, secureAgent] = [new PlainAgent(), new SecureAgent()]

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

interface Got {
  readonly body: Readonly<Record<string, unknown>>
  readonly maxAgeMs: number | null
}

async function discover(issuer: string, signal: AbortSignal): Promise<string> {
  const failures: string[] = []
  for (const metadata of metadataOf(issuer))
    try {
      const { body } = await get(metadata, signal)
      // Otherwise one issuer could name keys for another (OpenID Connect Discovery §4.3).
      if (body['issuer'] !== issuer)
        throw new Error(`${metadata} is of the issuer ${JSON.stringify(body['issuer'])}`)
      const place = body['jwks_uri']
      if (typeof place !== 'string') throw new Error(`${metadata} does not say where keys are (jwks_uri)`)
      // What is read there decides who comes in: nobody on the way may have written it.
      if (metadata.startsWith('https:') && !place.startsWith('https:'))
        throw new Error(`${metadata} says that keys are at ${place}, expected https:`)
      return place
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

async function get(url: string, signal: AbortSignal): Promise<Got> {
  const response = await ask(url, signal)
  try {
    // To where a redirect leads was nobody's decision.
    const { statusCode = 0 } = response
    if (statusCode !== 200) throw new Error(`${url} answers ${statusCode}`)
    const body = objectOf(await textOf(response, url), url)
    const maxAge = /(?:^|[\s,])max-age=(\d{1,9})/i.exec(response.headers['cache-control'] ?? '')?.[1]
    return { body, maxAgeMs: maxAge === undefined ? null : Number(maxAge) * 1000 }
  } catch (error) {
    throw signal.aborted ? new Error(`${url}: ${reasonOf(signal.reason)}`) : error
  } finally {
    response.destroy()
  }
}

function ask(url: string, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const isSecure = new URL(url).protocol === 'https:'
  const [asking, agent] = isSecure ? [https.get, secureAgent] : [http.get, plainAgent]
  asking(url, { agent, signal, headers: { accept: 'application/json' } }, resolve).on('error', error => {
    reject(new Error(`${url}: ${reasonOf(signal.aborted ? signal.reason : error)}`))
  })
  return promise
}

async function textOf(response: IncomingMessage, url: string): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MOST_BYTES) throw new Error(`${url} answers more than ${MOST_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function objectOf(text: string, url: string): Got['body'] {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw new Error(`${url} answers no JSON`)
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Error(`${url} answers no JSON object`)
  return body as Record<string, unknown>
}

/** The system's word, where it has one. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${PATIENCE_MS} ms`
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}

/** A key that signatures can be verified by; a secret one is none that anybody should publish. */
function isVerifying(key: unknown): key is IssuerRow['keys'][number] {
  if (typeof key !== 'object' || key === null) return false
  const { kty, use } = key as { readonly kty?: unknown; readonly use?: unknown }
  return (kty === 'RSA' || kty === 'EC' || kty === 'OKP') && (use === undefined || use === 'sig')
}
