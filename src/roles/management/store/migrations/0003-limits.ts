import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Engine } from '../engine.ts'
import { TableMaker } from './table-maker.ts'

/** Counters of quotas, as they were last written down. */
export function limits(engine: Engine): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await new TableMaker(db, engine).table(
        'quota_counters',
        ['key', 'window'],
        { key: 'text', window: 'integer', ends: 'integer?', used: 'integer', updated: 'integer' },
        { index: [['ends']] },
      )
    },
  }
}
