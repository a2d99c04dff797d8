import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchange, origin } from '../../../../test/support/exchange.ts'
import { loggedOf } from '../../../../test/support/logged.ts'
import { kit } from '../../../../test/support/kit.ts'
import { askedApiNote } from '../../../filters/identity.ts'
import { declaredKit } from '../../../filters/inspect.ts'
import { api, type ApiConfig } from './api.ts'

const farewell = {
  deprecation: '@1793491200',
  sunset: 'Sat, 01 May 2027 10:00:00 GMT',
  links: ['</v2>; rel="successor-version"', '<https://docs.example/>; rel="deprecation"'],
}

const config = (more: Partial<ApiConfig> = {}): ApiConfig => ({
  type: 'api',
  origin,
  api: 'default/petstore',
  version: 'v1',
  basePath: '/petstore',
  operations: [
    { id: 'listPets', method: 'GET', template: '/pets' },
    { id: 'getPet', method: 'GET', template: '/pets/{id}' },
  ],
  routes: null,
  lifecycle: 'Published',
  deprecation: null,
  ...more,
})

for (const [method, path, operation] of [
  ['GET', '/petstore/pets', 'listPets'],
  ['GET', '/petstore/pets/7', 'getPet'],
  ['DELETE', '/petstore/pets/7', ''],
  ['GET', '/pets', ''],
] as const)
  test(`${method} ${path} is ${operation || 'no operation'}`, () => {
    const x = exchange({ method, path })
    assert.equal(api.compile(config(), kit()).request?.(x), undefined)
    assert.deepEqual(x.notes.get(askedApiNote), { api: 'default/petstore', version: 'v1', operation })
    const logged = loggedOf(x.notes)
    assert.equal(logged['portcullis.api'], 'default/petstore')
    assert.equal(logged['portcullis.operation'], operation === '' ? undefined : operation)
  })

test('it goes by what the client asked for, whatever a filter has made of it', () => {
  const x = exchange({ method: 'GET', path: '/petstore/pets' })
  x.request.path = '/elsewhere'
  void api.compile(config(), kit()).request?.(x)
  assert.equal(x.notes.get(askedApiNote)?.operation, 'listPets')
})

test('an API without a document has requests of no operation', () => {
  const x = exchange({ method: 'GET', path: '/petstore/pets' })
  void api.compile(config({ operations: [] }), kit()).request?.(x)
  assert.deepEqual(x.notes.get(askedApiNote), { api: 'default/petstore', version: 'v1', operation: '' })
})

for (const [lifecycle, deprecation, failure, fields] of [
  ['Draft', null, 'api_not_published', undefined],
  ['Retired', null, 'api_retired', undefined],
  [
    'Retired',
    farewell,
    'api_retired',
    ['Deprecation', farewell.deprecation, 'Sunset', farewell.sunset, 'Link', farewell.links.join(', ')],
  ],
] as const)
  test(`${lifecycle}${deprecation === null ? '' : ' with a farewell'} is ${failure}`, async () => {
    const of = config({ lifecycle, deprecation })
    const verdict = await api.compile(of, kit()).request?.(exchange({}))
    assert.ok(verdict !== undefined && 'failure' in verdict)
    assert.equal(verdict.failure, failure)
    assert.deepEqual(verdict.fields, fields)
    const { refusal } = await api.inspect!(of, exchange({}), declaredKit({}))
    assert.deepEqual(refusal, verdict)
  })

test('responses of a deprecated API say so, whatever the backend says, and keep its links', () => {
  const filter = api.compile(config({ lifecycle: 'Deprecated', deprecation: farewell }), kit())
  const x = exchange({}, ['Link', '</next>; rel="next"', 'deprecation', '@1', 'Sunset', 'never'])
  assert.equal(filter.request?.(x), undefined)
  assert.equal(filter.response?.(x), undefined)
  const { fields } = x.response
  assert.equal(fields.combined('deprecation'), farewell.deprecation)
  assert.equal(fields.combined('sunset'), farewell.sunset)
  assert.equal(fields.combined('link'), ['</next>; rel="next"', ...farewell.links].join(', '))
})

test('responses of one that is published pass as they are', () =>
  assert.equal(api.compile(config(), kit()).response, undefined))

for (const [more, expected] of [
  [{}, 'default/petstore v1, 2 operations'],
  [{ operations: [] }, 'default/petstore v1'],
  [{ lifecycle: 'Draft' }, 'default/petstore v1, 2 operations, draft'],
  [
    { lifecycle: 'Deprecated', deprecation: farewell },
    'default/petstore v1, 2 operations, deprecated until Sat, 01 May 2027 10:00:00 GMT',
  ],
] as const)
  test(`explain shows: ${expected}`, () => assert.equal(api.describe(config(more)), expected))

test('explain tells the operation of a request', async () => {
  const told = async (path: string) =>
    (await api.inspect!(config(), exchange({ method: 'GET', path }), declaredKit({}))).facts
  assert.deepEqual(await told('/petstore/pets/7'), [{ name: 'operation', value: 'getPet' }])
  assert.deepEqual(await told('/petstore'), [{ name: 'operation', value: 'none that the document has' }])
})
