import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { Places, engines } from '../../../../test/support/stores.ts'
import type { Store } from './store.ts'
import { actor, consumer } from './testing/consumer.ts'

for (const engine of engines)
  suite(`audit in ${engine}`, () => {
    const places = new Places(engine)

    test('each change of a record is an entry: who, what, before and after', async t => {
      const store = await places.store(t)
      if (store === null) return
      const { account, organization } = await consumer(store)
      await store.change({ actor: 'socket', by: 'socket', request: null }, tx =>
        tx.accounts.update(account.id, { title: 'New' }, { action: 'rename' }),
      )
      const [last] = (await store.audit({ limit: 1 })).items
      assert.ok(last)
      const { actor: who, by, action, kind, object, name, request, before, after } = last
      assert.deepEqual(
        { who, by, action, kind, object, name, request, organization: last.organization },
        {
          who: 'socket',
          by: 'socket',
          action: 'rename',
          kind: 'account',
          object: account.id,
          name: 'acme',
          request: null,
          organization: organization.id,
        },
      )
      assert.deepEqual(
        [before, after].map(text => (JSON.parse(text!) as { title: string }).title),
        ['Acme', 'New'],
      )
    })

    test('entries of all that belongs to an organisation say so', async t => {
      const store = await places.store(t)
      if (store === null) return
      const { organization } = await consumer(store)
      const { items } = await store.audit({ where: { organization: organization.id } })
      assert.deepEqual(items.map(one => one.kind).toSorted(), [
        'account',
        'application',
        'credential',
        'subscription',
      ])
    })

    test('no entry has a hash or the version of a pepper, nor what somebody says is not to be shown', async t => {
      const store = await places.store(t)
      if (store === null) return
      const { credential } = await consumer(store)
      await store.change(actor, async tx => {
        await tx.credentials.update(credential.id, { hash: 'another-hash', revoked: 1 })
        const body = '{"data":{"password":"hidden"}}'
        await tx.objects.insert(
          { group: '', kind: 'Secret', namespace: 'default', name: 's', body, generation: 1, owner: null },
          { shown: { after: { name: 's' } } },
        )
      })
      const text = JSON.stringify((await store.audit({})).items)
      assert.doesNotMatch(text, /hash-of-a-secret|another-hash|pepper|hidden/)
      assert.match(text, /revoked/)
    })

    test('it can be asked by field and time, newest first, page by page', async t => {
      const store = await places.store(t)
      if (store === null) return
      const { account } = await consumer(store)
      await store.change(actor, tx => tx.accounts.update(account.id, { title: 'New' }))
      const first = await store.audit({ limit: 3 })
      const rest = await store.audit({ limit: 3, before: first.next })
      assert.deepEqual(
        [...first.items, ...rest.items].map(one => one.seq),
        [5, 4, 3, 2, 1],
      )
      assert.equal(rest.next, null)
      const updates = await store.audit({ where: { action: 'update', kind: ['account', 'user'] } })
      assert.deepEqual(
        updates.items.map(one => one.object),
        [account.id],
      )
      assert.deepEqual((await store.audit({ untilMs: account.created })).items, [])
    })

    test('the chain is what is described: SHA-256 of the canonical JSON of all but the hash', async t => {
      const store = await places.store(t)
      if (store === null) return
      await consumer(store)
      const entries = (await store.audit({})).items.toReversed()
      let hash = ''
      for (const entry of entries) {
        assert.equal(entry.prevHash, hash)
        const names = Object.keys(entry)
          .filter(name => name !== 'hash')
          .toSorted()
        const text = `{${names.map(name => `"${name}":${JSON.stringify(entry[name as 'seq'])}`).join(',')}}`
        hash = createHash('sha256').update(text).digest('hex')
        assert.equal(entry.hash, hash)
      }
      assert.deepEqual(await store.verifyAudit(), { entries: 4, fault: null })
    })

    for (const [what, statement, entries, fault] of [
      ['a field was changed', `update audit set actor = 'nobody' where seq = 2`, 1, [2, /changed/]],
      ['what was after was changed', `update audit set after = '{}' where seq = 3`, 2, [3, /changed/]],
      ['an entry was removed', `delete from audit where seq = 3`, 2, [3, /entry 3 is missing/]],
      ['the last was removed', `delete from audit where seq = 4`, 3, [4, /entry 4 is missing/]],
      ['all were removed', `delete from audit`, 0, [1, /entry 1 is missing/]],
      ['the first were removed', `delete from audit where seq < 3`, 0, [1, /entry 1 is missing/]],
      [
        'one was removed, and those behind it moved up',
        `delete from audit where seq = 2; update audit set seq = seq - 1 where seq > 2`,
        1,
        [2, /does not follow/],
      ],
      [
        'one was added at the end',
        `insert into audit select 5, at, actor, by, action, kind, object, name, organization, before, after, request, hash, hash from audit where seq = 4`,
        4,
        [5, /changed/],
      ],
    ] as const)
      test(`it says where the chain breaks: ${what}`, async t => {
        const store = await places.store(t)
        if (store === null) return
        await consumer(store)
        await tamper(store, statement)
        const found = await store.verifyAudit()
        assert.equal(found.entries, entries)
        assert.equal(found.fault?.seq, fault[0])
        assert.match(found.fault.reason, fault[1])
      })
  })

/** As somebody would who has the database. */
async function tamper(store: Store, statements: string): Promise<void> {
  for (const one of statements.split('; ')) await store.write(tx => sql.raw(quoted(one)).execute(tx.db))
}

/** Some names of columns are words of SQL. */
function quoted(statement: string): string {
  return statement.replaceAll(/\b(by|before|after|object|action)\b/g, '"$1"')
}
