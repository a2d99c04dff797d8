import type { Kysely } from 'kysely'
import type { Tables } from './tables.ts'

export async function readSetting(db: Kysely<Tables>, key: string): Promise<string | null> {
  const row = await db.selectFrom('settings').select('value').where('key', '=', key).executeTakeFirst()
  return row?.value ?? null
}

/** Null takes it away. */
export async function writeSetting(
  db: Kysely<Tables>,
  key: string,
  value: string | null,
  now: number,
): Promise<void> {
  if (value === null) await db.deleteFrom('settings').where('key', '=', key).execute()
  else
    await db
      .insertInto('settings')
      .values({ key, value, updated: now })
      .onConflict(on => on.column('key').doUpdateSet({ value, updated: now }))
      .execute()
}
