import type { Kysely } from 'kysely'
import type { Idempotency } from './store.ts'
import type { IdempotencyRow, Tables } from './tables.ts'

/** Whoever has not answered after this long has died. */
const givenUpMs = 60_000

type Key = Pick<IdempotencyRow, 'actor' | 'key'>

/** How its statements are run: each by itself, or within a transaction that is under way. */
export type Run = <T>(work: (db: Kysely<Tables>) => Promise<T>) => Promise<T>

export class KeptAnswers implements Idempotency {
  private readonly run: Run
  private readonly now: () => number

  constructor(run: Run, now: () => number) {
    this.run = run
    this.now = now
  }

  begin(
    row: Pick<IdempotencyRow, 'actor' | 'key' | 'requestHash' | 'expires'>,
  ): Promise<IdempotencyRow | null> {
    return this.run(async db => {
      if (await take(db, row, this.now())) return null
      const there = await of(db, row).executeTakeFirst()
      return there ?? { ...row, status: null, headers: null, body: null, at: this.now() }
    })
  }

  async finish(row: Key, answer: Pick<IdempotencyRow, 'status' | 'headers' | 'body'>): Promise<void> {
    await this.run(db =>
      db
        .updateTable('idempotency')
        .set(answer)
        .where('actor', '=', row.actor)
        .where('key', '=', row.key)
        .execute(),
    )
  }

  async forget({ actor, key }: Key): Promise<void> {
    await this.run(db =>
      db
        .deleteFrom('idempotency')
        .where('actor', '=', actor)
        .where('key', '=', key)
        .where('status', 'is', null)
        .execute(),
    )
  }

  async prune(): Promise<number> {
    const { numDeletedRows } = await this.run(db =>
      db.deleteFrom('idempotency').where('expires', '<=', this.now()).executeTakeFirstOrThrow(),
    )
    return Number(numDeletedRows)
  }
}

/** One statement decides who has the key, however many ask at the same time. */
async function take(
  db: Kysely<Tables>,
  row: Pick<IdempotencyRow, 'actor' | 'key' | 'requestHash' | 'expires'>,
  at: number,
): Promise<boolean> {
  const fresh = { ...row, status: null, headers: null, body: null, at }
  const insert = db.insertInto('idempotency').values(fresh)
  const taken = await insert
    .onConflict(on =>
      on
        .columns(['actor', 'key'])
        .doUpdateSet(fresh)
        .where(eb =>
          eb.or([
            eb('idempotency.expires', '<=', at),
            eb.and([eb('idempotency.status', 'is', null), eb('idempotency.at', '<=', at - givenUpMs)]),
          ]),
        ),
    )
    .returning('key')
    .executeTakeFirst()
  return taken !== undefined
}

function of(db: Kysely<Tables>, { actor, key }: Key) {
  return db.selectFrom('idempotency').selectAll().where('actor', '=', actor).where('key', '=', key)
}
