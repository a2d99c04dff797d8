import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type as T } from 'typebox'
import { parseResources } from '../../../../test/support/declared.ts'
import { library } from '../../../../test/support/library.ts'
import { ours } from '../../../../test/support/published.ts'
import { gateway, httpRoute, yamlOf } from '../../../../test/support/resources.ts'
import { translate } from '../../../../test/support/translate.ts'
import { defineGateway, grpc, http, manifestOf } from '../../../composition/composition.ts'
import { compileProtos } from '../../../composition/proto/compile.ts'
import type { TranscodeSettings } from '../../../composition/transcode/transcoder.ts'
import type { Gateway } from '../../../composition/routes/gateway.ts'
import { Resources } from '../../../model/resources.ts'
import { BUNDLES } from '../../../translation/compositions.ts'
import { api, type ApiConfig } from '../catalog/api.ts'
import { askedApiNote } from '../../../filters/identity.ts'
import { exchange } from '../../../../test/support/exchange.ts'
import { kit } from '../../../../test/support/kit.ts'

/** A rule that takes all paths of two segments, as the names of methods are. */
const wide = compileProtos(['wide.proto'], name =>
  name !== 'wide.proto'
    ? null
    : `syntax = "proto3";
      package wide;
      import "google/api/annotations.proto";
      message One { string collection = 1; string id = 2; }
      service Wide {
        rpc Create(One) returns (One) { option (google.api.http) = { post: "/{collection}/{id}" body: "*" }; }
        rpc Plain(One) returns (One);
        rpc Talk(stream One) returns (stream One) { option (google.api.http) = { put: "/v2/talk" body: "*" }; }
      }`,
)

const backends = {
  files: http({ url: 'http://files' }),
  library: grpc(library.getService('library.Library')!, { url: 'http://library' }),
}
const text = { out: T.String(), run: () => 'never' }

const shop = defineGateway({
  backends,
  routes: r => [
    r.websocket('/ticks/{symbol}', { run: () => undefined }),
    r.get('/ticks/{symbol}', { ...text, operationId: 'ticks' }),
    r.websocket('/talk', { run: () => undefined, operationId: 'talk' }),
    r.get('/files/{rest=**}', { ...text, operationId: 'file' }),
    r.delete('/files/{id}', { ...text, operationId: 'delete' }),
    r.get('/v1/books', { ...text, operationId: 'ours' }),
    r.proxy('/v1/locks/{rest=**}', 'files'),
    r.transcode('library', { descriptors: library }),
  ],
})

const resources = Resources.of(
  parseResources(
    'a.yaml',
    yamlOf(
      gateway(),
      httpRoute('r', {
        rules: [{ backendRefs: [{ group: 'portcullis.dev', kind: 'Composition', name: 'shop' }] }],
      }),
      ours('Composition', 'shop', { bundle: './shop.ts' }),
      ours('API', 'shop', { routeRefs: [{ name: 'r' }], openapi: { compositionRef: {} } }),
    ),
  ).resources,
)

const translated = (fact?: object) =>
  translate(resources, {
    facts: fact === undefined ? {} : { [BUNDLES]: new Map([['default/shop', fact]]) },
  })

const factOf = (of: unknown) => {
  const manifest = manifestOf(of as Gateway)
  return { manifest, backends: [], fault: null, places: [], threads: null, lodges: false, trouble: null }
}

const ruleOf = ({ parts }: ReturnType<typeof translate>) =>
  parts.ports[0]!.listeners[0]!.hosts[0]!.entries[0]!.rule

const told = ({ conditions }: ReturnType<typeof translate>) =>
  conditions.filter(({ about, status }) => about.kind === 'API' && status !== 'True')

const filterOf = (of: unknown) =>
  ruleOf(translated(factOf(of))).filters.find(({ type }) => type === 'api') as ApiConfig

const filter = filterOf(shop)

const operationOf = (config: ApiConfig, request: Parameters<typeof exchange>[0]) => {
  const x = exchange(request)
  void api.compile(config, kit()).request?.(x)
  return x.notes.get(askedApiNote)?.operation
}

for (const [method, path, operation] of [
  ['GET', '/ticks/x', 'ticks'],
  ['GET', '/talk', 'talk'],
  ['GET', '/files/a/b/c', 'file'],
  ['HEAD', '/files', 'file'],
  ['GET', '/files/a%2Fb', 'file'],
  ['DELETE', '/files/a', 'delete'],
  ['DELETE', '/files/a/b', ''],
  // One's own before what is transcoded, of which another rule has the same method.
  ['GET', '/v1/books', 'ours'],
  ['GET', '/v1/shelves/a/books/b', 'Library_GetBook'],
  ['GET', '/v1/books/b', 'Library_GetBook2'],
  ['POST', '/v1/shelves/a/books/b:move', 'Library_MoveBook'],
  // What passes is of no operation, also where a rule would take it.
  ['LOCK', '/v1/locks/a/b', ''],
  ['POST', '/library.Library/GetBook', 'Library_GetBook'],
  ['POST', '/library.Library/Nothing', ''],
  ['GET', '/v1/%zz', ''],
] as const)
  test(`${method} ${path} is ${operation || 'no operation'}, as the composition finds it`, () => {
    assert.equal(operationOf(filter, { method, path }), operation)
  })

