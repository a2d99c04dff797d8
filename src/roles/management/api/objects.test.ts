// Declared objects through the Admin API.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AdminRecords } from '../../../../test/support/admin-records.ts'
import { Places } from '../../../../test/support/stores.ts'

const places = new Places('sqlite')

const inFile = `
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: of-file }
spec: { endpoints: [{ address: 127.0.0.1, port: 9000 }] }
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: broken }
spec: { endpoints: [{ address: 127.0.0.1, port: nine }] }
`

const backend = (name: string, port: number, metadata: object = {}) => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'Backend',
  metadata: { name, ...metadata },
  spec: { endpoints: [{ address: '127.0.0.1', port }] },
})
const at = (name: string) => `/v1/objects/portcullis.dev/Backend/default/${name}`

async function start(t: Parameters<typeof AdminRecords.start>[0], files = '') {
  return AdminRecords.start(t, (await places.url(t))!, files)
}

test('an object is judged as one of a file, by the paths of its fields', async t => {
  const api = await start(t)
  const bad = { ...backend('a', 1), spec: { endpoints: [{ address: '127.0.0.1', prot: 9000 }] } }
  const { detail, problems } = await api.get(422, 'PUT', at('a'), { body: bad })
  assert.match(detail, /Backend\/a spec\.endpoints\[0\].*(prot|port)/)
  assert.ok(problems.length >= 1)
  for (const [body, why] of [
    [{ ...backend('a', 9), kind: 'Bakend' }, /the path names|unknown kind/],
    [{ ...backend('b', 9) }, /is Backend\/default\/b .*the path names Backend\/default\/a/],
    [
      backend('a', 9, { labels: { x: '[redacted]' } }),
      /\[redacted\], which stands where a secret is not shown/,
    ],
  ] as const)
    assert.match((await api.ask('PUT', at('a'), { body })).body.detail, why)
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', annotations: { 'file.portcullis.dev/tls.crt': '/etc/passwd' } },
  }
  const named = await api.get(422, 'PUT', '/v1/objects/core/Secret/default/s', { body: secret })
  assert.match(named.detail, /names a file, and the store has none beside it/)
})

test('what a file has is read-only here, also where it is broken there', async t => {
  const api = await start(t, inFile)
  const { detail } = await api.get(409, 'PUT', at('of-file'), { body: backend('of-file', 9) })
  assert.match(detail, /is declared at shop\.yaml:2:1, which comes first: change it there/)
  await api.get(409, 'PUT', at('broken'), { body: backend('broken', 9) })
  await api.get(409, 'DELETE', at('of-file'))
  await api.get(409, 'POST', '/v1/objects', { body: { objects: [backend('of-file', 9)] } })
})

test('it is made, changed with ETag, and deleted; its generation counts specs', async t => {
  const api = await start(t)
  const made = await api.ask('PUT', at('a'), { body: backend('a', 9000) })
  assert.deepEqual([made.status, made.body.change], [201, 'created'])
  const same = await api.ask('PUT', at('a'), { body: backend('a', 9000) })
  assert.deepEqual(
    [same.status, same.body.change, same.headers['etag']],
    [200, 'unchanged', made.headers['etag']],
  )
  await api.get(200, 'PUT', at('a'), { body: backend('a', 9000, { labels: { x: 'y' } }) })
  const stale = { body: backend('a', 1), headers: { 'if-match': String(made.headers['etag']) } }
  await api.get(412, 'PUT', at('a'), stale)
  await api.get(200, 'PUT', at('a'), { body: backend('a', 9001, { labels: { x: 'y' } }) })
  const rows = await api.store.db.selectFrom('objects').select('generation').execute()
  assert.deepEqual(rows, [{ generation: 2 }])
  await api.get(200, 'DELETE', at('a'))
  await api.get(404, 'DELETE', at('a'))
})

test('a set is taken whole or not at all, and pruned of what its owner had put there alone', async t => {
  const api = await start(t, inFile)
  const set = (query: string, status: number, ...objects: object[]) =>
    api.get(status, 'POST', `/v1/objects${query}`, { body: { objects } })
  const bad = { ...backend('bad', 1), spec: {} }
  await set('', 422, backend('a', 1), bad)
  await set('', 409, backend('a', 1), backend('of-file', 1))
  await set('', 422, backend('a', 1), backend('a', 2))
  await set('?prune=true', 422, backend('a', 1))
  const names = async () =>
    (await api.get(200, 'GET', '/v1/stored-objects')).items.map(({ object }) => object.name)
  assert.deepEqual(await names(), [])
  const changes = ({ changes: all }: Awaited<ReturnType<typeof set>>) =>
    all.map(({ object, change }) => `${object.name} ${change}`)
  const dry = await set('?dryRun=true&owner=shop', 200, backend('a', 1), backend('b', 2))
  assert.deepEqual([dry.applied, changes(dry)], [false, ['a created', 'b created']])
  assert.deepEqual(await names(), [])
  const first = await set('?owner=shop', 200, backend('a', 1), backend('b', 2))
  assert.deepEqual([first.applied, first.inForce, changes(first)], [true, true, ['a created', 'b created']])
  await set('?owner=other', 200, backend('c', 3))
  // Without prune nothing is deleted.
  assert.deepEqual(changes(await set('?owner=shop', 200, backend('a', 1))), ['a unchanged'])
  const pruned = await set('?owner=shop&prune=true', 200, backend('a', 4), backend('d', 1))
  assert.deepEqual(changes(pruned), ['a updated', 'd created', 'b deleted'])
  assert.match(pruned.changes[0]!.before, /port: 1/)
  assert.match(pruned.changes[0]!.after, /port: 4/)
  assert.deepEqual(await names(), ['a', 'c', 'd'])
})

test('what a Secret holds is in no answer and in no event', async t => {
  const api = await start(t)
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's' },
    stringData: { password: 'hunter2-hunter2' },
  }
  const made = await api.ask('PUT', '/v1/objects/core/Secret/default/s', { body: secret })
  assert.equal(made.status, 201, made.text)
  const gone = (async () => [
    made.text,
    (await api.ask('GET', '/v1/stored-objects')).text,
    (await api.ask('GET', '/v1/audit')).text,
    (await api.ask('DELETE', '/v1/objects/core/Secret/default/s')).text,
    (await api.ask('GET', '/v1/audit')).text,
  ])()
  for (const text of await gone) assert.ok(!text.includes('hunter2'), text)
})
