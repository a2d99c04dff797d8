import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { servedDocument, type Added } from './served.ts'
import type { NamedScheme } from './security.ts'

type Members = Record<string, unknown>

const nothing: Added = {
  operations: null,
  server: 'https://shop.example/v1',
  security: [],
  isLimited: false,
  farewell: 'none',
  problems: [],
}
const ok = { 200: { description: 'ok' } }
const key: NamedScheme = {
  name: 'apiKeyHeader',
  scheme: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An API key.' },
  scopes: [],
}
const certificate: NamedScheme = { name: 'clientCertificate', scheme: { type: 'mutualTLS' }, scopes: [] }

const documentOf = (paths: Members, more: Members = {}): Members => ({
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths,
  ...more,
})

/** What clients get, which is a valid document again. */
async function served(document: Members, added: Partial<Added> = {}): Promise<Members> {
  const before = JSON.stringify(document)
  const text = servedDocument(document, { ...nothing, ...added })
  assert.equal(JSON.stringify(document), before, 'what was declared stays as it was')
  assert.equal(servedDocument(document, { ...nothing, ...added }), text)
  const { valid, errors } = await new Validator().validate(JSON.parse(text) as Members)
  assert.ok(valid, JSON.stringify(errors))
  return JSON.parse(text) as Members
}

/** By a JSON Pointer. */
const at = (document: unknown, pointer: string): unknown =>
  pointer
    .split('/')
    .slice(1)
    .map(name => name.replaceAll('~1', '/'))
    .reduce<unknown>((value, name) => (value as Members | undefined)?.[name], document)

suite('where clients find it', () => {
  test('the one server is that of the gateway, whatever was said anywhere', async () => {
    const servers = [{ url: 'http://10.0.0.7:9000' }]
    const get = { servers, responses: ok }
    const document = await served(documentOf({ '/items': { servers, get } }, { servers }))
    assert.deepEqual(document['servers'], [{ url: 'https://shop.example/v1' }])
    assert.deepEqual(at(document, '/paths'), { '/items': { get: { responses: ok } } })
  })

  test('a path item that is elsewhere is brought here, with what is said beside it', async () => {
    const components = { pathItems: { B: { get: { operationId: 'getB', responses: ok } } } }
    const paths = { '/b': { $ref: '#/components/pathItems/B', summary: 'Of b' } }
    const document = await served(documentOf(paths, { components }), { operations: ['getB'] })
    assert.deepEqual(document['paths'], {
      '/b': { get: { operationId: 'getB', responses: ok }, summary: 'Of b' },
    })
    assert.equal(document['components'], undefined)
  })
})

suite('operations that are had', () => {
  const pet = { type: 'object', properties: { owner: { $ref: '#/components/schemas/Owner' } } }
  const json = (name: string) => ({
    description: 'ok',
    content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } },
  })
  const document = documentOf(
    {
      '/pets': {
        get: { operationId: 'listPets', responses: { 200: json('Pet') } },
        post: { operationId: 'createPet', responses: { 200: json('Secret') } },
      },
      '/admin': { delete: { responses: { 200: json('Secret') } } },
    },
    {
      webhooks: { sold: { post: { responses: ok } } },
      components: {
        schemas: {
          Pet: pet,
          Owner: {
            type: 'object',
            properties: { pets: { type: 'array', items: { $ref: '#/components/schemas/Pet' } } },
          },
          Secret: { type: 'string' },
          Cat: { type: 'string' },
        },
      },
    },
  )

  test('all of them where nothing is said, with everything', async () => {
    const whole = await served(document)
    assert.deepEqual(Object.keys(whole['paths'] as Members), ['/pets', '/admin'])
    assert.deepEqual(Object.keys(at(whole, '/components/schemas') as Members), [
      'Pet',
      'Owner',
      'Secret',
      'Cat',
    ])
    assert.ok(whole['webhooks'])
  })

  test('or these, and nothing that tells of others', async () => {
    const some = await served(document, { operations: ['listPets'] })
    assert.deepEqual(Object.keys(some['paths'] as Members), ['/pets'])
    assert.deepEqual(Object.keys(at(some, '/paths/~1pets') as Members), ['get'])
    // A schema that leads to itself is followed once.
    assert.deepEqual(Object.keys(at(some, '/components/schemas') as Members), ['Pet', 'Owner'])
    assert.equal(some['webhooks'], undefined)
  })

  test('one without an id is called by method and path', async () => {
    const one = await served(document, { operations: ['DELETE /admin'] })
    assert.deepEqual(Object.keys(one['paths'] as Members), ['/admin'])
    assert.deepEqual(at(one, '/components/schemas'), { Secret: { type: 'string' } })
  })

  test('what a discriminator names stays', async () => {
    const animal = { type: 'object', discriminator: { propertyName: 'kind', mapping: { cat: 'Cat' } } }
    const components = { schemas: { Pet: animal, Cat: { type: 'object' }, Dog: { type: 'object' } } }
    const paths = { '/pets': { get: { operationId: 'listPets', responses: { 200: json('Pet') } } } }
    const some = await served(documentOf(paths, { components }), { operations: ['listPets'] })
    assert.deepEqual(Object.keys(at(some, '/components/schemas') as Members), ['Pet', 'Cat'])
  })
})

