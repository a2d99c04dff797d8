import type { Kysely } from 'kysely'
import type {
  Application,
  AuditRow,
  Credential,
  IdempotencyRow,
  Subscription,
  Recorded,
  Tables,
} from './tables.ts'

/** Tables whose rows are records: with an id, a version, and an entry in audit and feed for each change. */
export const recordKinds = {
  organizations: 'organization',
  teams: 'team',
  teamMembers: 'team-member',
  users: 'user',
  roleBindings: 'role-binding',
  tokens: 'token',
  accounts: 'account',
  applications: 'application',
  credentials: 'credential',
  subscriptions: 'subscription',
  objects: 'object',
} as const satisfies Partial<Record<keyof Tables, string>>

export type RecordTable = keyof typeof recordKinds
export type ChangeKind = (typeof recordKinds)[RecordTable]

/** Who does something: for the audit. */
export interface Actor {
  /** `user:<id>`, `socket`, `setup`, `service:<name>`. */
  readonly actor: string
  /** How it was proven: `token:<id>`, `socket`, `admin-token`, … */
  readonly by: string
  /** The id of the request. */
  readonly request: string | null
}

/** Something of a record was changed, made or removed: who wants to know what it is now reads it. */
export interface Change {
  readonly revision: number
  readonly kind: ChangeKind
  readonly id: string
  readonly at: number
}

/**
 * What is recorded, in SQLite or PostgreSQL. Every call may fail with a StoreError (errors.ts); with `unavailable`
 * after 15 s at most.
 */
export interface Store extends Readers {
  readonly engine: 'sqlite' | 'postgres'
  /** Where it is, without a password. */
  readonly place: string
  /** Of this database: a restored one has another. */
  readonly id: string
  /** Reads what is committed. Nothing is written by it. */
  readonly db: Kysely<Tables>

  /**
   * The one way to change records: one transaction, after all that were begun before it. `work` may be run again when
   * the database asked for it, so it awaits nothing but the store, and keeps nothing. Resolves after the commit; when
   * `work` throws, nothing has happened. With an `unavailable` that is `uncertain`, the commit may have arrived.
   */
  change<T>(actor: Actor, work: (tx: ChangeTx) => Promise<T>): Promise<T>
  /** A transaction on what is no record (usage, counters, idempotency, leases): no revision, no audit, no feed. */
  write<T>(work: (tx: WriteTx) => Promise<T>): Promise<T>
  /** Several reads that see one moment. `work` is to be short, as it holds a connection. */
  snapshot<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T>

  /** Of the last change that was committed. */
  revision(): Promise<number>
  /** Tells of every change after this revision, in order, until it is closed. Survives breaks of the connection. */
  follow(afterRevision: number, follower: Follower): Following
  /** All that the data plane needs, of one moment, in pieces; the revision of that moment is what to follow from. */
  load(loader: Loader): Promise<number>
  /** Forgets changes of before this time: followers that are further behind are told to read all. How many it were. */
  compact(beforeMs: number): Promise<number>

  readonly idempotency: Idempotency
  readonly leases: Leases
  /** Remembers when these were used last (ms); no change of the records. */
  used(table: 'credentials' | 'tokens', lastUsed: ReadonlyMap<string, number>): Promise<void>
  setting(key: string): Promise<string | null>

  /** Newest first. */
  audit(query: AuditQuery): Promise<Page<AuditRow>>
  /** Reads the whole chain: how many entries there are, and the first that is not as it was written. */
  verifyAudit(): Promise<{ readonly entries: number; readonly fault: AuditFault | null }>

  /** SQLite alone: a copy as a database file (0600) that must not exist yet, while others write. */
  backup(file: string): Promise<void>
  /** Lines of JSON, of one moment, which `restore` takes into either engine. Peppers and keys are not in the store. */
  dump(): AsyncIterable<string>
  /** Into an empty store; refused as `not-empty` otherwise, as `invalid` where a line is wrong or the end is missing. */
  restore(lines: AsyncIterable<string>): Promise<{ readonly rows: number }>

  close(): Promise<void>
}

export type Readers = { readonly [T in RecordTable]: Reader<Tables[T]> }
export type Writers = { readonly [T in RecordTable]: Writer<Tables[T]> }

export interface Reader<Row extends Recorded> {
  get(id: string): Promise<Row | null>
  /** The only one with these fields, if there is one: `accounts.find({ organization, name })`. */
  find(where: Where<Row>): Promise<Row | null>
  /** In the order of their ids, which is that of their making. */
  list(query?: ListQuery<Row>): Promise<Page<Row>>
}

/** Fields and what they must be: a value, one of several, null. */
export type Where<Row> = { readonly [F in keyof Row]?: Row[F] | readonly Row[F][] }

export interface ListQuery<Row> {
  readonly where?: Where<Row>
  /** The `next` of the page before. */
  readonly after?: string | null
  /** At most so many; default 100. */
  readonly limit?: number
}

export interface Page<Row> {
  readonly items: readonly Row[]
  readonly next: string | null
}

