import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { sql } from 'kysely'
import { Places, engines, opened } from '../../../../test/support/stores.ts'
import { systemClock, type Clock } from '../../../upstream/clock.ts'
import type { Store } from './store.ts'
import { actor, consumer } from './testing/consumer.ts'

/** How long a call may take where nothing answers; the time that a slow machine adds is not that of the store. */
const boundMs = 30_000

suite('PostgreSQL that is not there', () => {
  const places = new Places('postgres')

  for (const [what, down, up] of [
    ['killed', server => server.down(), server => server.up()],
    ['shut down', server => server.down('SIGINT'), server => server.up()],
    ['frozen', server => Promise.resolve(server.freeze()), server => Promise.resolve(server.thaw())],
  ] as const satisfies readonly (readonly [string, Switch, Switch])[])
    test(`${what}: every call fails within its bound, and all goes on when it is back`, async t => {
      const url = await places.url(t)
      const server = await places.postgres(t)
      if (url === null || server === null) return
      const store = await opened(t, url)
      const { account } = await consumer(store)
      // As many as the pool has connections, and more that wait for one.
      const rename = (title: string) => store.change(actor, tx => tx.accounts.update(account.id, { title }))
      await Promise.all(Array.from({ length: 12 }, (_, i) => rename(`before ${i}`)))
      const { version } = (await store.accounts.get(account.id))!

      // Nothing that comes after this test would end otherwise.
      t.after(() => server.thaw())
      await down(server)
      const calls = [
        ...Array.from({ length: 12 }, (_, i) => rename(`during ${i}`)),
        store.accounts.get(account.id),
        store.revision(),
        store.leases.take('job', 'me', 1_000),
        store.load({}),
        Array.fromAsync(store.dump()),
      ]
      const ended = await Promise.race([Promise.allSettled(calls), setTimeout(boundMs, null, { ref: false })])
      assert.ok(ended !== null, 'all calls have ended')
      for (const one of ended) {
        assert.equal(one.status, 'rejected')
        const { name, code } = one.reason as { name: string; code: string }
        assert.deepEqual({ name, code }, { name: 'StoreError', code: 'unavailable' })
      }

      await up(server)
      await Promise.all(Array.from({ length: 12 }, (_, i) => rename(`after ${i}`)))
      assert.match((await store.accounts.get(account.id))!.title, /^after/)
      assert.ok((await store.accounts.get(account.id))!.version >= version + 12)
      assert.equal((await store.verifyAudit()).fault, null)
    })

  test('a store that is closed while nothing answers closes all the same', async t => {
    const url = await places.url(t)
    const server = await places.postgres(t)
    if (url === null || server === null) return
    const store = await opened(t, url)
    const following = store.follow(0, { changed: () => undefined, reset: () => undefined })
    await following.caughtUp()
    server.freeze()
    try {
      const closed = await Promise.race([
        store.close().then(() => true),
        setTimeout(boundMs, false, { ref: false }),
      ])
      assert.equal(closed, true)
    } finally {
      server.thaw()
    }
  })

  test('where nothing was heard of a commit, the error says that it may have happened', async t => {
    const url = await places.url(t)
    const server = await places.postgres(t)
    if (url === null || server === null) return
    const store = await opened(t, url)
    const writing = store.write(async tx => {
      await tx.setSetting('a', 'b')
      server.freeze()
    })
    try {
      await assert.rejects(writing, { code: 'unavailable', uncertain: true })
    } finally {
      server.thaw()
    }
  })

  test('a process that stands still is ended by the database', async t => {
    const store = await places.store(t)
    if (store === null) return
    const { rows } = await sql<object>`show idle_in_transaction_session_timeout`.execute(store.db)
    assert.deepEqual(rows, [{ idleInTransactionSessionTimeout: '10s' }])
  })
})

for (const engine of engines)
  suite(`a change that does not end, with ${engine}`, () => {
    const places = new Places(engine)

    for (const [what, stand] of [
      ['waits for something else', () => new Promise(() => undefined)],
      ['waits for another that waits for it', store => store.change(actor, () => Promise.resolve())],
    ] as const satisfies readonly (readonly [string, (store: Store) => Promise<unknown>])[])
      test(`it ${what}: it is ended, and the next has its turn`, async t => {
        const store = await places.store(t, hasty)
        if (store === null) return
        const { account } = await consumer(store)
        const inner: Promise<unknown>[] = []
        const standing = store.change(actor, async tx => {
          await tx.accounts.update(account.id, { title: 'never' })
          inner.push(stand(store))
          await inner[0]
        })
        await assert.rejects(standing, { code: 'busy' })
        await store.change(actor, tx => tx.accounts.update(account.id, { name: 'next' }))
        const { title, name } = (await store.accounts.get(account.id))!
        assert.deepEqual({ title, name }, { title: 'Acme', name: 'next' })
      })
  })

/** Who waits for a second waits for 50 ms. */
const hasty: Clock = {
  now: () => Date.now(),
  after: (ms, run) => systemClock.after(ms / 20, run),
}

type Switch = (server: NonNullable<Awaited<ReturnType<Places['postgres']>>>) => Promise<void>
