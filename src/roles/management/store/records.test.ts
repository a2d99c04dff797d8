import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Places, engines } from '../../../../test/support/stores.ts'
import { newId } from './ids.ts'
import type { ChangeTx, Store } from './store.ts'
import { actor, consumer } from './testing/consumer.ts'

for (const engine of engines)
  suite(`records in ${engine}`, () => {
    const places = new Places(engine)

    test('what is recorded is there, with an id, times, and the revision as its version', async t => {
      const store = await places.store(t)
      if (store === null) return
      const { account, organization } = await consumer(store)
      assert.deepEqual(await store.accounts.get(account.id), account)
      assert.equal(account.version, await store.revision())
      assert.equal(account.organization, organization.id)
      assert.deepEqual(await store.accounts.find({ organization: organization.id, name: 'acme' }), account)
      assert.equal(await store.accounts.get(newId()), null)
      assert.equal(await store.accounts.find({ name: 'nobody' }), null)
    })

    test('numbers come back as numbers, and what is not there as null', async t => {
      const store = await places.store(t)
      if (store === null) return
      const { credential } = await consumer(store)
      const { pepper, expires, notBefore } = (await store.credentials.get(credential.id))!
      assert.deepEqual(
        { pepper, expires, notBefore },
        { pepper: 1, expires: 4_102_444_800_000, notBefore: null },
      )
      const sum = await store.db
        .selectFrom('credentials')
        .select(eb => [eb.fn.sum('expires').as('sum'), eb.fn.countAll().as('count')])
        .executeTakeFirstOrThrow()
      assert.deepEqual(sum, { sum: 4_102_444_800_000, count: 1 })
    })

    test('a list goes on where its page has ended', async t => {
      const store = await places.store(t)
      if (store === null) return
      const { account } = await consumer(store)
      const names = ['one', 'two', 'three', 'four', 'five']
      await store.change(actor, async tx => {
        for (const name of names) await application(tx, account.id, name)
      })
      const where = { account: account.id, name: names }
      const seen: string[] = []
      for (let after: string | null = null; ;) {
        const page = await store.applications.list({ where, after, limit: 2 })
        seen.push(...page.items.map(one => one.name))
        if (page.next === null) break
        after = page.next
      }
      assert.deepEqual(seen, names)
      assert.deepEqual((await store.applications.list({ where: { name: [] } })).items, [])
    })

    test('an update needs the version that it was made from, where it names one', async t => {
      const store = await places.store(t)
      if (store === null) return
      const { account } = await consumer(store)
      const change = (title: string, version: number) =>
        store.change(actor, tx => tx.accounts.update(account.id, { title }, { version }))
      const changed = await change('New', account.version)
      assert.equal(changed.title, 'New')
      assert.ok(changed.version > account.version)
      await assert.rejects(change('Late', account.version), { code: 'changed' })
      await assert.rejects(
        store.change(actor, tx => tx.accounts.remove(account.id, { version: account.version })),
        { code: 'changed' },
      )
      assert.equal((await store.accounts.get(account.id))?.title, 'New')
    })

    test('what changes nothing is no change', async t => {
      const store = await places.store(t)
      if (store === null) return
      const { account } = await consumer(store)
      const before = await store.revision()
      const same = await store.change(actor, tx => tx.accounts.update(account.id, { title: account.title }))
      assert.deepEqual(same, account)
      assert.equal(await store.revision(), before)
    })

    for (const [what, code, work] of [
      ['a name that is taken', 'exists', (tx, { account }) => application(tx, account.id, 'shop')],
      ['what belongs to nobody', 'missing', tx => application(tx, newId(), 'shop')],
      ['an update of nothing', 'missing', tx => tx.accounts.update(newId(), { title: 'x' })],
      ['the removal of nothing', 'missing', tx => tx.accounts.remove(newId())],
      ['the removal of what is needed', 'referenced', (tx, { account }) => tx.accounts.remove(account.id)],
      [
        'a key id that another credential has',
        'exists',
        (tx, { credential }) => tx.credentials.insert({ ...credential, id: newId() }),
      ],
      [
        'a second subscription beside one that lives',
        'exists',
        (tx, { subscription }) =>
          tx.subscriptions.insert({ ...subscription, id: newId(), status: 'pending' }),
      ],
    ] as const satisfies readonly (readonly [string, string, (tx: ChangeTx, of: Of) => Promise<unknown>])[])
      test(`${what} is refused as ${code}, and nothing has happened`, async t => {
        const store = await places.store(t)
        if (store === null) return
        const made = await consumer(store)
        const before = await everything(store)
        const both = store.change(actor, async tx => {
          await tx.accounts.update(made.account.id, { title: 'not to be seen' })
          await work(tx, made)
        })
        await assert.rejects(both, { name: 'StoreError', code })
        assert.deepEqual(await everything(store), before)
      })

    test('what was revoked or cancelled does not keep its place', async t => {
      const store = await places.store(t)
      if (store === null) return
      const { credential, subscription } = await consumer(store)
      await store.change(actor, async tx => {
        await tx.credentials.update(credential.id, { revoked: tx.now }, { action: 'revoke' })
        await tx.credentials.insert({ ...credential, id: newId() })
        await tx.subscriptions.update(subscription.id, { status: 'cancelled' })
        await tx.subscriptions.insert({ ...subscription, id: newId() })
      })
    })

    test('changes happen one after another: what one has read, no other has changed when it writes', async t => {
      const store = await places.store(t)
      if (store === null) return
      const { account } = await consumer(store)
      const before = await store.revision()
      const more = () =>
        store.change(actor, async tx => {
          const { title } = (await tx.accounts.get(account.id))!
          return tx.accounts.update(account.id, { title: `${title}+` })
        })
      const versions = (await Promise.all(Array.from({ length: 20 }, more))).map(one => one.version)
      assert.deepEqual(
        versions.toSorted((a, b) => a - b),
        Array.from({ length: 20 }, (_, i) => before + 1 + i),
      )
      assert.equal((await store.accounts.get(account.id))?.title, `Acme${'+'.repeat(20)}`)
    })

    test('nobody sees what is not committed', async t => {
      const store = await places.store(t)
      if (store === null) return
      const { account } = await consumer(store)
      await store.change(actor, async tx => {
        await tx.accounts.update(account.id, { title: 'later' })
        assert.equal((await tx.accounts.get(account.id))?.title, 'later')
        assert.equal((await store.accounts.get(account.id))?.title, 'Acme')
        assert.equal(await store.revision(), account.version)
      })
      assert.equal((await store.accounts.get(account.id))?.title, 'later')
    })

    test('last use is remembered, never goes back, and is no change of the record', async t => {
      const store = await places.store(t)
      if (store === null) return
      const { credential } = await consumer(store)
      for (const at of [2_000, 1_000]) await store.used('credentials', new Map([[credential.id, at]]))
      assert.deepEqual(await store.credentials.get(credential.id), { ...credential, lastUsed: 2_000 })
    })

    test('settings are set, read, and taken away', async t => {
      const store = await places.store(t)
      if (store === null) return
      for (const value of ['one', 'two', null]) {
        await store.write(tx => tx.setSetting('greeting', value))
        assert.equal(await store.setting('greeting'), value)
      }
    })
  })

type Of = Awaited<ReturnType<typeof consumer>>

function application(tx: ChangeTx, account: string, name: string) {
  return tx.applications.insert({ account, name, title: name, status: 'active' })
}

async function everything(store: Store): Promise<readonly string[]> {
  return Array.fromAsync(store.dump())
}
