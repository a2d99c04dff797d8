import type { RowValue } from '../../shared/table-writer.ts'
import type { ServiceKit } from '../../translation/service.ts'
import {
  applicationsOf,
  credentialsOf,
  readApplications,
  readCredentials,
  readSubscriptions,
} from './consumer-reads.ts'
import type { LastKnown } from './last-known/last-known-file.ts'
import type { Part } from './part.ts'
import { APPLICATIONS, CREDENTIALS, RECORDS, SUBSCRIPTIONS } from './rows.ts'
import type { ApplicationRow, CredentialRow, SubscriptionRow } from './rows.ts'
import type {
  Change,
  ChangeKind,
  Following,
  LoadedApplication,
  LoadedCredential,
  LoadedSubscription,
  Store,
} from './store/store.ts'

type Entry = readonly [key: string, row: RowValue]

/** Records of one kind as rows of one table, by the key that each has there. */
class Rows<R extends { readonly id: string }> {
  private readonly table: string
  private readonly entryOf: (record: R) => Entry | null
  private readonly keys = new Map<string, string>()
  private readonly owners = new Map<string, string>()

  constructor(table: string, entryOf: (record: R) => Entry | null) {
    this.table = table
    this.entryOf = entryOf
  }

  /** All there are. */
  replace(tables: ServiceKit['tables'], records: Iterable<R>): void {
    this.keys.clear()
    this.owners.clear()
    const rows = new Map<string, RowValue>()
    for (const record of records) {
      const entry = this.entryOf(record)
      if (entry === null) continue
      this.own(record.id, entry[0])
      rows.set(entry[0], entry[1])
    }
    tables.replace(this.table, rows)
  }

  /** Those of these ids: what is not among `records` is there no more. */
  patch(tables: ServiceKit['tables'], ids: Iterable<string>, records: Iterable<R>): void {
    const put = new Map<string, { readonly id: string; readonly row: RowValue }>()
    for (const record of records) {
      const entry = this.entryOf(record)
      if (entry !== null) put.set(entry[0], { id: record.id, row: entry[1] })
    }
    const remove: string[] = []
    for (const id of ids) {
      const key = this.keys.get(id)
      if (key === undefined) continue
      this.keys.delete(id)
      // Another record may have the key by now: a password that was given anew.
      if (this.owners.get(key) !== id) continue
      this.owners.delete(key)
      if (!put.has(key)) remove.push(key)
    }
    for (const [key, { id }] of put) this.own(id, key)
    tables.patch(this.table, { remove, put: [...put].map(([key, { row }]) => [key, row] as const) })
  }

  private own(id: string, key: string): void {
    this.keys.set(id, key)
    this.owners.set(key, id)
  }
}

/**
 * What workers know of consumers: credentials, applications and subscriptions, as rows of tables. All of it is read when
 * the store is opened; from then on what changes is read again and patched, in all workers at once. Of what is suspended
 * there is no row.
 */
export class Consumers implements Part {
  readonly name = 'consumers'
  private readonly kit: ServiceKit
  private readonly usable = new Set<string>()
  private readonly applications = new Rows<LoadedApplication>(APPLICATIONS, one =>
    isUsable(one) ? [one.id, rowOfApplication(one)] : null,
  )
  private readonly credentials = new Rows<LoadedCredential>(CREDENTIALS, one =>
    this.usable.has(one.application) ? [keyOfCredential(one), rowOfCredential(one)] : null,
  )
  private readonly subscriptions = new Rows<LoadedSubscription>(SUBSCRIPTIONS, one => [
    `${one.application} ${one.product}`,
    rowOfSubscription(one),
  ])
  private following: Following | null = null
  private isRead = false

  constructor(kit: ServiceKit) {
    this.kit = kit
    kit.tables.patch(RECORDS, {
      put: [
        ['unread', true],
        ['environment', kit.settings.environment],
      ],
    })
  }

  lastKnown(known: LastKnown | null): void {
    if (known !== null && !this.isRead) this.replace(known)
  }

  async opened(store: Store): Promise<void> {
    const revision = await this.readAll(store)
    this.following = store.follow(revision, {
      changed: changes => this.patch(store, changes),
      reset: async () => void (await this.readAll(store)),
    })
  }

  /** Resolves when workers know of every change that was committed before the call. */
  async caughtUp(): Promise<void> {
    await this.following?.caughtUp()
  }

  async stop(): Promise<void> {
    await this.following?.close()
  }

  private async readAll(store: Store): Promise<number> {
    const read = {
      applications: [] as LoadedApplication[],
      credentials: [] as LoadedCredential[],
      subscriptions: [] as LoadedSubscription[],
    }
    const revision = await store.load({
      applications: some => void read.applications.push(...some),
      credentials: some => void read.credentials.push(...some),
      subscriptions: some => void read.subscriptions.push(...some),
    })
    this.replace(read)
    this.isRead = true
    return revision
  }

  private replace(read: Omit<LastKnown, 'objects'>): void {
    const { tables } = this.kit
    this.usable.clear()
    for (const one of read.applications) if (isUsable(one)) this.usable.add(one.id)
    this.applications.replace(tables, read.applications)
    this.subscriptions.replace(tables, read.subscriptions)
    this.credentials.replace(tables, read.credentials)
    tables.patch(RECORDS, { remove: ['unread'] })
  }

  private async patch(store: Store, changes: readonly Change[]): Promise<void> {
    const idsOf = (kind: ChangeKind) => changes.filter(one => one.kind === kind).map(({ id }) => id)
    const { tables } = this.kit
    const applications = new Set([
      ...idsOf('application'),
      ...(await applicationsOf(store, idsOf('account'))),
    ])
    const found = await readApplications(store, [...applications])
    for (const id of applications) this.usable.delete(id)
    for (const one of found) if (isUsable(one)) this.usable.add(one.id)
    this.applications.patch(tables, applications, found)
    const credentials = new Set([...idsOf('credential'), ...(await credentialsOf(store, [...applications]))])
    this.credentials.patch(tables, credentials, await readCredentials(store, [...credentials]))
    const subscriptions = idsOf('subscription')
    this.subscriptions.patch(tables, subscriptions, await readSubscriptions(store, subscriptions))
  }
}

function isUsable({ status, accountStatus }: LoadedApplication): boolean {
  return status === 'active' && accountStatus === 'active'
}

/** As filters look for it. */
function keyOfCredential({ kind, keyId }: LoadedCredential): string {
  const prefixes = { 'api-key': 'key', certificate: 'cert', basic: 'basic', client: 'client' } as const
  return `${prefixes[kind]} ${keyId}`
}

function rowOfCredential(one: LoadedCredential): RowValue {
  return {
    credential: one.id,
    application: one.application,
    account: one.account,
    kind: one.kind,
    hash: one.hash ?? '',
    pepper: one.pepper ?? 0,
    notBeforeMs: one.notBefore ?? 0,
    expiresMs: one.expires,
    scopes: one.scopes === '' ? [] : one.scopes.split(' '),
  } satisfies CredentialRow
}

function rowOfSubscription(one: LoadedSubscription): RowValue {
  return {
    subscription: one.id,
    plan: one.plan,
    status: one.status,
    sinceMs: one.since ?? 0,
    planSinceMs: one.planSince ?? 0,
  } satisfies SubscriptionRow
}

function rowOfApplication({ name, account, accountName }: LoadedApplication): RowValue {
  return { name, account, accountName } satisfies ApplicationRow
}
