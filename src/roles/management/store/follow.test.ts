import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { sql } from 'kysely'
import { Places, engines, opened } from '../../../../test/support/stores.ts'
import { Seen } from '../../../../test/support/until.ts'
import { systemClock, type Clock } from '../../../upstream/clock.ts'
import { newId } from './ids.ts'
import type { Change, Follower, Store } from './store.ts'
import { actor, consumer } from './testing/consumer.ts'

for (const engine of engines)
  suite(`following changes in ${engine}`, () => {
    const places = new Places(engine)

    test('every change is told once, in order, whole transactions at a time', async t => {
      const store = await places.store(t)
      if (store === null) return
      const told = new Told(store, t)
      const { account, application, credential, subscription } = await consumer(store)
      await rename(store, account.id, 30)
      await told.caughtUp()
      assert.deepEqual(
        told.changes.slice(0, 4).map(({ kind, id, revision }) => [kind, id, revision]),
        [
          ['account', account.id, 1],
          ['application', application.id, 1],
          ['credential', credential.id, 1],
          ['subscription', subscription.id, 1],
        ],
      )
      assert.deepEqual(
        told.changes.slice(4).map(({ revision }) => revision),
        Array.from({ length: 30 }, (_, i) => i + 2),
      )
      assert.equal(told.following.revision, 31)
      assert.deepEqual(told.resets, [])
    })

    test('a record that was changed twice in a transaction is told of once', async t => {
      const store = await places.store(t)
      if (store === null) return
      const { account } = await consumer(store)
      const told = new Told(store, t, await store.revision())
      await store.change(actor, async tx => {
        await tx.accounts.update(account.id, { title: 'a' })
        await tx.accounts.update(account.id, { title: 'b' })
      })
      await told.caughtUp()
      assert.deepEqual(
        told.changes.map(one => one.id),
        [account.id],
      )
    })

    test('who begins late is told what was missed, and more than one reading has', async t => {
      const store = await places.store(t)
      if (store === null) return
      await pretend(store, 1_100)
      const told = new Told(store, t, 50)
      await told.caughtUp()
      assert.deepEqual(
        told.changes.map(one => one.revision),
        Array.from({ length: 1_050 }, (_, i) => i + 51),
      )
    })

    test('a follower that fails is told the same again', async t => {
      const store = await places.store(t, hasty)
      if (store === null) return
      let failures = 2
      const states: (string | null)[] = []
      const told = new Told(store, t, 0, {
        changed: () => {
          if (failures-- > 0) throw new Error('not now')
        },
        state: error => void states.push(error?.message ?? null),
      })
      await consumer(store)
      await told.caughtUp()
      assert.deepEqual(
        told.changes.map(one => one.kind),
        [...kinds, ...kinds, ...kinds],
      )
      assert.equal(states.at(-1), null)
      assert.ok(states.includes('not now'))
    })

    test('a change that failed is not told, and leaves no gap', async t => {
      const store = await places.store(t)
      if (store === null) return
      const told = new Told(store, t)
      const { account } = await consumer(store)
      const failing = store.change(actor, async tx => {
        await tx.accounts.update(account.id, { title: 'x' })
        throw new Error('thought better of it')
      })
      await assert.rejects(failing, /thought better/)
      await store.change(actor, async tx => void (await tx.accounts.list()))
      await rename(store, account.id, 1)
      await told.caughtUp()
      assert.deepEqual(
        told.changes.map(one => one.revision),
        [1, 1, 1, 1, 2],
      )
    })

    test('who is too far behind is told to read all, and goes on from there', async t => {
      const store = await places.store(t)
      if (store === null) return
      const { account } = await consumer(store)
      await rename(store, account.id, 5)
      const lastAt = (await store.accounts.get(account.id))!.updated
      assert.equal(await store.compact(lastAt + 1), 9)
      const [behind, upToDate] = [new Told(store, t, 3), new Told(store, t, 6)]
      await rename(store, account.id, 1)
      await Promise.all([behind.caughtUp(), upToDate.caughtUp()])
      assert.deepEqual(upToDate.resets, [])
      assert.deepEqual(
        upToDate.changes.map(one => one.revision),
        [7],
      )
      assert.ok(behind.resets.length === 1 && behind.resets[0]! >= 6)
      assert.equal(behind.following.revision, 7)
    })

    test('who has seen more than there is follows another database', async t => {
      const store = await places.store(t)
      if (store === null) return
      await consumer(store)
      const told = new Told(store, t, 900)
      await told.caughtUp()
      assert.deepEqual(told.resets, [1])
    })

    test('nobody is told anything after it has closed', async t => {
      const store = await places.store(t)
      if (store === null) return
      const told = new Told(store, t)
      await told.following.close()
      await consumer(store)
      await told.following.caughtUp()
      assert.deepEqual(told.changes, [])
    })

    test('usage and other writes wake nobody and make no revision', async t => {
      const store = await places.store(t)
      if (store === null) return
      await store.write(tx => tx.setSetting('a', 'b'))
      assert.equal(await store.revision(), 0)
    })
  })

