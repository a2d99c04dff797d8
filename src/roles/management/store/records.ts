import type { Kysely } from 'kysely'
import { StoreError } from './errors.ts'
import { newId } from './ids.ts'
import { nameOf } from './name-of.ts'
import { organizationOf } from './organization-of.ts'
import { RecordReader, type AnyRow } from './record-reader.ts'
import {
  recordKinds,
  type AuditEntry,
  type ChangeKind,
  type ChangeOptions,
  type New,
  type RecordTable,
  type UpdateOptions,
  type Writer,
  type Writers,
} from './store.ts'
import type { Recorded, Tables } from './tables.ts'

/** The change that a record's is part of. */
export interface Recording {
  readonly db: Kysely<Tables>
  readonly revision: number
  readonly now: number
  audit(entry: AuditEntry): void
  changed(kind: ChangeKind, id: string): void
}

export function writersOf(change: Recording): Writers {
  const tables = Object.keys(recordKinds) as RecordTable[]
  return Object.fromEntries(
    tables.map(table => [table, new RecordWriter(change, table)]),
  ) as unknown as Writers
}

/** Every change of a record is in audit and feed, because no other way leads to the table. */
class RecordWriter<Row extends Recorded> extends RecordReader<Row> implements Writer<Row> {
  private readonly change: Recording
  private readonly table: RecordTable
  private readonly kind: ChangeKind

  constructor(change: Recording, table: RecordTable) {
    super(change.db, table)
    this.change = change
    this.table = table
    this.kind = recordKinds[table]
  }

  async insert(row: New<Row>, options: ChangeOptions = {}): Promise<Row> {
    const { revision, now } = this.change
    const id = row.id ?? newId(now)
    const whole: AnyRow = { ...row, id, version: revision, created: now, updated: now }
    const query = this.rows.insertInto(this.table).values(whole).returningAll()
    const made = (await needed(query.executeTakeFirstOrThrow())) as AnyRow
    await this.remember('create', null, made, options)
    return made as unknown as Row
  }

  /** What would change nothing leaves the version as it is. */
  async update(
    id: string,
    patch: Partial<Omit<Row, keyof Recorded>>,
    options: UpdateOptions = {},
  ): Promise<Row> {
    const before = await this.taken(id, options)
    const fields = Object.entries(patch).filter(
      ([name, value]) => value !== undefined && before[name] !== value,
    )
    if (fields.length === 0) return before as unknown as Row
    const { revision, now } = this.change
    const set = { ...Object.fromEntries(fields), version: revision, updated: now }
    const query = this.rows.updateTable(this.table).set(set).where('id', '=', id).returningAll()
    const after = (await needed(query.executeTakeFirstOrThrow())) as AnyRow
    await this.remember('update', before, after, options)
    return after as unknown as Row
  }

  async remove(id: string, options: UpdateOptions = {}): Promise<void> {
    const before = await this.taken(id, options)
    // Afterwards nobody knows any more whose it was.
    await this.remember('delete', before, null, options)
    await this.rows.deleteFrom(this.table).where('id', '=', id).execute()
  }

  private async taken(id: string, { version }: UpdateOptions): Promise<AnyRow> {
    const row = (await this.get(id)) as AnyRow | null
    if (row === null) throw new StoreError('missing', `there is no ${this.kind} ${id}`)
    if (version !== undefined && row.version !== version)
      throw new StoreError('changed', `${this.kind} ${id} has version ${row.version}, not ${version}`)
    return row
  }

  private async remember(
    action: string,
    before: AnyRow | null,
    after: AnyRow | null,
    options: ChangeOptions,
  ): Promise<void> {
    const row = after ?? before!
    const { organization = await organizationOf(this.change.db, this.table, row) } = options
    const { shown = { before: before && withoutSecrets(before), after: after && withoutSecrets(after) } } =
      options
    this.change.changed(this.kind, row.id)
    this.change.audit({
      action: options.action ?? action,
      kind: this.kind,
      object: row.id,
      name: options.name ?? (await nameOf(this.change.db, this.table, row)),
      organization,
      before: shown.before,
      after: shown.after,
    })
  }
}

/** In an insert or update a foreign key that leads nowhere is a record that is missing. */
async function needed<T>(row: Promise<T>): Promise<T> {
  try {
    return await row
  } catch (error) {
    if (!(error instanceof StoreError && error.code === 'referenced')) throw error
    throw new StoreError('missing', 'a record that this one refers to is not there', { cause: error })
  }
}

/** Audit is read by more people than may have hashes, and its entries are never taken away. */
function withoutSecrets(row: AnyRow): Record<string, unknown> {
  const { hash: _hash, pepper: _pepper, ...rest } = row
  return rest
}
