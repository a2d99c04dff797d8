import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as later } from 'node:timers/promises'
import { Fleet } from '../support/fleet.ts'
import { Postgres } from '../support/postgres.ts'
import { TestUpstream } from '../support/upstream.ts'

test('gateways that share a database', async t => {
  const postgres = await Postgres.start(t)
  if (postgres === null) return
  await using database = postgres
  await using upstream = await TestUpstream.start((_, response) => void response.end('here'))
  await using fleet = new Fleet({
    store: database.url(),
    upstream: upstream.port,
  })
  const [a, b] = [await fleet.add(), await fleet.add()]

  const account = await a.ask('POST', '/accounts', { name: 'acme' })
  const application = await a.ask('POST', '/applications', { account: account['id'], name: 'shop' })
  const keys = `/applications/${String(application['id'])}/credentials`
  const first = await a.ask('POST', keys, { kind: 'api-key' })
  const second = await b.ask('POST', keys, { kind: 'api-key' })
  await b.ask('POST', '/subscriptions', {
    application: application['id'],
    product: 'default/pets',
    plan: 'default/free',
  })
  const [one, two] = [String(first['key']), String(second['key'])]
  for (const member of [a, b]) for (const key of [one, two]) await member.until(key, 200)

  // When it was used last is seen by all, whichever was asked.
  while (
    !((await b.ask('GET', keys))['items'] as { readonly lastUsedAt: string | null }[]).every(
      ({ lastUsedAt }) => lastUsedAt !== null,
    )
  )
    await later(50)

  // What one is told, all know.
  const { id } = first as { readonly id?: string }
  await a.ask('POST', `/credentials/${id ?? ''}/revoke`, {})
  await b.until(one, 401)
  assert.deepEqual([await a.status(one), await a.status(two), await b.status(two)], [401, 200, 200])

  // Both have written what they know by the time that they end.
  assert.equal(await b.process.stop(), 0)
  await database.down()
  for (let i = 0; i < 20; i++) assert.deepEqual([await a.status(two), await a.status(one)], [200, 401])
  const again = await fleet.begin(b.place)
  assert.deepEqual([await again.status(two), await again.status(one)], [200, 401])
  await again.process.event('store.last_known')

  // One that knows nothing says that it does not, and not that keys are wrong.
  const fresh = await fleet.add()
  assert.equal(await fresh.status(two), 503)
  await database.up()
  await fresh.until(two, 200)
  assert.equal(await fresh.status(one), 401)
  const third = await a.ask('POST', keys, { kind: 'api-key' })
  for (const member of [a, again, fresh]) await member.until(String(third['key']), 200)
})
