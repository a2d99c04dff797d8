// Whose usage somebody sees, and for how long it is kept, over the wire.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AdminRecords } from '../../../../test/support/admin-records.ts'
import { engines, Places } from '../../../../test/support/stores.ts'
import type { Usage, UsageRetention } from '../../../api/shapes/usage.ts'
import { Entry } from '../usage/entry.ts'
import { StoredEntries } from '../usage/entry-store.ts'

const declared = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: petstore }
spec:
  rules: [{ name: all }]
---
apiVersion: portcullis.dev/v1alpha1
kind: API
metadata: { name: petstore }
spec:
  owner: pets
  routeRefs: [{ name: petstore }]
`

/** One request of each API by each account. */
async function use(api: AdminRecords, accounts: readonly string[]): Promise<void> {
  const entry = new Entry({ writer: 'w', number: 1 })
  const who = { subscription: '', application: '', product: '', plan: '', credential: '' }
  const operations = [{ operation: '', cells: [0, 1, 0, 0, 0] }]
  const consumers = accounts.map(account => ({ ...who, account, operations }))
  const apis = ['default/petstore', 'default/other'].map(one => ({ api: one, version: 'v1', consumers }))
  entry.add({ book: 'b', number: 1, minuteMs: Math.floor(Date.now() / 60_000) * 60_000, apis })
  await new StoredEntries(api.store, Date.now).write(entry)
}

for (const engine of engines)
  describe(engine, () => {
    const places = new Places(engine)

    test('everybody sees what their roles are for', async t => {
      const url = await places.url(t)
      if (url === null) return
      const api = await AdminRecords.start(t, url, declared)
      await api.get(201, 'PUT', '/v1/organizations/globex', { body: {} })
      const acme = await api.get(201, 'PUT', '/v1/accounts/acme', { body: {} })
      const other = await api.get(201, 'PUT', '/v1/accounts/other?organization=globex', { body: {} })
      await api.get(201, 'PUT', '/v1/teams/pets', { body: {} })
      await use(api, [acme.id, other.id, ''])
      const seen = async (user: string, binding: object | null): Promise<number> => {
        await api.get(201, 'PUT', `/v1/users/${user}`, { body: {} })
        if (binding !== null) await api.get(201, 'POST', '/v1/role-bindings', { body: { user, ...binding } })
        const { secret: token } = await api.get(201, 'POST', `/v1/users/${user}/tokens`, {
          body: { name: 't' },
        })
        const status = binding === null ? 403 : 200
        const answer = (await api.get(status, 'GET', '/v1/usage?groupBy=account,api', {
          token,
        })) as unknown as Usage
        return binding === null ? 0 : answer.total!.requests
      }
      assert.equal(await seen('nobody', null), 0)
      assert.equal(await seen('ann', { role: 'viewer', scope: 'platform' }), 6)
      // Of the account: both APIs.
      assert.equal(await seen('dev', { role: 'developer', scope: 'account', of: 'acme' }), 2)
      // Of the team: what anybody did with its API.
      assert.equal(await seen('owner', { role: 'api-owner', scope: 'team', of: 'pets' }), 3)
      assert.equal(await seen('hank', { role: 'viewer', scope: 'organization', organization: 'globex' }), 2)
    })

    test('usage is kept for as long as somebody says', async t => {
      const url = await places.url(t)
      if (url === null) return
      const api = await AdminRecords.start(t, url)
      const path = '/v1/usage/retention'
      const read = async () => (await api.get(200, 'GET', path)) as unknown as UsageRetention
      assert.deepEqual(await read(), { minutesHours: 48, hoursDays: 100, daysDays: 1_155 })
      const wanted = { minutesHours: 24, hoursDays: 10, daysDays: 40 }
      await api.get(200, 'PUT', path, { body: wanted })
      assert.deepEqual(await read(), wanted)
      const { items } = await api.get(200, 'GET', '/v1/audit?kind=setting')
      assert.equal(items.length, 1)
      await api.get(422, 'PUT', path, { body: { ...wanted, hoursDays: 41 } })
      await api.get(400, 'PUT', path, { body: { ...wanted, minutesHours: 0 } })
      await api.get(401, 'PUT', path, { body: wanted, token: null })
      assert.deepEqual(await read(), wanted)
    })
  })
