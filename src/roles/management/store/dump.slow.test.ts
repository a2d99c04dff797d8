import assert from 'node:assert/strict'
import { statSync, writeFileSync } from 'node:fs'
import { suite, test, type TestContext } from 'node:test'
import { Folder } from '../../../../test/support/process.ts'
import { Places, engines, opened } from '../../../../test/support/stores.ts'
import { dumped as tables } from './dump.ts'
import { newId } from './ids.ts'
import type { Store } from './store.ts'
import { actor, consumer } from './testing/consumer.ts'

const places = { sqlite: new Places('sqlite'), postgres: new Places('postgres') }

suite('dump and restore', () => {
  for (const from of engines)
    for (const to of engines)
      test(`what ${from} has, ${to} has afterwards`, async t => {
        const stores = await pair(t, from, to)
        if (stores === null) return
        const [source, target] = stores
        const { account } = await filled(source)
        const lines = await dumped(source)
        for (const [table] of tables)
          assert.ok(
            lines.some(line => line.startsWith(`["${table}",`)),
            table,
          )
        const { rows } = await target.restore(each(lines))
        assert.equal(rows, lines.length - 2)
        assert.deepEqual(await dumped(target), lines)
        assert.deepEqual(await target.verifyAudit(), await source.verifyAudit())
        assert.equal(await target.revision(), await source.revision())
        assert.notEqual(target.id, source.id)
        // And it goes on from there.
        const { version } = await target.change(actor, tx => tx.accounts.update(account.id, { title: 'on' }))
        assert.equal(version, (await source.revision()) + 1)
        assert.equal((await target.verifyAudit()).fault, null)
      })

  for (const engine of engines) {
    test(`${engine}: a store that has been used is not restored into`, async t => {
      const stores = await pair(t, 'sqlite', engine)
      if (stores === null) return
      const [source, target] = stores
      const lines = await dumped(source)
      await consumer(target)
      const before = await dumped(target)
      await assert.rejects(target.restore(each(lines)), { code: 'not-empty' })
      assert.deepEqual(await dumped(target), before)
    })

    test(`${engine}: a store in which there is only usage is in use, too`, async t => {
      const stores = await pair(t, 'sqlite', engine)
      if (stores === null) return
      const [source, target] = stores
      const counter = { key: 'a', window: 0, used: 1, updated: 0 }
      await target.write(tx => tx.db.insertInto('quotaCounters').values(counter).execute())
      await assert.rejects(target.restore(each(await dumped(source))), { code: 'not-empty' })
    })

    for (const [what, spoil, message] of [
      ['its end is missing', lines => lines.slice(0, -1), /last line is missing/],
      ['it is empty', () => [], /last line is missing/],
      ['a row is missing', lines => lines.toSpliced(-2, 1), /checksum/],
      ['a row was changed', lines => lines.map(line => line.replace('Acme', 'Evil')), /checksum/],
      ['a line is no JSON', lines => lines.with(2, '{'), /line 3: this is no JSON/],
      ['a table is not known', lines => lines.with(2, '["nothing",{}]'), /line 3: .* known table/],
      [
        'a column is not known',
        lines => lines.with(1, '["organizations",{"colour":"red"}]'),
        /organizations/,
      ],
      ['it is of something else', () => ['{"hello":"world"}'], /line 1: .*format 1/],
      ['something follows its end', lines => [...lines, '["users",{}]'], /behind the end/],
    ] as const satisfies readonly (readonly [
      string,
      (lines: readonly string[]) => readonly string[],
      RegExp,
    ])[])
      test(`${engine}: a dump is refused when ${what}, and nothing of it is kept`, async t => {
        const stores = await pair(t, 'sqlite', engine)
        if (stores === null) return
        const [source, target] = stores
        await filled(source)
        const before = await dumped(target)
        await assert.rejects(target.restore(each(spoil(await dumped(source)))), { code: 'invalid', message })
        assert.deepEqual(await dumped(target), before)
      })

    test(`${engine}: a dump is of one moment, and nobody waits for it`, async t => {
      const stores = await pair(t, engine, 'sqlite')
      if (stores === null) return
      const [source, target] = stores
      const { account } = await filled(source)
      const expected = await dumped(source)
      const lines: string[] = []
      for await (const line of source.dump()) {
        lines.push(line)
        await source.change(actor, tx => tx.accounts.update(account.id, { title: newId() }))
      }
      assert.deepEqual(lines, expected)
      await target.restore(each(lines))
    })

    test(`${engine}: who reads half of a dump holds nothing`, async t => {
      const stores = await pair(t, engine, 'sqlite')
      if (stores === null) return
      const [source] = stores
      await filled(source)
      // More of them than there are connections.
      for (let i = 0; i < 15; i++) for await (const _ of source.dump()) break
      assert.equal((await source.verifyAudit()).fault, null)
    })

    test(`${engine}: a dump of a newer version is refused`, async t => {
      const stores = await pair(t, 'sqlite', engine)
      if (stores === null) return
      const [source, target] = stores
      const lines = (await dumped(source)).map(line => line.replace('"needs":""', '"needs":"0999-future"'))
      await assert.rejects(target.restore(each(lines)), { code: 'newer', message: /0999-future/ })
    })
  }
})

