// The OpenAPI document of each composition is one that this program itself imports, and makes types of.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { suite, test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Type as T } from 'typebox'
import { parse } from 'yaml'
import { contractOf } from '../../src/cli/composition/contract.ts'
import { readDocument } from '../../src/cli/import/document.ts'
import { gatewayOfAggregate } from '../../src/composition/aggregate/aggregate.ts'
import { defineGateway, grpc, http, manifestOf } from '../../src/composition/composition.ts'
import type { Gateway } from '../../src/composition/routes/gateway.ts'
import type { Routes } from '../../src/composition/routes/route.ts'
import { gateway as golden } from '../golden/composition/home.gateway.ts'
import { exampleOf, library } from '../support/library.ts'
import { storefront } from '../support/storefront.ts'

type Declared = { readonly spec: { readonly aggregate: unknown } }
type Document = ReturnType<typeof manifestOf>['openapi']

const backends = {
  library: grpc(library.getService('library.Library')!, { url: 'http://library' }),
  files: http({ url: 'http://files' }),
}
const run = (): never => assert.fail('nothing is run')
const text = { out: T.String(), run }

const composed = (
  routes: (r: Routes<typeof backends>) => ReturnType<Parameters<typeof defineGateway>[0]['routes']>,
) => defineGateway({ backends, routes: routes as never }) as unknown as Gateway

const aggregates = readFileSync(
  new URL('../../examples/aggregate/portcullis/storefront.yaml', import.meta.url),
  'utf8',
)

const Node = T.Cyclic({ Node: T.Object({ name: T.String(), below: T.Array(T.Ref('Node')) }) }, 'Node')

const own = composed(r => [
  r.get('/files/{rest=**}', text),
  r.delete('/files/{id}', text),
  r.get('/ticks/{symbol}', { in: { params: T.Object({ symbol: T.String({ maxLength: 8 }) }) }, ...text }),
  r.websocket('/ticks/{symbol}', { run }),
  r.websocket('/talk', { run }),
  r.stream('/feed', { out: T.Integer(), run }),
  r.proxy('/legacy/{rest=**}', 'files'),
  // Equal names would be made of these.
  r.get('/a/{id}', text),
  r.get('/a/id', { ...text, operationId: 'get_a_b' }),
  r.get('/a/{id}/x', text),
  r.get('/a-b', text),
  r.get('/a/b', text),
  r.get('/tree', { out: Node, operationId: 'the tree', run }),
  r.get('/words', { out: T.Object({ $id: T.String(), $ref: T.Literal('$ref') }), run }),
])

const before = composed(r => [
  r.get('/v1/books', { ...text, operationId: 'ours' }),
  r.get('/v1/books/{id}', { in: { params: T.Object({ id: T.Integer() }) }, ...text }),
  r.transcode('library', { descriptors: library }),
])

const transcoded = (json = {}) => composed(r => [r.transcode('library', { descriptors: library, json })])

const twoServices = (() => {
  const registry = exampleOf(`
    message M { string name = 1; M m = 2; }
    service A { rpc Get(M) returns (M) { option (google.api.http) = { get: "/{name=a/**}:get%3F" additional_bindings { get: "/{name=a/*}" } }; } }
    service B { rpc Get(M) returns (M) { option (google.api.http) = { get: "/{m.name=b/*/c/*}" additional_bindings { put: "/b/{name}/c/{m.name}" body: "m" } }; } }`)
  const [a, b] = ['example.A', 'example.B'].map(name => grpc(registry.getService(name)!, { url: 'http://x' }))
  return defineGateway({
    backends: { a: a!, b: b! },
    routes: r => [
      r.transcode('a', { descriptors: registry, services: ['example.A'] }),
      r.transcode('b', { descriptors: registry, services: ['example.B'] }),
    ],
  })
})()

/** Paths that are one but for the names, the text or the verbs of their variables. */
const shapes = (() => {
  const bindings = ['x/*', 'y/*', '*', 'x/**'].map(
    (pattern, i) => `additional_bindings { get: "/v1/{${i % 2 === 0 ? 'b' : 'a'}=${pattern}}" }`,
  )
  const registry = exampleOf(`
    message M { string a = 1; string b = 2; }
    service A { rpc Get(M) returns (M) { option (google.api.http) = { get: "/v1/{a=*}:go" ${bindings.join(' ')}
      additional_bindings { post: "/v1/{a}" body: "*" } additional_bindings { put: "/v1/{a=x}/{b}" } additional_bindings { delete: "/v1/x/{a}" } }; } }`)
  return defineGateway({
    backends: { a: grpc(registry.getService('example.A')!, { url: 'http://x' }) },
    routes: r => [r.transcode('a', { descriptors: registry })],
  })
})()

