import { sql } from 'kysely'
import type { Engine } from './engine.ts'
import type { Leases } from './store.ts'

/** Times are of the database's clock: those of two machines differ. */
export class StoreLeases implements Leases {
  private readonly engine: Engine

  constructor(engine: Engine) {
    this.engine = engine
  }

  take(name: string, holder: string, forMs: number): Promise<boolean> {
    const { nowMs } = this.engine
    const until = sql<number>`${nowMs} + ${sql.lit(Math.trunc(forMs))}`
    return this.engine.transaction(async db => {
      const taken = await db
        .insertInto('leases')
        .values({ name, holder, until })
        .onConflict(on =>
          on
            .column('name')
            .doUpdateSet({ holder, until })
            .where(eb => eb.or([eb('leases.holder', '=', holder), eb('leases.until', '<=', nowMs)])),
        )
        .returning('name')
        .executeTakeFirst()
      return taken !== undefined
    })
  }

  async release(name: string, holder: string): Promise<void> {
    await this.engine.transaction(db =>
      db.deleteFrom('leases').where('name', '=', name).where('holder', '=', holder).execute(),
    )
  }
}
