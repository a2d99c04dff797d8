// docs/COMING-FROM.md: its blocks are one module, which compiles and does what the page says.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CompositionFolder } from '../support/composition-folder.ts'

const page = readFileSync(
  join(fileURLToPath(new URL('../../', import.meta.url)), 'docs/COMING-FROM.md'),
  'utf8',
)
const blocks = [...page.matchAll(/```ts\n\/\/ coming\.gateway\.ts.*\n([^]+?)```/g)].map(
  ([, text = '']) => text,
)

const asked = `
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reply, testGateway } from 'portcullis/composition/testing'
import { gateway } from './coming.gateway.ts'

const headers = { 'x-tenant': 'a' }

test('all that it shows', async () => {
  await using t = await testGateway(gateway)
  t.users.stub('GET /users/{id}', ({ path }) => path['id'] === '9' ? reply(404) : { id: path['id'], name: 'Ada' })
  t.orders.fail('GET /of/{id}', { status: 503, refused: true })
  await t.get('/me/7').expect(400).problem({ title: 'Which tenant?' })
  await t.get('/names?ids=7&ids=9', { headers }).expect(200).json(['Ada'])
  t.users.fail('GET /status', { refused: true })
  t.mirror.stub('GET /status', reply(200, 'mirror', { 'content-type': 'text/plain' }), { afterMs: 50 })
  await t.get('/status', { headers }).expect(200).json({ from: 'mirror' })
  t.users.stub('PUT /users/{id}', reply(409))
  await t.post('/me/7/name', { headers, body: { name: 'Bob' } }).expect(409).problem({ title: 'The name is taken' })
  t.legacy.stub('GET /v1/old', 'old')
  await t.get('/legacy/old', { headers }).expect(200)
  t.orders.events('/prices', [{ price: 2 }])
  assert.deepEqual(await t.stream('/prices', { headers }).data(1), [{ price: 4 }])
})

test('a part that fails is missing, and an answer says so', async () => {
  await using t = await testGateway(gateway)
  t.users.stub('GET /users/{id}', { id: '7', name: 'Ada' })
  t.orders.fail('GET /of/{id}', { refused: true })
  await t.get('/me/7', { headers }).expect(200).partial(['orders']).json({ user: { id: '7', name: 'Ada' }, orders: [] })
  t.users.fail('GET /users/{id}', {})
  await t.get('/me/7', { headers }).expect(503).problem({ title: 'Busy' })
})
`

test('what the page shows compiles, and does what it says', () => {
  assert.equal(blocks.length, 5)
  using folder = new CompositionFolder({ 'coming.gateway.ts': blocks.join('\n'), 'coming.test.ts': asked })
  assert.equal(folder.compile(), '')
  const { status, output } = folder.run('--test', '--test-reporter=tap', 'coming.test.ts')
  assert.equal(status, 0, output)
  assert.match(output, /^# pass 2$/m)
})
