import { Note } from './notes.ts'

/** Who asks, as one credential of a request has shown. */
export interface Identity {
  readonly kind: 'api-key' | 'jwt' | 'certificate' | 'basic' | 'anonymous'
  /** Stable, and nobody else's whatever the kind: `key:<credential>`, `jwt:<issuer>#<subject>`, `cert:<subject>`, `basic:<user>`; `anonymous`. */
  readonly principal: string
  /** Of the recorded credential, application and account; null where there is none. */
  readonly credential: string | null
  readonly application: string | null
  readonly account: string | null
  readonly scopes: readonly string[]
  /** Of a token; empty for others. */
  readonly claims: Readonly<Record<string, unknown>>
}

/** Which API of which version is asked, and for what. */
export interface AskedApi {
  /** `default/petstore` */
  readonly api: string
  readonly version: string
  /** operationId, or "" where the document knows no such operation. */
  readonly operation: string
}

/** By which subscription. */
export interface Subscribed {
  /** `default/petstore` */
  readonly product: string
  readonly plan: string
  /** Null for an anonymous plan. */
  readonly subscription: string | null
}

/** Of several policies' identities the nearest with an application, or else the nearest. */
export const identityNote = new Note<Identity>('identity', ({ principal, application }) => [
  ['portcullis.principal', principal],
  ...optional('portcullis.application', application),
])
export const askedApiNote = new Note<AskedApi>('api', ({ api, operation }) => [
  ['portcullis.api', api],
  ...optional('portcullis.operation', operation),
])
export const subscribedNote = new Note<Subscribed>('subscription', ({ plan, subscription }) => [
  ['portcullis.plan', plan],
  ...optional('portcullis.subscription', subscription),
])
/** Whether a limit that lets through is exceeded. */
export const overQuotaNote = new Note<boolean>('over-quota')
/** What the request costs by its plan, where that counts cost. */
export const costNote = new Note<number>('cost')

function optional(name: string, value: string | null): (readonly [string, string])[] {
  return value === null || value === '' ? [] : [[name, value]]
}
