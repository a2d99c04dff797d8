import type { RowValue } from '../../shared/table-writer.ts'

// What the service keeps in tables for filters, by name and key. Names begin with the role's.

/** Key `key <id>` of an API key, `cert <subject>`, `basic <user>`, `client <issuer> <client id>`. What is revoked is not there. */
export const CREDENTIALS = 'management credentials'
/** Key `<application> <namespace/name of the product>`. */
export const SUBSCRIPTIONS = 'management subscriptions'
/** Key: application. */
export const APPLICATIONS = 'management applications'
/** Key `namespace/name`; of the translation. */
export const PLANS = 'management plans'
/** Documents about what is published; of the translation. */
export const PUBLISHED = 'management published'

/** A document that a listener serves. */
export interface PublishedRow {
  /** Content-Type */
  readonly type: string
  readonly etag: string
  /** Between each two belongs the origin by which the client reaches it. */
  readonly pieces: readonly string[]
  /** Values of Link. */
  readonly links: readonly string[]
}

/** Key: version of a pepper; the value is base64. */
export const PEPPERS = 'management peppers'
/** Key `current`, and key ids. */
export const SIGNING_KEYS = 'management signing'

/** Key: of issuerKey(); and `channel`, which has the name of the channel on which keys are asked for. */
export const ISSUERS = 'management issuers'

/** Public keys of an issuer of tokens, as its JWK Set (RFC 7517) has them. */
export interface IssuerRow {
  readonly keys: readonly { readonly [name: string]: RowValue }[]
}

/**
 * Key `unread` as long as records were never read: of who is not there nobody knows whether he should be. Key
 * `environment`: what this place is called; keys of another one are not taken.
 */
export const RECORDS = 'management records'

/** Keys `url`, and `node`, which names this process among all that count there. */
export const COUNTER_STORE = 'management counter store'

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

/** A Plan as it is enforced: every default is filled in. */
export interface PlanRow {
  readonly title: string
  readonly approval: 'Auto' | 'Manual'
  readonly limits: readonly LimitRow[]
  /** Of operations; others cost 1. */
  readonly costs: readonly OperationCost[]
  /** In lower case; null: what it costs is known beforehand. */
  readonly costHeader: string | null
  /** The most that it can say of one request. */
  readonly maxCost: number
}

export interface OperationCost {
  readonly operations: readonly string[]
  readonly cost: number
}

/** Values as they are written in a Plan. */
export interface LimitRow {
  /** Its own in its plan; plain characters, as an sf-string may have them. */
  readonly name: string
  readonly kind: 'Rate' | 'Quota'
  readonly unit: 'Requests' | 'Bytes' | 'Cost'
  readonly amount: number
  /** Of a Rate at most a Day; of a Quota at least a Minute. */
  readonly per: 'Second' | 'Minute' | 'Hour' | 'Day' | 'Week' | 'Month' | 'Year' | 'Lifetime'
  /** Of a Rate; 0 otherwise. */
  readonly burst: number
  readonly anchor: 'Calendar' | 'Subscription'
  /** A name of the IANA database. */
  readonly timeZone: string
  readonly scope: 'Subscription' | 'Credential' | 'Operation'
  /** Null: all count. */
  readonly operations: readonly string[] | null
  readonly exceeded: 'Deny' | 'Flag'
  readonly counters: 'Local' | 'Exact'
  readonly onStoreError: 'Local' | 'Allow' | 'Deny'
}

/** A limit of a RateLimitPolicy. */
export interface PolicyLimitRow extends LimitRow {
  readonly by: 'Identity' | 'Application' | 'Account' | 'Claim' | 'ClientAddress' | 'Header' | 'All'
  /** Of `by: Claim`. */
  readonly claim: string | null
  /** Of `by: Header`, in lower case. */
  readonly header: string | null
}