for (const [upgrade, path, operation] of [
  ['', '/ticks/x', 'ticks'],
  ['websocket', '/ticks/x', 'get_ticks_symbol'],
  ['WebSocket', '/ticks/x', 'get_ticks_symbol'],
  ['h2c', '/ticks/x', 'ticks'],
  ['websocket', '/talk', 'talk'],
  ['websocket', '/files/a', 'file'],
  ['websocket', '/v1/discussion', 'Library_Discuss'],
  // Of a POST, which no handshake is.
  ['websocket', '/v1/shelves/a/books:import', ''],
] as const)
  test(`GET ${path} ${upgrade && `as ${upgrade} `}is ${operation || 'no operation'}`, () => {
    assert.equal(operationOf(filter, { method: 'GET', path, upgrade }), operation)
  })

for (const [options, method, path, upgrade, operation] of [
  // A method without a rule has no operation, and never that of a rule which takes its path.
  [{}, 'POST', '/wide.Wide/Plain', '', ''],
  [{}, 'GET', '/wide.Wide/Plain', '', ''],
  [{}, 'POST', '/wide.Wide/Talk', '', 'Wide_Talk'],
  [{}, 'POST', '/any/thing', '', 'Wide_Create'],
  [{}, 'POST', '/wide.Wide/Other', '', 'Wide_Create'],
  [{}, 'GET', '/any/thing', '', ''],
  // Nobody calls methods by their names.
  [{ protocols: [] }, 'POST', '/wide.Wide/Plain', '', 'Wide_Create'],
  [{ protocols: [] }, 'POST', '/wide.Wide/Talk', '', 'Wide_Create'],
  [{}, 'GET', '/v2/talk', 'websocket', ''],
  [{ sockets: { everyMethod: true } }, 'GET', '/v2/talk', 'websocket', 'Wide_Talk'],
  [{ sockets: { everyMethod: true } }, 'GET', '/v2/talk', '', ''],
  [{ sockets: { everyMethod: true } }, 'GET', '/any/thing', 'websocket', ''],
] as const satisfies readonly (readonly [TranscodeSettings, ...unknown[]])[])
  test(`${method} ${path} ${upgrade} is ${operation || 'no operation'} with ${JSON.stringify(options)}`, () => {
    const gatewayOf = defineGateway({
      backends: { wide: grpc(wide.getService('wide.Wide')!, { url: 'http://wide' }) },
      routes: r => [r.transcode('wide', { descriptors: wide, ...options })],
    })
    assert.equal(operationOf(filterOf(gatewayOf), { method, path, upgrade }), operation)
  })

test('of two services the first that takes a path has it, also where the other has a method of that name', () => {
  const backend = grpc(wide.getService('wide.Wide')!, { url: 'http://wide' })
  const both = (first: TranscodeSettings, second: TranscodeSettings) =>
    filterOf(
      defineGateway({
        backends: { one: backend, two: backend },
        routes: r => [
          r.transcode('one', { descriptors: wide, ...first }),
          r.transcode('two', { descriptors: wide, ...second }),
        ],
      }),
    )
  const asked = { method: 'POST', path: '/wide.Wide/Plain' }
  // The rule of the first, which nobody calls by names, takes two segments of any kind.
  assert.equal(operationOf(both({ protocols: [] }, {}), asked), 'Wide_Create')
  assert.equal(operationOf(both({}, { protocols: [] }), asked), '')
})

test('operations are those that can be met, each once', () => {
  const ids = filter.operations.map(({ id }) => id)
  assert.equal(new Set(ids).size, ids.length)
  const named = ['ticks', 'talk', 'file', 'delete', 'ours', 'Library_GetBook2', 'Library_Discuss']
  // The WebSocket beside a GET is asked for by `Upgrade`.
  for (const id of [...named, 'get_ticks_symbol']) assert.ok(ids.includes(id), id)
  // The rule of ListBooks that one's own route takes, that of GetBook that a proxy takes, and a method without a rule.
  for (const id of ['Library_ListBooks2', 'Library_GetBook3', '']) assert.ok(!ids.includes(id), id)
})

test('until the code has been loaded it is closed, and nothing is said of that', () => {
  const awaiting = translated()
  assert.deepEqual(ruleOf(awaiting).action, { type: 'respond', failure: 'protection_missing' })
  assert.deepEqual(told(awaiting), [])
})

test('a composition of which nothing is known has no operations to tell', () => {
  const passing = defineGateway({
    backends,
    routes: r => [r.proxy('/{rest=**}', 'files')],
  })
  const translation = translated(factOf(passing))
  assert.deepEqual(ruleOf(translation).action, { type: 'respond', failure: 'protection_missing' })
  assert.match(
    told(translation)[0]!.message,
    /the document of Composition default\/shop: paths: has no operation/,
  )
})
