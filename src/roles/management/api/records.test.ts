// The records of management over the wire, on both engines.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AdminRecords } from '../../../../test/support/admin-records.ts'
import { engines, Places } from '../../../../test/support/stores.ts'

const shop = `
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
---
apiVersion: portcullis.dev/v1alpha1
kind: Product
metadata: { name: petstore }
spec:
  apis: [{ name: petstore }]
  plans: [{ name: free }, { name: gold }]
---
apiVersion: portcullis.dev/v1alpha1
kind: Product
metadata: { name: internal }
spec:
  visibility: Private
  apis: [{ name: petstore }]
  plans: [{ name: free }]
---
apiVersion: portcullis.dev/v1alpha1
kind: Plan
metadata: { name: free }
spec: {}
---
apiVersion: portcullis.dev/v1alpha1
kind: Plan
metadata: { name: gold }
spec: { approval: Manual }
`

for (const engine of engines)
  describe(engine, () => {
    const places = new Places(engine)

    test('the first start prints a token that makes the first user, once', async t => {
      const url = await places.url(t)
      if (url === null) return
      const api = await AdminRecords.start(t, url)
      const [token = ''] = api.told
      assert.match(token, /^pcs_[\w-]{32}$/)
      await api.get(403, 'POST', '/v1/setup', { token: null, body: { token: 'pcs_guessed', name: 'ann' } })
      const done = await api.get(201, 'POST', '/v1/setup', { token: null, body: { token, name: 'ann' } })
      assert.match(done.token.secret, /^pcp_/)
      await api.get(409, 'POST', '/v1/setup', { token: null, body: { token, name: 'bob' } })
      const me = await api.get(200, 'GET', '/v1/me', { token: done.token.secret })
      assert.equal(me.user.name, 'ann')
      assert.deepEqual(
        me.bindings.map(({ role, scope }) => [role, scope]),
        [['admin', 'platform']],
      )
      // From now on nothing is open to who has none.
      await api.get(401, 'GET', '/v1/accounts', { token: null })
      await api.get(200, 'GET', '/v1/accounts', { token: done.token.secret })
      const audit = await api.get(200, 'GET', '/v1/audit')
      assert.ok(!JSON.stringify(audit).includes(done.token.secret))
      assert.ok(
        !JSON.stringify(await api.store.db.selectFrom('settings').selectAll().execute()).includes(token),
      )
    })

    test('a token counts until it is revoked, and its use is seen', async t => {
      const url = await places.url(t)
      if (url === null) return
      const api = await AdminRecords.start(t, url)
      const user = await api.get(201, 'PUT', '/v1/users/ann', { body: {} })
      await api.get(201, 'POST', '/v1/role-bindings', {
        body: { user: 'ann', role: 'viewer', scope: 'platform' },
      })
      const made = await api.get(201, 'POST', '/v1/users/ann/tokens', { body: { name: 'laptop' } })
      assert.equal((await api.get(200, 'GET', '/v1/me', { token: made.secret })).user.id, user.id)
      const [listed] = (await api.get(200, 'GET', '/v1/users/ann/tokens', { token: made.secret })).items
      assert.equal(listed?.name, 'laptop')
      assert.equal('secret' in (listed ?? {}), false)
      const hashes = await api.store.db.selectFrom('tokens').selectAll().execute()
      assert.ok(!JSON.stringify(hashes).includes(made.secret))
      await api.get(200, 'DELETE', `/v1/users/ann/tokens/${made.id}`, { token: made.secret })
      await api.get(401, 'GET', '/v1/me', { token: made.secret })
      const other = await api.get(201, 'POST', '/v1/users/ann/tokens', { body: {} })
      await api.get(200, 'PUT', '/v1/users/ann', { body: { status: 'disabled' } })
      await api.get(401, 'GET', '/v1/me', { token: other.secret })
    })

    test('what is there is changed by who has seen it, and made by who expects nothing', async t => {
      const url = await places.url(t)
      if (url === null) return
      const api = await AdminRecords.start(t, url)
      const made = await api.ask('PUT', '/v1/accounts/acme', { body: { title: 'Acme' } })
      assert.equal(made.status, 201)
      const tag = String(made.headers['etag'])
      assert.match(tag, /^"\d+"$/)
      const put = (headers: Record<string, string>, title: string) =>
        api.ask('PUT', '/v1/accounts/acme', { body: { title }, headers })
      assert.equal((await put({ 'if-none-match': '*' }, 'x')).status, 412)
      assert.equal((await put({ 'if-match': '"0"' }, 'x')).status, 412)
      const second = await put({ 'if-match': tag }, 'Acme Inc.')
      assert.equal(second.status, 200)
      assert.notEqual(second.headers['etag'], tag)
      assert.equal((await put({ 'if-match': tag }, 'x')).status, 412)
      // What changes nothing is no other version.
      assert.equal((await put({}, 'Acme Inc.')).headers['etag'], second.headers['etag'])
      assert.equal((await api.ask('GET', '/v1/accounts/acme')).headers['etag'], second.headers['etag'])
      const never = { headers: { 'if-match': '*' }, body: {} }
      assert.equal((await api.ask('PUT', '/v1/accounts/other', never)).status, 412)
    })

    test('a POST that comes again with its key is answered what the first was, without the secret', async t => {
      const url = await places.url(t)
      if (url === null) return
      const api = await AdminRecords.start(t, url)
      await api.get(201, 'PUT', '/v1/accounts/acme', { body: {} })
      const headers = { 'idempotency-key': '"one"' }
      const body = { name: 'mobile', account: 'acme' }
      const first = await api.ask('POST', '/v1/applications', { body, headers })
      const again = await api.ask('POST', '/v1/applications', { body, headers })
      assert.equal(first.status, 201)
      assert.deepEqual([again.status, again.body], [201, first.body])
      assert.equal(again.headers['idempotent-replayed'], 'true')
      assert.equal(again.headers['etag'], first.headers['etag'])
      assert.equal(again.headers['location'], first.headers['location'])
      const other = { body: { name: 'web', account: 'acme' }, headers }
      assert.equal((await api.ask('POST', '/v1/applications', other)).status, 422)
      assert.equal((await api.get(200, 'GET', '/v1/applications')).items.length, 1)
      // What failed may be tried again.
      const bad = { body: { name: 'x', account: 'nobody' }, headers: { 'idempotency-key': 'two' } }
      assert.equal((await api.ask('POST', '/v1/applications', bad)).status, 404)
      await api.get(201, 'PUT', '/v1/accounts/nobody', { body: {} })
      assert.equal((await api.ask('POST', '/v1/applications', bad)).status, 201)
      const credentials = `/v1/applications/${first.body.id}/credentials`
      const key = { body: {}, headers: { 'idempotency-key': 'three' } }
      const made = await api.ask('POST', credentials, key)
      assert.match(made.body.key, /^pc_test_/)
      const twice = await api.ask('POST', credentials, key)
      assert.deepEqual(twice.body, { ...made.body, key: null })
      const kept = JSON.stringify(await api.store.db.selectFrom('idempotency').selectAll().execute())
      assert.ok(!kept.includes(made.body.key))
    })

    test('a role for an account, or in one organization, gives no power over what others are let through by', async t => {
      const url = await places.url(t)
      if (url === null) return
      const api = await AdminRecords.start(
        t,
        url,
        `${shop}---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front }
spec:
  gatewayClassName: portcullis
  listeners: [{ name: http, protocol: HTTP, port: 8080 }]
`,
      )
      await api.get(201, 'PUT', '/v1/accounts/acme', { body: {} })
      const app = await api.get(201, 'PUT', '/v1/applications/mobile?account=acme', { body: {} })
      const userWith = async (name: string, binding: object): Promise<string> => {
        await api.get(201, 'POST', '/v1/users', { body: { name } })
        await api.get(201, 'POST', '/v1/role-bindings', { body: { user: name, ...binding } })
        return (await api.get(201, 'POST', `/v1/users/${name}/tokens`, { body: {} })).secret
      }
      const dev = await userWith('dev', { role: 'developer', scope: 'account', of: 'acme' })
      const path = `/v1/applications/${app.id}/credentials`
      // Scopes are what rules of the API's owner go by.
      await api.get(403, 'POST', path, { token: dev, body: { scopes: ['admin'] } })
      await api.get(201, 'POST', path, { token: dev, body: {} })
      // What was given stays when the key is rotated.
      const given = await api.get(201, 'POST', path, { body: { scopes: ['read'] } })
      const next = await api.get(201, 'POST', `/v1/credentials/${given.id}/rotate`, { token: dev, body: {} })
      assert.deepEqual(next.scopes, ['read'])
      const owner = await userWith('owner', {
        role: 'api-owner',
        scope: 'organization',
        organization: 'default',
      })
      const policyFor = (group: string, kind: string, name: string) => ({
        apiVersion: 'portcullis.dev/v1alpha1',
        kind: 'AuthorizationPolicy',
        metadata: { name: 'all', namespace: 'default' },
        spec: {
          targetRefs: [{ group, kind, name }],
          rules: [{ name: 'nobody', action: 'Deny', to: { paths: ['/*'] } }],
        },
      })
      const put = '/v1/objects/portcullis.dev/AuthorizationPolicy/default/all'
      const [gateway, own] = [
        policyFor('gateway.networking.k8s.io', 'Gateway', 'front'),
        policyFor('portcullis.dev', 'API', 'petstore'),
      ]
      // It would deny every organization.
      await api.get(403, 'PUT', put, { token: owner, body: gateway })
      await api.get(201, 'PUT', put, { token: owner, body: own })
    })

    test('credentials: shown once, rotated with an overlap, revoked', async t => {
      const url = await places.url(t)
      if (url === null) return
      const api = await AdminRecords.start(t, url)
      await api.get(201, 'PUT', '/v1/accounts/acme', { body: {} })
      const app = await api.get(201, 'PUT', '/v1/applications/mobile?account=acme', { body: {} })
      const path = `/v1/applications/${app.id}/credentials`
      const first = await api.get(201, 'POST', path, { body: { name: 'ci', scopes: ['read', 'write'] } })
      assert.equal(first.key.startsWith(first.prefix), true)
      const next = await api.get(201, 'POST', `/v1/credentials/${first.id}/rotate`, {
        body: { overlapS: 60 },
      })
      assert.deepEqual([next.replaces, next.name, next.scopes], [first.id, 'ci', ['read', 'write']])
      assert.notEqual(next.key, first.key)
      const old = await api.get(200, 'GET', `/v1/credentials/${first.id}`)
      assert.equal(old.status, 'active')
      assert.equal(Date.parse(old.expiresAt) - Date.parse(next.createdAt), 60_000)
      await api.get(200, 'POST', `/v1/credentials/${next.id}/revoke`, { body: {} })
      await api.get(409, 'POST', `/v1/credentials/${next.id}/rotate`, { body: {} })
      const at0 = await api.get(201, 'POST', `/v1/credentials/${first.id}/rotate`, { body: { overlapS: 0 } })
      assert.equal((await api.get(200, 'GET', `/v1/credentials/${first.id}`)).status, 'revoked')
      const { items } = await api.get(200, 'GET', path)
      assert.deepEqual(
        items.map(({ status }) => status),
        ['revoked', 'revoked', 'active'],
      )
      const basic = await api.get(201, 'POST', path, { body: { kind: 'basic', user: 'till' } })
      assert.equal(basic.key.length, 32)
      await api.get(409, 'POST', path, { body: { kind: 'basic', user: 'till' } })
      const cert = await api.get(201, 'POST', path, { body: { kind: 'certificate', subject: 'CN=till' } })
      assert.equal(cert.key, null)
      await api.get(422, 'POST', path, { body: { kind: 'certificate' } })
      await api.get(422, 'POST', path, { body: { user: 'x' } })
      await api.get(422, 'POST', path, { body: { expiresAt: '2020-01-01T00:00:00Z' } })
      const all = JSON.stringify([
        items,
        await api.get(200, 'GET', '/v1/audit?limit=1000'),
        await api.store.db.selectFrom('credentials').selectAll().execute(),
      ])
      for (const { key } of [first, next, at0, basic]) assert.ok(!all.includes(key))
      await api.get(200, 'DELETE', `/v1/applications/${app.id}`)
      await api.get(404, 'GET', `/v1/credentials/${first.id}`)
    })

    test('subscriptions: approval, every step, change of plan', async t => {
      const url = await places.url(t)
      if (url === null) return
      const api = await AdminRecords.start(t, url, shop)
      await api.get(201, 'PUT', '/v1/accounts/acme', { body: {} })
      const app = await api.get(201, 'PUT', '/v1/applications/mobile?account=acme', { body: {} })
      const subscribe = (product: string, plan: string, status = 201) =>
        api.get(status, 'POST', '/v1/subscriptions', { body: { application: app.id, product, plan } })
      const none = await subscribe('nothing', 'free', 422)
      assert.match(none.detail, /there is no product default\/nothing in force/)
      assert.match((await subscribe('petstore', 'lead', 422)).detail, /one of default\/free, default\/gold/)
      const free = await subscribe('petstore', 'free')
      assert.deepEqual([free.status, free.approvedBy, free.plan], ['active', 'auto', 'default/free'])
      assert.match((await subscribe('petstore', 'gold', 409)).detail, /already/)
      const at = (id: string, step: string, status = 200, body = {}) =>
        api.get(status, 'POST', `/v1/subscriptions/${id}/${step}`, { body })
      await at(free.id, 'approve', 200)
      assert.equal((await at(free.id, 'suspend', 200, { reason: 'unpaid' })).reason, 'unpaid')
      await at(free.id, 'approve', 409)
      assert.equal((await at(free.id, 'resume')).status, 'active')
      const gold = await api.get(200, 'PATCH', `/v1/subscriptions/${free.id}`, { body: { plan: 'gold' } })
      assert.deepEqual(
        [gold.plan, gold.previousPlan, gold.since],
        ['default/gold', 'default/free', free.since],
      )
      await at(free.id, 'cancel')
      await at(free.id, 'resume', 409)
      const wanted = await subscribe('petstore', 'gold')
      assert.deepEqual([wanted.status, wanted.since], ['pending', null])
      await at(wanted.id, 'reject', 200, { reason: 'no' })
      const second = await subscribe('petstore', 'gold')
      const approved = await at(second.id, 'approve')
      assert.deepEqual([approved.status, approved.approvedBy], ['active', 'operator'])
      const { items } = await api.get(200, 'GET', '/v1/subscriptions?status=active&product=petstore')
      assert.deepEqual(
        items.map(({ id }) => id),
        [second.id],
      )
      const { items: apis } = await api.get(200, 'GET', '/v1/apis')
      assert.deepEqual(apis[0]?.products, ['default/internal', 'default/petstore'])
    })

    test('a purge of the cache is an event too, with who has done it', async t => {
      const url = await places.url(t)
      if (url === null) return
      const api = await AdminRecords.start(t, url)
      await api.get(200, 'POST', '/v1/cache/purge', { body: { tag: 'items' } })
      await api.get(422, 'POST', '/v1/cache/purge', { body: {} })
      const { items } = await api.get(200, 'GET', '/v1/audit?kind=cache')
      assert.deepEqual(
        items.map(({ action, object, actor, by }) => [action, object, actor, by]),
        [['cache.purge', 'items', 'operator', 'socket']],
      )
    })

    test('pages go on where they ended, and every change is one event of a chain that holds', async t => {
      const url = await places.url(t)
      if (url === null) return
      const api = await AdminRecords.start(t, url)
      for (let i = 0; i < 5; i++) await api.get(201, 'PUT', `/v1/accounts/a${i}`, { body: {} })
      const names: string[] = []
      let next: string | null = ''
      while (next !== null) {
        const page = await api.get(200, 'GET', `/v1/accounts?limit=2${next && `&cursor=${next}`}`)
        names.push(...page.items.map(({ name }) => name))
        next = page.next
      }
      assert.deepEqual(names, ['a0', 'a1', 'a2', 'a3', 'a4'])
      await api.get(422, 'GET', '/v1/accounts?cursor=1')
      const { items } = await api.get(200, 'GET', '/v1/audit?kind=account')
      assert.deepEqual(
        items.map(({ action, name, actor, by }) => [action, name, actor, by]),
        ['a4', 'a3', 'a2', 'a1', 'a0'].map(name => ['account.create', name, 'operator', 'socket']),
      )
      const verdict = await api.get(200, 'GET', '/v1/audit/verify')
      assert.equal(verdict.ok, true)
      await api.store.write(tx =>
        tx.db.updateTable('audit').set({ actor: 'user:mallory' }).where('seq', '=', 2).execute(),
      )
      const broken = await api.get(200, 'GET', '/v1/audit/verify')
      assert.deepEqual([broken.ok, broken.seq], [false, 1])
      const lines = (await api.ask('GET', '/v1/backup')).text.trim().split('\n')
      assert.ok(lines.length > 5)
      for (const line of lines) JSON.parse(line)
    })
  })
