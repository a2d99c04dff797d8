import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Places, engines } from '../../../../test/support/stores.ts'
import { newId } from './ids.ts'
import type { LoadedApplication, LoadedCredential, LoadedSubscription } from './store.ts'
import { actor, consumer } from './testing/consumer.ts'
import { fill } from './testing/many.ts'

for (const engine of engines)
  suite(`what the data plane loads from ${engine}`, () => {
    const places = new Places(engine)

    test('all that is in force, with what it belongs to, and the revision to follow from', async t => {
      const store = await places.store(t)
      if (store === null) return
      const { account, application, credential, subscription } = await consumer(store)
      await store.change(actor, async tx => {
        await tx.credentials.insert({ ...credential, id: newId(), keyId: 'gone', revoked: 1 })
        const { id: _id, ...rest } = subscription
        await tx.subscriptions.insert({ ...rest, product: 'default/old', status: 'cancelled' })
      })
      const applications: LoadedApplication[] = []
      const subscriptions: LoadedSubscription[] = []
      const credentials: LoadedCredential[] = []
      const revision = await store.load({
        applications: rows => void applications.push(...rows),
        subscriptions: rows => void subscriptions.push(...rows),
        credentials: rows => void credentials.push(...rows),
      })
      assert.equal(revision, await store.revision())
      assert.deepEqual(applications, [
        {
          id: application.id,
          name: 'shop',
          status: 'active',
          account: account.id,
          accountName: 'acme',
          accountStatus: 'active',
        },
      ])
      assert.deepEqual(
        credentials.map(({ id, keyId, account: of }) => ({ id, keyId, of })),
        [{ id: credential.id, keyId: 'abc', of: account.id }],
      )
      assert.deepEqual(
        subscriptions.map(one => one.id),
        [subscription.id],
      )
    })

    test('many come in pieces, each once, while others write', async t => {
      const store = await places.store(t)
      if (store === null) return
      await fill(store, 5_000)
      const ids: string[] = []
      const pieces: number[] = []
      const revision = await store.load({
        credentials: async rows => {
          pieces.push(rows.length)
          ids.push(...rows.map(row => row.id))
          // Of a later moment than the one that is loaded.
          await fill(store, 1)
        },
      })
      assert.equal(new Set(ids).size, 5_000)
      assert.equal(ids.length, 5_000)
      assert.ok(pieces.length > 1)
      assert.ok(revision < (await store.revision()))
    })
  })