suite('a copy of SQLite', () => {
  test('it is made while others write, is private, and can be opened', async t => {
    const store = (await places.sqlite.store(t))!
    using folder = new Folder()
    const { account } = await filled(store)
    const file = `${folder.path}/copy.db`
    const writing = store.change(actor, tx => tx.accounts.update(account.id, { title: 'meanwhile' }))
    await store.backup(file)
    await writing
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const copy = await opened(t, file)
    assert.equal((await copy.verifyAudit()).fault, null)
    assert.equal((await copy.accounts.get(account.id))?.name, 'acme')
  })

  test('no file is overwritten', async t => {
    const store = (await places.sqlite.store(t))!
    using folder = new Folder()
    const file = `${folder.path}/copy.db`
    writeFileSync(file, 'dear')
    await assert.rejects(store.backup(file), { code: 'exists' })
  })

  test('all of its files are private', async t => {
    const url = (await places.sqlite.url(t))!
    await filled(await opened(t, url))
    for (const suffix of ['', '-wal', '-shm'])
      assert.equal(statSync(url + suffix).mode & 0o777, 0o600, suffix)
  })
})

async function pair(
  t: TestContext,
  from: (typeof engines)[number],
  to: (typeof engines)[number],
): Promise<readonly [Store, Store] | null> {
  const source = await places[from].store(t)
  const target = await places[to].store(t)
  return source === null || target === null ? null : [source, target]
}

/** Something in every table that a dump has. */
async function filled(store: Store) {
  const made = await consumer(store)
  await store.change(actor, async tx => {
    const { id: organization } = made.organization
    const user = await tx.users.insert({
      organization,
      name: 'ann',
      title: 'Ann é “quoted”\n',
      email: null,
      status: 'active',
    })
    const team = await tx.teams.insert({ organization, name: 'pets', title: 'Pets' })
    await tx.teamMembers.insert({ team: team.id, user: user.id })
    const nothing = { user: null, team: null, organization: null, scopeTeam: null, account: null }
    await tx.roleBindings.insert({ ...nothing, user: user.id, role: 'admin' })
    const never = { expires: null, lastUsed: null, revoked: null }
    await tx.tokens.insert({ user: user.id, name: 'laptop', prefix: 'pcp_1', hash: 'h1', ...never })
    const body = JSON.stringify({ kind: 'API', spec: { title: '\u0000 and \u2028' } })
    const object = { group: 'portcullis.dev', kind: 'API', namespace: 'default', name: 'pets' }
    await tx.objects.insert({ ...object, body, generation: 1, owner: null })
    await tx.setSetting('a', 'b')
    const counter = { key: 'k', window: 1, used: 9_007_199_254_740_991, updated: 3 }
    await tx.db.insertInto('quotaCounters').values(counter).execute()
    await usage(tx.db)
  })
  return made
}

async function usage(db: Store['db']): Promise<void> {
  const of = {
    api: 'default/pets',
    version: 'v1',
    operation: 'list',
    subscription: '',
    application: '',
    account: '',
  }
  const more = {
    product: '',
    plan: '',
    outcome: 'served',
    status: '2xx',
    latency: '10',
    overQuota: 0,
    credential: 'c',
  }
  await db
    .insertInto('usageSeries')
    .values({ id: 's', ...of, ...more, created: 1 })
    .execute()
  const row = { bucket: 60_000, series: 's', requests: 1, requestBytes: 2, responseBytes: 3, cost: 0.5 }
  for (const table of ['usageMinutes', 'usageHours', 'usageDays'] as const)
    await db.insertInto(table).values(row).execute()
  await db.insertInto('usageWriters').values({ writer: 'w', entries: '[]', at: 1 }).execute()
}

function dumped(store: Store): Promise<string[]> {
  return Array.fromAsync(store.dump())
}

async function* each(lines: readonly string[]): AsyncGenerator<string> {
  for (const line of lines) yield await Promise.resolve(line)
}
