// What a hostile user of the Admin API tries, on both engines; a neighbour's records and the audit stay what they are.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Client } from 'pg'
import { AdminRecords, type Told } from '../support/admin-records.ts'
import { Postgres } from '../support/postgres.ts'
import { engines, Places } from '../support/stores.ts'

/** Names that a terminal, a page or a database would do something with. */
const hostile = [
  'a\u0000b',
  '\ud800',
  '\udfffx',
  '\u001b]0;owned\u0007',
  'two\nlines',
  '\u009b2J',
  'gro.\u202egnp.exe',
  '\u2066hidden\u2069',
  'line\u2028separator',
]
/** What is only odd is text, and comes back as it was. */
const odd = ['<img src=x onerror=alert(1)>', "'; drop table accounts;--", '=cmd|x', '😀 ü \u200e', '\u0600']

for (const engine of engines)
  describe(engine, () => {
    const places = new Places(engine)

    /** A user with this role in an organization of its own, and what that is. */
    async function tenant(api: AdminRecords, name: string, role: string) {
      const { id } = await api.get(201, 'POST', '/v1/organizations', { body: { name } })
      const user = { name: `user-of-${name}`, organization: name }
      await api.get(201, 'POST', '/v1/users', { body: user })
      const binding = { user: user.name, role, scope: 'organization', organization: name }
      await api.get(201, 'POST', '/v1/role-bindings', { body: binding })
      const made = await api.get(201, 'POST', `/v1/users/${user.name}/tokens`, { body: {} })
      return { id, token: made.secret }
    }

    test('texts that nobody could read or keep are refused wherever they may stand, and the audit holds', async t => {
      const url = await places.url(t)
      if (url === null) return
      const api = await AdminRecords.start(t, url)
      await api.get(201, 'PUT', '/v1/accounts/acme', { body: {} })
      const shop = await api.get(201, 'PUT', '/v1/applications/shop?account=acme', { body: {} })
      const keys = `/v1/applications/${shop.id}/credentials`
      for (const [i, title] of hostile.entries()) {
        for (const [method, path, body] of [
          ['PUT', '/v1/accounts/acme', { title }],
          ['PUT', `/v1/applications/${shop.id}`, { title }],
          ['POST', '/v1/users', { name: `u${i}`, title }],
          ['POST', '/v1/users', { name: `u${i}`, email: title }],
          ['POST', '/v1/organizations', { name: `o${i}`, title }],
          ['POST', '/v1/teams', { name: `t${i}`, title }],
          ['POST', keys, { kind: 'api-key', name: title }],
          ['POST', keys, { kind: 'certificate', subject: title }],
          ['POST', keys, { kind: 'basic', user: title }],
        ] as const) {
          const { detail } = await api.get(400, method, path, { body })
          assert.match(detail, /has a character that is no text|must match pattern/)
        }
      }
      const parameter = encodeURIComponent('a\u0000b')
      for (const path of [
        ...['actor', 'kind', 'object', 'action'].map(name => `/v1/audit?${name}=${parameter}`),
        ...['operation', 'application', 'groupBy'].map(name => `/v1/usage?${name}=${parameter}`),
        ...['kind', 'namespace', 'owner'].map(name => `/v1/stored-objects?${name}=${parameter}`),
        `/v1/accounts?organization=${parameter}`,
        `/v1/accounts/${parameter}`,
        `/v1/applications/shop?account=${parameter}`,
        `/v1/apis?q=${parameter}`,
        `/v1/apis/default/${parameter}`,
      ]) {
        const { status, text } = await api.ask('GET', path)
        assert.ok(status >= 400 && status < 500, `${path}: ${status} ${text}`)
      }
      for (const title of odd) {
        await api.get(200, 'PUT', '/v1/accounts/acme', { body: { title } })
        await api.get(201, 'POST', keys, { body: { kind: 'api-key', name: title } })
        assert.match(
          (await api.ask('GET', '/v1/accounts/acme')).text,
          new RegExp(RegExp.escape(JSON.stringify(title))),
        )
      }
      assert.equal((await api.get(200, 'GET', '/v1/audit/verify')).ok, true)
    })

    test('of two who change the same version at the same time one does, however many try', async t => {
      const url = await places.url(t)
      if (url === null) return
      const api = await AdminRecords.start(t, url)
      await api.get(201, 'PUT', '/v1/accounts/acme', { body: {} })
      for (let round = 0; round < 3; round++) {
        const { headers } = await api.ask('GET', '/v1/accounts/acme')
        const etag = String(headers['etag'])
        const tried = await Promise.all(
          Array.from({ length: 12 }, (_, i) =>
            api.ask('PUT', '/v1/accounts/acme', {
              body: { title: `${round} ${i}` },
              headers: { 'if-match': etag },
            }),
          ),
        )
        assert.deepEqual(
          tried.map(({ status }) => status).toSorted((a, b) => a - b),
          [200, ...Array<number>(11).fill(412)],
        )
      }
      // A weak one, a list of others, and none that anybody has given.
      for (const wrong of ['W/"1"', '"0", "99999"', '"\' or 1=1"', 'x'])
        assert.ok(
          [400, 412].includes(
            (await api.ask('DELETE', '/v1/accounts/acme', { headers: { 'if-match': wrong } })).status,
          ),
        )
      await api.get(200, 'GET', '/v1/accounts/acme')
    })

    test('what one tenant has is not there for another, by any name, key, cursor or list', async t => {
      const url = await places.url(t)
      if (url === null) return
      const api = await AdminRecords.start(t, url)
      const [victim, evil] = [await tenant(api, 'victim', 'admin'), await tenant(api, 'evil', 'admin')]
      const by = (token: string, method: string, path: string, body?: unknown, headers = {}) =>
        api.ask(method, path, { token, headers, ...(body !== undefined && { body }) })
      const key = { 'idempotency-key': 'the-same-key' }
      const mine = await by(
        victim.token,
        'POST',
        '/v1/accounts',
        { name: 'acme', organization: 'victim' },
        key,
      )
      assert.equal(mine.status, 201, mine.text)
      const { id } = mine.body
      const app = await by(victim.token, 'POST', '/v1/applications', { account: id, name: 'shop' })
      const credential = await by(victim.token, 'POST', `/v1/applications/${app.body.id}/credentials`, {})
      assert.equal(credential.status, 201, credential.text)
      // The same key of another is another one; the answer of the first is not theirs.
      const theirs = await by(evil.token, 'POST', '/v1/accounts', { name: 'acme', organization: 'evil' }, key)
      assert.equal(theirs.status, 201, theirs.text)
      assert.notEqual(theirs.body.id, id)
      const conflict = await by(
        evil.token,
        'POST',
        '/v1/accounts',
        { name: 'other', organization: 'evil' },
        key,
      )
      assert.equal(conflict.status, 422)
      const secrets = [id, app.body.id, credential.body.id, victim.id, 'user-of-victim']
      for (const [method, path, body] of [
        ['GET', `/v1/accounts/${id}`],
        ['GET', '/v1/accounts/acme?organization=victim'],
        ['PUT', `/v1/accounts/${id}`, { title: 'theirs' }],
        ['DELETE', `/v1/accounts/${id}`],
        ['GET', `/v1/applications/${app.body.id}`],
        ['PUT', `/v1/applications/${app.body.id}`, { title: 'theirs' }],
        ['DELETE', `/v1/applications/${app.body.id}`],
        ['POST', `/v1/applications/${app.body.id}/credentials`, {}],
        ['GET', `/v1/credentials/${credential.body.id}`],
        ['POST', `/v1/credentials/${credential.body.id}/rotate`, {}],
        ['POST', `/v1/credentials/${credential.body.id}/revoke`, {}],
        ['POST', '/v1/applications', { account: id, name: 'mine' }],
        ['GET', `/v1/organizations/${victim.id}`],
        ['PUT', '/v1/organizations/victim', { title: 'theirs' }],
        ['GET', '/v1/users/user-of-victim'],
        ['POST', '/v1/users/user-of-victim/tokens', {}],
        [
          'POST',
          '/v1/role-bindings',
          { user: 'user-of-evil', role: 'admin', scope: 'organization', organization: 'victim' },
        ],
        ['POST', '/v1/role-bindings', { user: 'user-of-evil', role: 'admin', scope: 'platform' }],
        ['POST', '/v1/users', { name: 'spy', organization: 'victim' }],
      ] as const) {
        const { status, text } = await by(evil.token, method, path, body)
        assert.ok(status === 404 || status === 403, `${method} ${path}: ${status} ${text}`)
        // What was asked with may be said again, but nothing else.
        for (const secret of secrets.filter(
          one => !path.includes(one) && !JSON.stringify(body ?? '').includes(one),
        ))
          assert.ok(!text.includes(secret), `${method} ${path}: ${text}`)
      }
      for (const path of [
        '/v1/accounts?limit=1000',
        `/v1/accounts?cursor=${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}&limit=1000`,
        '/v1/applications?limit=1000',
        `/v1/applications?account=${id}`,
        '/v1/users?limit=1000',
        '/v1/role-bindings?limit=1000',
        '/v1/organizations?limit=1000',
        '/v1/audit?limit=1000',
        `/v1/audit?object=${id}`,
        '/v1/usage?groupBy=application,account&limit=1000',
        '/v1/stored-objects?limit=1000',
        '/v1/me',
      ]) {
        const { status, text } = await by(evil.token, 'GET', path)
        if (status === 200)
          for (const secret of secrets) assert.ok(!text.includes(secret), `${path}: ${text}`)
        else assert.ok(status === 403 || status === 404, `${path}: ${status}`)
      }
      // All of it is still there, and as it was.
      const there = await by(victim.token, 'GET', `/v1/accounts/${id}`)
      assert.deepEqual([there.status, (there.body as Told & { title?: string }).title], [200, ''])
      assert.equal(
        (await by(victim.token, 'GET', `/v1/credentials/${credential.body.id}`)).body.status,
        'active',
      )
    })

    test("fields that are not anybody's to give are refused, and no answer has a secret twice", async t => {
      const url = await places.url(t)
      if (url === null) return
      const api = await AdminRecords.start(t, url)
      await api.get(201, 'PUT', '/v1/accounts/acme', { body: {} })
      const shop = await api.get(201, 'PUT', '/v1/applications/shop?account=acme', { body: {} })
      const keys = `/v1/applications/${shop.id}/credentials`
      for (const more of [
        { id: shop.id },
        { hash: 'x' },
        { pepper: 1 },
        { keyId: 'chosen' },
        { prefix: 'pc_live_x' },
        { application: shop.id },
        { revokedAt: null },
        { status: 'active' },
        { key: 'pc_live_x' },
        { constructor: {} },
      ])
        await api.get(400, 'POST', keys, { body: { kind: 'api-key', ...more } })
      const { key, id } = await api.get(201, 'POST', keys, { body: {}, headers: { 'idempotency-key': 'k' } })
      const [secret = ''] = key.split('_').slice(3, 4)
      for (const path of [keys, `/v1/credentials/${id}`, '/v1/audit', `/v1/audit?object=${id}`]) {
        const { status, text } = await api.ask('GET', path)
        assert.equal(status, 200, text)
        assert.ok(!text.includes(secret), path)
        assert.ok(!/"pepper":|"hash":"[\w-]{43}"/.test(text), path)
      }
      const again = await api.ask('POST', keys, { body: {}, headers: { 'idempotency-key': 'k' } })
      assert.ok(!again.text.includes(secret), again.text)
    })
  })

test('a database that is held up is told as such, by whatever asks it, and not as a fault of the gateway', async t => {
  const postgres = await Postgres.start(t)
  if (postgres === null) return
  await using database = postgres
  const api = await AdminRecords.start(t, database.url())
  await api.get(201, 'PUT', '/v1/accounts/acme', { body: {} })
  const other = new Client({ connectionString: database.url() })
  await other.connect()
  await other.query('begin')
  await other.query('lock table accounts, organizations, audit, objects in access exclusive mode')
  const answers = await Promise.all(
    ['/v1/accounts', '/v1/accounts/acme', '/v1/organizations', '/v1/audit', '/v1/stored-objects'].map(path =>
      api.ask('GET', path),
    ),
  )
  assert.deepEqual(
    answers.map(({ status }) => status),
    [503, 503, 503, 503, 503],
  )
  for (const { body } of answers) assert.match(body.detail, /lock timeout/)
  await other.query('rollback')
  await other.end()
  await api.get(200, 'GET', '/v1/accounts')
})
