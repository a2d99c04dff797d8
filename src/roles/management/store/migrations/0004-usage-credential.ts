import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Engine } from '../engine.ts'

/** Usage is told apart by credential, too: limits may count each by itself. "" of what was counted before. */
export function usageCredential({ text }: Engine): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await sql`alter table usage_series add column credential ${text} not null default ''`.execute(db)
    },
  }
}