export interface Writer<Row extends Recorded> extends Reader<Row> {
  /** With an id, where it is not given. `exists` where something that must be unique is there already. */
  insert(row: New<Row>, options?: ChangeOptions): Promise<Row>
  /** `missing` where there is none; `changed` where its version is not the one that was wanted. */
  update(id: string, patch: Partial<Omit<Row, keyof Recorded>>, options?: UpdateOptions): Promise<Row>
  /** `referenced` where another record needs it. */
  remove(id: string, options?: UpdateOptions): Promise<void>
}

export type New<Row extends Recorded> = Omit<Row, keyof Recorded> & { readonly id?: string }

export interface ChangeOptions {
  /** What the record is called, for people, where it has no name. */
  readonly name?: string
  /** What audit calls it: `approve`, `rotate`; default `create`, `update`, `delete`. */
  readonly action?: string
  /** Whose organisation may read the entry, where the record does not say it. */
  readonly organization?: string | null
  /** What the entry shows in place of the records, where they have secrets that only their kind knows of. */
  readonly shown?: { readonly before?: unknown; readonly after?: unknown }
}

export interface UpdateOptions extends ChangeOptions {
  /** The version that the record must have (If-Match). */
  readonly version?: number
}

export interface WriteTx {
  /** All tables. What is done to records by this is in neither audit nor feed: say so with `audit` and `changed`. */
  readonly db: Kysely<Tables>
  readonly idempotency: Idempotency
  setSetting(key: string, value: string | null): Promise<void>
  setting(key: string): Promise<string | null>
}

/** Repositories write an entry of audit and feed by themselves. */
export interface ChangeTx extends WriteTx, Writers {
  /** What this transaction will be: the `version` of every record that it touches. */
  readonly revision: number
  readonly now: number
  audit(entry: AuditEntry): void
  changed(kind: ChangeKind, id: string): void
}

export interface AuditEntry {
  readonly action: string
  readonly kind: string
  /** Id. */
  readonly object: string
  readonly name?: string
  readonly organization?: string | null
  /** Without secrets. */
  readonly before?: unknown
  readonly after?: unknown
}

export interface AuditQuery {
  readonly where?: Where<AuditRow>
  readonly sinceMs?: number
  readonly untilMs?: number
  /** The `next` of the page before. */
  readonly before?: string | null
  readonly limit?: number
}

/** The first entry of the chain that is not as it was written. */
export interface AuditFault {
  readonly seq: number
  readonly reason: string
}

export interface Follower {
  /** Whole transactions, in order. The next come when this has resolved; when it fails, the same come again. */
  changed(changes: readonly Change[], revision: number): void | Promise<void>
  /** What was missed is not kept any more, or this is another database than before: read all, and go on from `revision`. */
  reset(revision: number): void | Promise<void>
  /** The database cannot be reached (and why), or can again. */
  state?(error: Error | null): void
}

export interface Following {
  /** Up to which revision it has told. */
  readonly revision: number
  /** Looks now. Resolves when everything has been told that was committed before this call. */
  caughtUp(): Promise<void>
  close(): Promise<void>
}

export interface Loader {
  credentials?(rows: readonly LoadedCredential[]): void | Promise<void>
  applications?(rows: readonly LoadedApplication[]): void | Promise<void>
  subscriptions?(rows: readonly LoadedSubscription[]): void | Promise<void>
}

/** Those that are not revoked; expired ones are among them. */
export type LoadedCredential = Pick<
  Credential,
  'id' | 'application' | 'kind' | 'keyId' | 'hash' | 'pepper' | 'scopes' | 'expires' | 'notBefore'
> & { readonly account: string }
export type LoadedApplication = Pick<Application, 'id' | 'name' | 'account' | 'status'> & {
  readonly accountName: string
  readonly accountStatus: 'active' | 'suspended'
}
/** Those that are pending, active or suspended. */
export type LoadedSubscription = Pick<
  Subscription,
  | 'id'
  | 'application'
  | 'product'
  | 'plan'
  | 'status'
  | 'since'
  | 'planSince'
  | 'previousPlan'
  | 'previousSince'
>

/** Answers to requests that may come twice, by who asks and the key that they chose. */
export interface Idempotency {
  /**
   * Takes the key: null, or what is there: with a status the answer, without one it is under way. One that is under way
   * for more than a minute was given up by a process that died, and is taken over.
   */
  begin(
    row: Pick<IdempotencyRow, 'actor' | 'key' | 'requestHash' | 'expires'>,
  ): Promise<IdempotencyRow | null>
  /** In the same transaction as what the request did. */
  finish(
    row: Pick<IdempotencyRow, 'actor' | 'key'>,
    answer: Pick<IdempotencyRow, 'status' | 'headers' | 'body'>,
  ): Promise<void>
  /** The request failed in a way that may be tried again. */
  forget(row: Pick<IdempotencyRow, 'actor' | 'key'>): Promise<void>
  prune(): Promise<number>
}

/** Who does what only one of several processes is to do. */
export interface Leases {
  /** Takes or keeps it for so long, by the clock of the database; false where somebody else holds it. */
  take(name: string, holder: string, forMs: number): Promise<boolean>
  release(name: string, holder: string): Promise<void>
}
