import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Engine } from '../engine.ts'
import { TableMaker } from './table-maker.ts'

const dimensions = {
  api: 'text',
  version: 'text',
  operation: 'text',
  subscription: 'text',
  application: 'text',
  account: 'text',
  product: 'text',
  plan: 'text',
  outcome: 'text',
  status: 'text',
  latency: 'text',
  over_quota: 'integer',
} as const

const row = {
  bucket: 'integer',
  series: 'text',
  requests: 'integer',
  request_bytes: 'integer',
  response_bytes: 'integer',
  // A response may say that it cost half of one.
  cost: 'real',
} as const

/** The ledger of usage by minutes, and its sums by hour and day. */
export function usage(engine: Engine): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      const make = new TableMaker(db, engine)
      const index = [['subscription'], ['application'], ['account'], ['api']]
      await make.table('usage_series', ['id'], { id: 'text', ...dimensions, created: 'integer' }, { index })
      for (const table of ['usage_minutes', 'usage_hours', 'usage_days'])
        await make.table(table, ['bucket', 'series'], row, { index: [['series', 'bucket']] })
      await make.table('usage_writers', ['writer'], { writer: 'text', entries: 'text', at: 'integer' })
    },
  }
}
