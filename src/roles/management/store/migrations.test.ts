import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import { Places, engines, opened } from '../../../../test/support/stores.ts'
import type { Engine } from './engine.ts'
import { allMigrations, migrate } from './migrations.ts'
import { openStore } from './open.ts'
import { PostgresEngine } from './postgres/engine.ts'
import { SqliteEngine } from './sqlite/engine.ts'
import { actor, consumer } from './testing/consumer.ts'

for (const engine of engines)
  suite(`tables of ${engine}`, () => {
    const places = new Places(engine)

    test('they are made once, by whoever comes first of many', async t => {
      const url = await places.url(t)
      if (url === null) return
      const stores = await Promise.all(Array.from({ length: 4 }, () => opened(t, url)))
      assert.equal(new Set(stores.map(store => store.id)).size, 1)
      await consumer(stores[0]!)
      const again = await opened(t, url)
      assert.equal(again.id, stores[0]!.id)
      assert.equal(await again.revision(), 1)
    })

    test('a newer version adds to them while the older one goes on, and the older one still starts', async t => {
      const url = await places.url(t)
      if (url === null) return
      const older = await opened(t, url)
      const { account } = await consumer(older)
      await newer(url, { '0900-colours': colours })
      await older.change(actor, tx => tx.accounts.update(account.id, { title: 'still here' }))
      const started = await opened(t, url)
      assert.equal((await started.accounts.get(account.id))?.title, 'still here')
      await started.change(actor, tx => tx.accounts.update(account.id, { title: 'and here' }))
    })

    test('of both, the one that starts later runs what the other does not have', async t => {
      const url = await places.url(t)
      if (url === null) return
      await newer(url, { '0900-colours': colours })
      await newer(url, {
        '0800-sounds': { up: db => sql`create table sounds (id bigint)`.execute(db).then(() => undefined) },
      })
      const store = await opened(t, url)
      const { rows } = await sql<{ n: number }>`select count(*) as n from sounds`.execute(store.db)
      assert.equal(rows[0]?.n, 0)
    })

    test('where the newer one says that it must be known, the older one refuses to start', async t => {
      const url = await places.url(t)
      if (url === null) return
      await newer(url, {
        '0900-needed': {
          up: db => sql`update head set needs = '0900-needed'`.execute(db).then(() => undefined),
        },
      })
      await assert.rejects(openStore({ url }), { code: 'newer', message: /0900-needed/ })
    })

    test('one that fails leaves nothing behind', async t => {
      const url = await places.url(t)
      if (url === null) return
      const failing: Migration = {
        up: async db => {
          await colours.up(db)
          throw new Error('power is gone')
        },
      }
      await assert.rejects(newer(url, { '0900-colours': failing }), /power is gone/)
      await newer(url, { '0900-colours': colours })
    })
  })

suite('what is no store', () => {
  for (const [url, code] of [
    ['mysql://localhost/x', 'invalid'],
    ['', 'invalid'],
    ['/nowhere/store.db', 'unavailable'],
    ['/etc/hostname', 'invalid'],
    ['postgres://nobody@localhost/x?host=/nowhere', 'unavailable'],
  ] as const)
    test(`${url} is refused: ${code}`, async () => {
      await assert.rejects(openStore({ url }), { name: 'StoreError', code })
    })

  test('a password is in no message', () => {
    const { place } = new PostgresEngine('postgres://me:secret@db.example/x?sslpassword=secret')
    assert.equal(place, 'postgres://me:***@db.example/x?sslpassword=***')
  })
})

const colours: Migration = {
  up: async (db: Kysely<unknown>) => {
    await sql`alter table accounts add column colour text not null default 'red'`.execute(db)
    await sql`create table colours (id bigint)`.execute(db)
  },
}

/** As a version does that knows more migrations than this one. */
async function newer(url: string, more: Readonly<Record<string, Migration>>): Promise<void> {
  const engine: Engine = url.startsWith('postgres') ? new PostgresEngine(url) : new SqliteEngine(url)
  try {
    await migrate(engine, { ...allMigrations(engine), ...more })
  } finally {
    await engine.close()
  }
}
