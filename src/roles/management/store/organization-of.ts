import type { Kysely } from 'kysely'
import type { RecordTable } from './store.ts'
import type { Tables } from './tables.ts'

/** In which organisation a record is; null is in none. */
export async function organizationOf(
  db: Kysely<Tables>,
  table: RecordTable,
  row: Readonly<Record<string, unknown>>,
): Promise<string | null> {
  const text = (name: string): string | null => (typeof row[name] === 'string' ? row[name] : null)
  switch (table) {
    case 'organizations':
      return text('id')
    case 'teams':
    case 'users':
    case 'accounts':
      return text('organization')
    case 'teamMembers':
      return organizationBy(db, 'teams', text('team'))
    case 'tokens':
      return organizationBy(db, 'users', text('user'))
    case 'roleBindings':
      return (
        text('organization') ??
        (await organizationBy(db, 'teams', text('scopeTeam'))) ??
        (await organizationBy(db, 'accounts', text('account')))
      )
    case 'applications':
      return organizationBy(db, 'accounts', text('account'))
    case 'credentials':
    case 'subscriptions':
      return ofApplication(db, text('application'))
    case 'objects':
      return null
  }
}

async function organizationBy(
  db: Kysely<Tables>,
  table: 'teams' | 'users' | 'accounts',
  id: string | null,
): Promise<string | null> {
  if (id === null) return null
  const row = await db.selectFrom(table).select('organization').where('id', '=', id).executeTakeFirst()
  return row?.organization ?? null
}

async function ofApplication(db: Kysely<Tables>, id: string | null): Promise<string | null> {
  if (id === null) return null
  const row = await db
    .selectFrom('applications')
    .innerJoin('accounts', 'accounts.id', 'applications.account')
    .select('accounts.organization')
    .where('applications.id', '=', id)
    .executeTakeFirst()
  return row?.organization ?? null
}
