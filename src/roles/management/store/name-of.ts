import type { Kysely } from 'kysely'
import type { RecordTable } from './store.ts'
import type { Tables } from './tables.ts'

/** What audit calls a record, for people: its name, or of what has none what it is of. */
export async function nameOf(
  db: Kysely<Tables>,
  table: RecordTable,
  row: Readonly<Record<string, unknown>>,
): Promise<string> {
  const text = (name: string): string => (typeof row[name] === 'string' ? row[name] : '')
  const user = (): Promise<string> => named(db, 'users', text('user'))
  switch (table) {
    case 'tokens':
      return text('name') || text('prefix')
    case 'teamMembers':
      return `${await named(db, 'teams', text('team'))}: ${await user()}`
    case 'roleBindings':
      return `${text('role')}: ${(await user()) || (await named(db, 'teams', text('team')))}`
    default:
      return text('name')
  }
}

async function named(db: Kysely<Tables>, table: 'users' | 'teams', id: string): Promise<string> {
  if (id === '') return ''
  const row = await db.selectFrom(table).select('name').where('id', '=', id).executeTakeFirst()
  return row?.name ?? ''
}