suite('following what other processes change', () => {
  const places = new Places('postgres')

  test('each hears of the changes of the others', async t => {
    const url = await places.url(t)
    if (url === null) return
    const [one, other] = [await opened(t, url), await opened(t, url)]
    const told = new Told(one, t)
    const { account } = await consumer(other)
    await rename(other, account.id, 3)
    await told.heard(4)
    assert.deepEqual(new Set(told.changes.map(change => change.revision)), new Set([1, 2, 3, 4]))
  })

  test('many at the same time: no revision is missing or comes twice, and each sees the same order', async t => {
    const url = await places.url(t)
    if (url === null) return
    const stores = await Promise.all(Array.from({ length: 4 }, () => opened(t, url)))
    const { account } = await consumer(stores[0]!)
    const told = stores.map(store => new Told(store, t, 1))
    await Promise.all(
      stores.map(async store => {
        for (let i = 0; i < 25; i++)
          await store.change(actor, tx =>
            tx.applications.insert({ account: account.id, name: newId(), title: '', status: 'active' }),
          )
      }),
    )
    await Promise.all(told.map(one => one.heard(101)))
    const [first, ...others] = told.map(one => one.changes.map(change => `${change.revision} ${change.id}`))
    assert.equal(first?.length, 100)
    for (const other of others) assert.deepEqual(other, first)
  })

  test('nothing is missed while the database is down', async t => {
    const url = await places.url(t)
    const server = await places.postgres(t)
    if (url === null || server === null) return
    const [one, other] = [await opened(t, url), await opened(t, url)]
    const states = new Seen<Error | null>()
    const told = new Told(one, t, 0, { state: error => states.push(error) })
    const { account } = await consumer(other)
    await told.heard(1)
    await server.down()
    await states.first(error => error !== null)
    await server.up()
    await rename(other, account.id, 3)
    await told.heard(4)
    assert.deepEqual(
      told.changes.map(change => change.revision),
      [1, 1, 1, 1, 2, 3, 4],
    )
    await told.caughtUp()
    assert.equal(states.all.at(-1), null)
  })

  test('who is not woken looks by itself', async t => {
    const url = await places.url(t)
    if (url === null) return
    const [one, other] = [await opened(t, url), await opened(t, url)]
    const told = new Told(one, t)
    await told.caughtUp()
    // As behind a pool of connections that does not pass on what is listened for.
    await other.write(tx => deafen.execute(tx.db))
    await consumer(other)
    await told.heard(1)
  })
})

/** Who waits a second waits for 10 ms. */
const hasty: Clock = {
  now: () => Date.now(),
  after: (ms, run) => systemClock.after(ms / 100, run),
}

/** So many revisions without what they are of, which takes less time. */
function pretend(store: Store, revisions: number): Promise<void> {
  return store.write(async ({ db }) => {
    const row = (revision: number) => ({ revision, ordinal: 0, kind: 'account', id: newId(), at: 1 })
    const rows = Array.from({ length: revisions }, (_, i) => row(i + 1))
    await db.insertInto('changes').values(rows).execute()
    await db.updateTable('head').set({ revision: revisions }).execute()
  })
}

/** Ends the connections that listen, and keeps new ones from being made. */
const deafen = sql`select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen portcullis'`

const kinds = ['account', 'application', 'credential', 'subscription']

/** What a follower was told. */
class Told {
  readonly changes: Change[] = []
  readonly resets: number[] = []
  readonly following: ReturnType<Store['follow']>
  private readonly upTo = new Seen<number>()

  constructor(store: Store, t: TestContext, after = 0, more: Partial<Follower> = {}) {
    this.following = store.follow(after, {
      changed: async (changes, revision) => {
        this.changes.push(...changes)
        await more.changed?.(changes, revision)
        this.upTo.push(revision)
      },
      reset: revision => void this.resets.push(revision),
      ...(more.state && { state: more.state }),
    })
    t.after(() => this.following.close())
  }

  caughtUp(): Promise<void> {
    return this.following.caughtUp()
  }

  async heard(revision: number): Promise<void> {
    await this.upTo.first(one => one >= revision)
  }
}

async function rename(store: Store, account: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++)
    await store.change(actor, tx => tx.accounts.update(account, { title: newId() }))
}
