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
export const identityNote = new Note<Identity>('identity')
export const askedApiNote = new Note<AskedApi>('api')
export const subscribedNote = new Note<Subscribed>('subscription')
/** Whether a limit that lets through is exceeded. */
export const overQuotaNote = new Note<boolean>('over-quota')
/** What the request costs by its plan, where that counts cost. */
export const costNote = new Note<number>('cost')

// What the access log says of these.
export const principalField = new Note<string>('principal', 'portcullis.principal')
export const applicationField = new Note<string>('application', 'portcullis.application')
export const apiField = new Note<string>('api.name', 'portcullis.api')
export const operationField = new Note<string>('api.operation', 'portcullis.operation')
export const planField = new Note<string>('plan', 'portcullis.plan')
export const subscriptionField = new Note<string>('subscription.id', 'portcullis.subscription')