suite('what is to be brought', () => {
  const paths = { '/items': { get: { responses: ok } } }
  const scheme = (name: string) => ({ type: 'apiKey', in: 'header', name })
  const securityOf = async (document: Members, security: Added['security']) =>
    (await served(document, { security }))['security']

  test('nothing more than the document says, where the gateway asks for nothing', async () => {
    assert.equal(await securityOf(documentOf(paths), []), undefined)
  })

  test('any of several, and nothing where strangers pass', async () => {
    assert.deepEqual(await securityOf(documentOf(paths), [[key], []]), [{ apiKeyHeader: [] }, {}])
  })

  test('what the document asks for in the same place was the gateway’s, whatever it is called', async () => {
    const declared = {
      components: { securitySchemes: { theirs: scheme('x-api-key') } },
      security: [{ theirs: [] }],
    }
    const document = await served(documentOf(paths, declared), { security: [[key]] })
    assert.deepEqual(document['security'], [{ apiKeyHeader: [] }])
    assert.deepEqual(at(document, '/components/securitySchemes'), { apiKeyHeader: key.scheme })
  })

  test('what it asks for elsewhere is brought besides, by each operation as it says', async () => {
    const document = documentOf(
      { '/items': { get: { security: [{ theirs: [] }, {}], responses: ok }, put: { responses: ok } } },
      { components: { securitySchemes: { theirs: scheme('X-Session') } } },
    )
    const made = await served(document, { security: [[key]] })
    assert.deepEqual(made['security'], [{ apiKeyHeader: [] }])
    assert.deepEqual(at(made, '/paths/~1items/get/security'), [
      { apiKeyHeader: [], theirs: [] },
      { apiKeyHeader: [] },
    ])
    assert.equal(at(made, '/paths/~1items/put/security'), undefined)
  })

  test('a name that the document has for something else is left to it', async () => {
    const declared = { components: { securitySchemes: { apiKeyHeader: scheme('X-Other') } } }
    const document = await served(documentOf(paths, declared), { security: [[key]] })
    assert.deepEqual(document['security'], [{ apiKeyHeader2: [] }])
    assert.deepEqual(at(document, '/components/securitySchemes/apiKeyHeader'), scheme('X-Other'))
  })

  test('version 3.0 has no word for a client certificate', async () => {
    const alternatives = [[certificate], [key]]
    assert.deepEqual(await securityOf(documentOf(paths), alternatives), [
      { clientCertificate: [] },
      { apiKeyHeader: [] },
    ])
    assert.deepEqual(await securityOf({ ...documentOf(paths), openapi: '3.0.3' }, alternatives), [
      { apiKeyHeader: [] },
    ])
  })
})

suite('what is answered', () => {
  const limited = { isLimited: true, problems: [401, 429] } as const

  test('problems of the gateway, with the fields that they have', async () => {
    const document = await served(documentOf({ '/items': { get: { responses: ok } } }), limited)
    const responses = at(document, '/paths/~1items/get/responses') as Members
    assert.deepEqual(responses['401'], { $ref: '#/components/responses/Unauthorized' })
    assert.deepEqual(responses['429'], { $ref: '#/components/responses/TooManyRequests' })
    assert.deepEqual(Object.keys(at(responses, '/200/headers') as Members), ['RateLimit-Policy', 'RateLimit'])
    const headersOf = (name: string) =>
      Object.keys(at(document, `/components/responses/${name}/headers`) as Members)
    // Who is not known has been counted by nothing.
    assert.deepEqual(headersOf('Unauthorized'), ['WWW-Authenticate'])
    assert.deepEqual(headersOf('TooManyRequests'), ['RateLimit-Policy', 'RateLimit', 'Retry-After'])
  })

  test('what the document says of such an answer stays, and has the problem besides', async () => {
    const own = { description: 'Who are you?', content: { 'text/plain': { schema: { type: 'string' } } } }
    const document = await served(
      documentOf(
        {
          '/items': { get: { responses: { ...ok, 401: own, 429: { $ref: '#/components/responses/Slow' } } } },
        },
        {
          components: {
            responses: { Slow: { description: 'Slowly' } },
            schemas: { Problem: { type: 'string' } },
          },
        },
      ),
      limited,
    )
    const responses = at(document, '/paths/~1items/get/responses') as Members
    assert.equal(at(responses, '/401/description'), 'Who are you?')
    assert.deepEqual(Object.keys(at(responses, '/401/content') as Members), [
      'text/plain',
      'application/problem+json',
    ])
    assert.deepEqual(responses['429'], { $ref: '#/components/responses/Slow' })
    assert.deepEqual(Object.keys(at(document, '/components/responses/Slow/headers') as Members), [
      'RateLimit-Policy',
      'RateLimit',
    ])
    // Problem is the document's own word for something else.
    assert.deepEqual(at(document, '/components/schemas/Problem'), { type: 'string' })
    assert.equal(at(document, '/components/schemas/Problem2/type'), 'object')
  })

  for (const [farewell, fields] of [
    ['none', []],
    ['deprecated', ['Deprecation']],
    ['sunset', ['Deprecation', 'Sunset']],
  ] as const)
    test(`${farewell}: ${fields.join(', ') || 'no field of it'}`, async () => {
      const document = await served(documentOf({ '/items': { get: { responses: ok } } }), { farewell })
      const operation = at(document, '/paths/~1items/get') as Members
      assert.equal(operation['deprecated'], farewell === 'none' ? undefined : true)
      assert.deepEqual(Object.keys((at(operation, '/responses/200/headers') ?? {}) as Members), fields)
    })
})
