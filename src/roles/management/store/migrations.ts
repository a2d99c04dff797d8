import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Engine } from './engine.ts'
import { StoreError } from './errors.ts'
import { records } from './migrations/0001-records.ts'
import { usage } from './migrations/0002-usage.ts'
import { limits } from './migrations/0003-limits.ts'
import { usageCredential } from './migrations/0004-usage-credential.ts'

/**
 * All of them, in the order of their names. Within one release a migration only adds (tables, columns with a default),
 * since the version before goes on using the database beside the new one during an update. One that the version before
 * must not meet sets `head.needs` to its own name.
 */
export function allMigrations(engine: Engine): Readonly<Record<string, Migration>> {
  return {
    '0001-records': records(engine),
    '0002-usage': usage(engine),
    '0003-limits': limits(engine),
    '0004-usage-credential': usageCredential(engine),
  }
}

/** Brings the tables to what this version needs; several processes may do so at once. */
export async function migrate(
  engine: Engine,
  known: Readonly<Record<string, Migration>> = allMigrations(engine),
): Promise<void> {
  const done = new Set(await executed(engine))
  if (!Object.keys(known).every(name => done.has(name))) await run(engine, known)
  const { needs } = await engine.reader.selectFrom('head').select('needs').executeTakeFirstOrThrow()
  if (needs !== '' && !(needs in known))
    throw new StoreError('newer', `${engine.place} is of a newer version of portcullis (it needs ${needs})`)
}

/** Whether this version knows what a database or a dump says that it needs. */
export function knows(engine: Engine, needs: string): boolean {
  return needs === '' || needs in allMigrations(engine)
}

async function run(engine: Engine, known: Readonly<Record<string, Migration>>): Promise<void> {
  // Loaded where there is something to do, which is rarely.
  const { Migrator } = await import('kysely/migration')
  await engine.migrating(async db => {
    const provider = { getMigrations: async () => ({ ...(await ofNewer(engine)), ...known }) }
    const migrator = new Migrator({ db, provider, allowUnorderedMigrations: true })
    const { error } = await migrator.migrateToLatest()
    if (error !== undefined)
      throw error instanceof Error ? error : new Error('no migration', { cause: error })
  })
}

/** Migrations of a newer version that uses the database, too. Kysely takes those that it does not know for damage. */
async function ofNewer(engine: Engine): Promise<Record<string, Migration>> {
  const nothing: Migration = { up: () => Promise.resolve() }
  return Object.fromEntries((await executed(engine)).map(name => [name, nothing]))
}

async function executed(engine: Engine): Promise<readonly string[]> {
  const db = engine.reader as unknown as Kysely<{ kyselyMigration: { name: string } }>
  try {
    return (await db.selectFrom('kyselyMigration').select('name').execute()).map(row => row.name)
  } catch (error) {
    if (error instanceof StoreError) throw error
    return [] // There is no such table yet.
  }
}
