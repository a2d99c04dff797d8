import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { library } from '../../../../test/support/library.ts'
import { http } from '../../backends/backend.ts'
import { grpc } from '../../backends/grpc.ts'
import { manifestOf } from '../../manifest/manifest.ts'
import { defineGateway } from '../../routes/gateway.ts'

const { openapi, routes } = manifestOf(
  defineGateway({
    backends: { library: grpc(library.getService('library.Library')!, { url: 'http://library' }) },
    routes: r => [r.transcode('library', { descriptors: library })],
  }),
)

interface Operation {
  readonly operationId: string
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: unknown }[]
  readonly requestBody?: unknown
  readonly responses: Readonly<Record<string, { readonly content: unknown }>>
}

const operation = (path: string, method: string) => openapi.paths[path]?.[method] as Operation | undefined

test('the document is one of OpenAPI 3.1', async () => {
  const result = await new Validator().validate(
    JSON.parse(JSON.stringify(openapi)) as Record<string, unknown>,
  )
  assert.deepEqual(result.errors ?? [], [])
})

test('a path of several segments has a parameter for each of them', () => {
  const get = operation('/v1/shelves/{name_1}/books/{name_2}', 'get')
  assert.equal(get?.operationId, 'Library_GetBook')
  assert.deepEqual(
    get.parameters.map(({ name, in: where }) => `${where} ${name}`),
    ['path name_1', 'path name_2', 'query view', 'query revision'],
  )
  assert.equal(operation('/v1/books/{name}', 'get')?.operationId, 'Library_GetBook2')
})

test('of a query there are all fields that neither path nor body has, and no maps', () => {
  const names = operation('/v1/shelves/{parent}/books', 'get')!
    .parameters.filter(one => one.in === 'query')
    .map(({ name }) => name)
  assert.ok(names.includes('filter.author.givenName') && names.includes('readMask'))
  assert.ok(!names.some(name => /^(?:parent|labels|books|any|filter\.labels)/.test(name)))
})

test('bodies, answers and streams', () => {
  const book = { $ref: '#/components/schemas/library.Book' }
  const create = operation('/v1/shelves/{parent}/books', 'post')
  assert.deepEqual(create?.requestBody, { required: true, content: { 'application/json': { schema: book } } })
  const watch = operation('/v1/shelves/{parent}/books:watch', 'get')
  assert.deepEqual(watch?.responses['200']?.content, {
    'application/json': { schema: { type: 'array', items: book } },
    'application/x-ndjson': { schema: book },
    'text/event-stream': { schema: book },
  })
  const tags = operation('/v1/shelves/{name_1}/books/{name_2}/tags', 'put')
  assert.deepEqual(tags?.responses['200']?.content, {
    'application/json': { schema: { type: 'array', items: { type: 'string' } } },
  })
})

test('messages are as their JSON is', () => {
  const { schemas } = openapi.components as {
    readonly schemas: Readonly<Record<string, { properties: unknown }>>
  }
  assert.deepEqual(schemas['library.Book']?.properties, {
    name: { type: 'string' },
    title: { type: 'string' },
    genre: { type: 'string', enum: ['GENRE_UNSPECIFIED', 'NOVEL', 'POEM'] },
    tags: { type: 'array', items: { type: 'string' } },
    pages: { type: 'integer', format: 'int32' },
    isbn: { type: 'string', format: 'int64' },
    publishedAt: { type: 'string', format: 'date-time' },
    author: { $ref: '#/components/schemas/library.Author' },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
  })
})

test('the manifest has an entry for each rule, and what it calls', () => {
  const found = routes.find(({ operationId }) => operationId === 'Library_MoveBook')
  assert.equal(found?.path, '/v1/{name=shelves/*/books/*}:move')
  assert.deepEqual(found.calls, [{ backend: 'library', method: 'POST', path: '/library.Library/MoveBook' }])
  assert.equal(routes.filter(({ method }) => method === 'LOCK').length, 1)
})

test('a backend that is not of gRPC is refused, since it is not called by HTTP/2', () => {
  assert.throws(
    () =>
      defineGateway({
        backends: { library: http({ url: 'http://library' }) },
        routes: r => [r.transcode('library', { descriptors: library })],
      }),
    /transcode "library": .*grpc\(/,
  )
})
