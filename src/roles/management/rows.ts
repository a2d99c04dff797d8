// What the service keeps in tables for filters, by name and key. Names begin with the role's.

/** Key `key <id>` of an API key, `cert <subject>`, `basic <user>`, `client <issuer> <client id>`. What is revoked is not there. */
export const CREDENTIALS = 'management credentials'
/** Key `<application> <namespace/name of the product>`. */
export const SUBSCRIPTIONS = 'management subscriptions'
/** Key: application. */
export const APPLICATIONS = 'management applications'
/** Key `namespace/name`; of the translation. */
export const PLANS = 'management plans'
/** Key: version of a pepper; the value is base64. */
export const PEPPERS = 'management peppers'
/** Key `current`, and key ids. */
export const SIGNING_KEYS = 'management signing'

export interface CredentialRow {
  readonly credential: string
  readonly application: string
  readonly account: string
  readonly kind: 'api-key' | 'certificate' | 'basic' | 'client'
  /** base64url of HMAC-SHA-256; scrypt for a password; "" where nothing is secret. */
  readonly hash: string
  /** Version of the pepper of `hash`; 0 for none. */
  readonly pepper: number
  /** Milliseconds since 1970. */
  readonly notBeforeMs: number
  readonly expiresMs: number | null
  readonly scopes: readonly string[]
}

export interface SubscriptionRow {
  readonly subscription: string
  readonly plan: string
  readonly status: 'pending' | 'active' | 'suspended' | 'rejected' | 'cancelled'
  /** When it became active first, and when its plan was chosen; milliseconds since 1970. */
  readonly sinceMs: number
  readonly planSinceMs: number
}

export interface ApplicationRow {
  readonly name: string
  readonly account: string
  readonly accountName: string
}