const documents: readonly (readonly [name: string, gateway: unknown])[] = [
  ['a storefront', storefront],
  ['one route', golden],
  ['an aggregate', gatewayOfAggregate((parse(aggregates) as Declared).spec.aggregate)],
  ['wildcards, WebSockets and names that are alike', own],
  ['what is transcoded', transcoded()],
  [
    'its names of the .proto file and numbers of enums',
    transcoded({ protoNames: true, enumsAsIntegers: true }),
  ],
  ['what is transcoded, and routes of its own', before],
  ['two services', twoServices],
  ['two shapes of one path', shapes],
]

const documentOf = (gateway: unknown): Document => manifestOf(gateway as Gateway).openapi

suite('the document of each composition', () => {
  for (const [name, gateway] of documents)
    test(`${name}: is imported, and types are made of it`, async () => {
      const json = JSON.stringify(documentOf(gateway), null, 2)
      const parsed = JSON.parse(json) as Record<string, unknown>
      assert.deepEqual(
        readDocument(json, 'o.json').problems.map(({ path, message }) => `${path.join('.')}: ${message}`),
        [],
      )
      const { errors = [] } = await new Validator().validate(parsed)
      assert.deepEqual(errors, [])
      // Throws where it is no TypeScript.
      stripTypeScriptTypes(contractOf(parsed, 'o.json'))
    })

  const methodsOf = (document: Document, path: string) => Object.keys(document.paths[path] ?? {})
  type Shown = {
    readonly operationId: string
    readonly parameters: readonly { readonly name: string }[]
    readonly responses: object
  }
  const shown = (document: Document, path: string, method: string) =>
    document.paths[path]?.[method] as Shown | undefined

  test('paths that differ in names alone are one, with the names of the first', () => {
    const document = documentOf(transcoded())
    const path = '/v1/shelves/{name_1}/books/{name_2}'
    assert.deepEqual(methodsOf(document, path), ['get', 'patch', 'delete'])
    assert.deepEqual(
      shown(document, path, 'patch')!
        .parameters.slice(0, 2)
        .map(({ name }) => name),
      ['name_1', 'name_2'],
    )
  })

  test('a name that takes what is left is a name, and what takes less comes before it', () => {
    const document = documentOf(own)
    assert.deepEqual(methodsOf(document, '/files/{id}'), ['delete', 'get'])
    assert.deepEqual(shown(document, '/files/{id}', 'get')!.parameters, [
      {
        name: 'id',
        in: 'path',
        required: true,
        description: 'One or several segments, or none.',
        schema: { type: 'string' },
      },
    ])
  })

  test('a WebSocket beside a GET is an answer of it', () => {
    const document = documentOf(own)
    const both = shown(document, '/ticks/{symbol}', 'get')!
    assert.equal(both.operationId, 'get_ticks_symbol')
    assert.deepEqual(Object.keys(both.responses).slice(0, 2), ['101', '200'])
    assert.deepEqual(Object.keys(shown(document, '/talk', 'get')!.responses).slice(0, 1), ['101'])
  })

  test("one's own route stands before what is transcoded, as it is served", () => {
    const document = documentOf(before)
    assert.equal(shown(document, '/v1/books', 'get')?.operationId, 'ours')
    assert.equal(shown(document, '/v1/books/{id}', 'get')?.operationId, 'get_v1_books_id')
  })

  test('enums are what JSON has', () => {
    const genre = (document: Document) =>
      (
        document.components as {
          readonly schemas: Record<string, { readonly properties: Record<string, unknown> }>
        }
      ).schemas['library.Book']!.properties['genre']
    assert.deepEqual(genre(documentOf(transcoded({ enumsAsIntegers: true }))), {
      type: 'integer',
      enum: [0, 1, 2],
    })
    assert.deepEqual(genre(documentOf(transcoded())), {
      type: 'string',
      enum: ['GENRE_UNSPECIFIED', 'NOVEL', 'POEM'],
    })
  })

  test('members that are called as keywords are members', () => {
    const { responses } = shown(documentOf(own), '/words', 'get')!
    assert.match(JSON.stringify(responses), /"properties":\{"\$id":\{"type":"string"\},"\$ref":\{/)
  })

  test('an operation has one name in the manifest and in the document, and no other has it', () => {
    for (const [, gateway] of documents) {
      const { routes } = manifestOf(gateway as Gateway)
      const names = routes.map(({ operationId }) => operationId)
      assert.equal(new Set(names).size, names.length)
    }
    const gateway = composed(r => [
      r.get('/a', { ...text, operationId: 'x' }),
      r.get('/b', { ...text, operationId: 'x' }),
    ])
    assert.throws(() => manifestOf(gateway), {
      name: 'TypeError',
      message: /^GET \/b: operationId is "x", as of another route$/,
    })
  })
})
