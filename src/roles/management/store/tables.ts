/**
 * The tables of the store, the same in SQLite and PostgreSQL. Names are camelCase here and snake_case in SQL. Times are
 * integer milliseconds since 1970, ids UUIDv7 as text, JSON is text, and what is null is not known or not there.
 */
export interface Tables {
  organizations: Organization
  teams: Team
  teamMembers: TeamMember
  users: User
  roleBindings: RoleBinding
  tokens: Token
  accounts: Account
  applications: Application
  credentials: Credential
  subscriptions: Subscription
  objects: StoredObject
  usageSeries: UsageSeries
  usageMinutes: UsageRow
  usageHours: UsageRow
  usageDays: UsageRow
  usageWriters: UsageWriter
  quotaCounters: QuotaCounter
  idempotency: IdempotencyRow
  settings: Setting
  leases: Lease
  audit: AuditRow
  changes: ChangeRow
  head: Head
}

/** What every record has. */
export interface Recorded {
  readonly id: string
  /** The revision of the store that this row is of: what an ETag is made of. */
  readonly version: number
  readonly created: number
  readonly updated: number
}

export interface Organization extends Recorded {
  /** Unique. */
  readonly name: string
  readonly title: string
}

export interface Team extends Recorded {
  readonly organization: string
  /** Unique in its organisation. */
  readonly name: string
  readonly title: string
}

export interface TeamMember extends Recorded {
  readonly team: string
  readonly user: string
}

export interface User extends Recorded {
  /** Home. */
  readonly organization: string
  /** Unique. */
  readonly name: string
  readonly title: string
  readonly email: string | null
  readonly status: 'active' | 'disabled'
}

/** A role of a user or of a team's members, in an organisation, for what a team owns, or for an account; where all three are null, everywhere. */
export interface RoleBinding extends Recorded {
  readonly user: string | null
  readonly team: string | null
  readonly role: string
  readonly organization: string | null
  readonly scopeTeam: string | null
  readonly account: string | null
}

/** A personal access token. */
export interface Token extends Recorded {
  readonly user: string
  readonly name: string
  /** What may be shown of it. */
  readonly prefix: string
  /** Unique. */
  readonly hash: string
  readonly expires: number | null
  readonly lastUsed: number | null
  readonly revoked: number | null
}

export interface Account extends Recorded {
  readonly organization: string
  /** Unique in its organisation. */
  readonly name: string
  readonly title: string
  readonly status: 'active' | 'suspended'
}

export interface Application extends Recorded {
  readonly account: string
  /** Unique in its account. */
  readonly name: string
  readonly title: string
  readonly status: 'active' | 'suspended'
}

export interface Credential extends Recorded {
  readonly application: string
  /** A label. */
  readonly name: string
  readonly kind: 'api-key' | 'basic' | 'certificate' | 'client'
  /** The id inside a key, a user, a subject, `<issuer> <client id>`: unique of its kind among those not revoked. */
  readonly keyId: string
  /** What may be shown of it. */
  readonly prefix: string
  /** Null where there is nothing to compare: certificate, client. */
  readonly hash: string | null
  /** Version of the pepper under which the hash was made. */
  readonly pepper: number | null
  /** Separated by spaces. */
  readonly scopes: string
  readonly expires: number | null
  readonly notBefore: number | null
  readonly lastUsed: number | null
  readonly revoked: number | null
  /** The credential that this one is to take the place of. */
  readonly replaces: string | null
}

export interface Subscription extends Recorded {
  readonly application: string
  /** `namespace/name` of a Product. */
  readonly product: string
  /** `namespace/name` of a Plan. */
  readonly plan: string
  /** Of one application and product one at most is pending, active or suspended. */
  readonly status: 'pending' | 'active' | 'suspended' | 'rejected' | 'cancelled'
  /** Since when it is active: what anchored windows are counted from. */
  readonly since: number | null
  readonly planSince: number | null
  readonly previousPlan: string | null
  readonly previousSince: number | null
  /** Who decided, as in audit's `actor`. */
  readonly approvedBy: string | null
  readonly reason: string | null
}

/** A declared object of the store; `id` is its uid, `created` its creationTimestamp. Unique by group, kind, namespace, name. */
export interface StoredObject extends Recorded {
  /** '' is core. */
  readonly group: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  /** The whole object as JSON, as it was given. */
  readonly body: string
  readonly generation: number
  /** Whose set it came with (`apply --prune`), or null. */
  readonly owner: string | null
}

/** By what usage is told apart; '' is none. Rows of usage have its id. */
export interface UsageSeries {
  /** A hash of the dimensions. */
  readonly id: string
  readonly api: string
  readonly version: string
  readonly operation: string
  readonly subscription: string
  readonly application: string
  readonly account: string
  readonly product: string
  readonly plan: string
  readonly outcome: string
  readonly status: string
  readonly latency: string
  /** 1: beyond its quota, and let through. */
  readonly overQuota: number
  readonly credential: string
  readonly created: number
}

export interface UsageSums {
  readonly requests: number
  readonly requestBytes: number
  readonly responseBytes: number
  readonly cost: number
}

/** What ended in the minute, hour or day (UTC) that begins at `bucket`. Minutes are the ledger; the others are made with them. */
export interface UsageRow extends UsageSums {
  readonly bucket: number
  /** Of UsageSeries. */
  readonly series: string
}

/** Which entries of a process are in the ledger. */
export interface UsageWriter {
  readonly writer: string
  /** Ranges of their numbers, as JSON. */
  readonly entries: string
  readonly at: number
}

export interface QuotaCounter {
  /** The gateway that counts by itself, and what it counts. */
  readonly key: string
  /** Beginning and end of the window; a null end: never. */
  readonly window: number
  readonly ends: number | null
  readonly used: number
  readonly updated: number
}

export interface IdempotencyRow {
  readonly actor: string
  readonly key: string
  readonly requestHash: string
  /** Null while the first request with this key is under way. */
  readonly status: number | null
  readonly headers: string | null
  readonly body: string | null
  /** When it began. */
  readonly at: number
  readonly expires: number
}

export interface Setting {
  readonly key: string
  readonly value: string
  readonly updated: number
}

export interface Lease {
  readonly name: string
  readonly holder: string
  /** By the clock of the database. */
  readonly until: number
}

export interface AuditRow {
  /** 1, 2, 3 … without a gap. */
  readonly seq: number
  readonly at: number
  readonly actor: string
  readonly by: string
  readonly action: string
  readonly kind: string
  readonly object: string
  /** What it is called, for people. */
  readonly name: string
  /** Whose organisation may read this; null is the platform's alone. */
  readonly organization: string | null
  readonly before: string | null
  readonly after: string | null
  readonly request: string | null
  readonly prevHash: string
  readonly hash: string
}

export interface ChangeRow {
  readonly revision: number
  /** Order within the transaction, from 0. */
  readonly ordinal: number
  readonly kind: string
  readonly id: string
  readonly at: number
}

/** One row, which every transaction that changes anything updates first: it makes their order that of their commits. */
export interface Head {
  readonly one: number
  /** Of this database: a new one in each, also in one that was restored. */
  readonly store: string
  readonly revision: number
  readonly auditSeq: number
  readonly auditHash: string
  /** The migration that who uses this database must know; '' where any version may. */
  readonly needs: string
}
