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

interface Replacing<R> {
  add(records: Iterable<R>): void
  end(): void
}

type Entry = readonly [key: string, row: RowValue]

/** Records of one kind as rows of one table, by the key that each has there. */
class Rows<R extends { readonly id: string }> {
  private readonly table: string
  private readonly entryOf: (record: R) => Entry | null
  private keys = new Map<string, string>()
  private owners = new Map<string, string>()
  /** Keys of the table that a reading which has not come to its end has not found yet. */
  private readonly unseen = new Set<string>()

  constructor(table: string, entryOf: (record: R) => Entry | null) {
    this.table = table
    this.entryOf = entryOf
  }

  /**
   * All there are, piece by piece: 100,000 rows are not to be in memory beside the table. Each row is good by itself as soon as
   * it is there; what is there no more goes with `end`, also after readings that were broken off.
   */
  replacing(tables: ServiceKit['tables']): Replacing<R> {
    for (const key of this.owners.keys()) this.unseen.add(key)
    this.keys = new Map()
    this.owners = new Map()
    return {
      add: records => tables.patch(this.table, { put: this.entries(records) }),
      end: () => {
        tables.patch(this.table, { remove: this.unseen.keys().filter(key => !this.owners.has(key)) })
        this.unseen.clear()
      },
    }
  }

  private *entries(records: Iterable<R>): Iterable<Entry> {
    for (const record of records) {
      const entry = this.entryOf(record)
      if (entry === null) continue
      this.own(record.id, entry[0])
      yield entry
    }
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
    if (known === null || this.isRead) return
    const { applications, subscriptions, credentials, end } = this.replacing()
    applications(known.applications)
    subscriptions(known.subscriptions)
    credentials(known.credentials)
    end()
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
    const { applications, subscriptions, credentials, end } = this.replacing()
    const revision = await store.load({ applications, subscriptions, credentials })
    end()
    this.isRead = true
    return revision
  }

  /** Applications first: a credential counts where its application does. */
  private replacing() {
    const { tables } = this.kit
    this.usable.clear()
    const all = {
      applications: this.applications.replacing(tables),
      subscriptions: this.subscriptions.replacing(tables),
      credentials: this.credentials.replacing(tables),
    }
    return {
      applications: (some: readonly LoadedApplication[]) => {
        for (const one of some) if (isUsable(one)) this.usable.add(one.id)
        all.applications.add(some)
      },
      subscriptions: (some: readonly LoadedSubscription[]) => all.subscriptions.add(some),
      credentials: (some: readonly LoadedCredential[]) => all.credentials.add(some),
      end: () => {
        for (const one of Object.values(all)) one.end()
        tables.patch(RECORDS, { remove: ['unread'] })
      },
    }
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
