import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { accessLine, secondsText } from './access-line.ts'
import type { QueryMode } from './access-line.ts'
import { AccessRecord } from './access-record.ts'
import { jsonObject } from './testing/json-object.ts'

const NOW = Date.UTC(2026, 10, 23, 12, 3, 4, 5)

function recordOf(values: Partial<AccessRecord>): AccessRecord {
  return Object.assign(new AccessRecord(), values)
}

function parsed(values: Partial<AccessRecord>, mode: QueryMode = 'redact'): Record<string, unknown> {
  return jsonObject(accessLine(recordOf(values), NOW, mode))
}

const FULL: Partial<AccessRecord> = {
  method: 'POST',
  path: '/items/1',
  query: '?a=1&token=abc',
  status: 502,
  version: 20,
  clientAddress: '2001:db8::1',
  serverAddress: 'shop.example',
  serverPort: 8080,
  route: 'httproute/default/items/0',
  userAgent: 'curl/8 "x"',
  requestBodyBytes: 5,
  responseBodyBytes: 2 ** 40,
  durationMs: 1234.5678,
  exchangeId: 'id-1',
  listener: 'default/gateway/http',
  cluster: 'Backend/default/items',
  endpoint: '127.0.0.1:9000',
  attempts: 2,
  upstreamMs: 0.25,
  failure: 'connection_refused',
  rejection: 'bare-cr',
  grpcStatus: 0,
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
}

test('a full record, by its names', () => {
  assert.deepEqual(parsed(FULL), {
    time: '2026-11-23T12:03:04.005Z',
    'http.request.method': 'POST',
    'http.response.status_code': 502,
    'network.protocol.version': '2',
    'server.address': 'shop.example',
    'server.port': 8080,
    'portcullis.listener': 'default/gateway/http',
    'http.route': 'httproute/default/items/0',
    'portcullis.cluster': 'Backend/default/items',
    'portcullis.endpoint': '127.0.0.1:9000',
    'portcullis.attempts': 2,
    'user_agent.original': 'curl/8 "x"',
    'url.path': '/items/1',
    'url.query': 'a=1&token=[redacted]',
    'client.address': '2001:db8::1',
    'portcullis.exchange.id': 'id-1',
    'http.request.body.size': 5,
    'http.response.body.size': 2 ** 40,
    duration: 1.234568,
    'portcullis.upstream.duration': 0.00025,
    'portcullis.failure': 'connection_refused',
    'portcullis.rejection': 'bare-cr',
    'rpc.grpc.status_code': 0,
    trace_id: '0af7651916cd43dd8448eb211c80319c',
    span_id: 'b7ad6b7169203331',
  })
})

test('what is unknown is left out', () => {
  assert.deepEqual(parsed({}), {
    time: '2026-11-23T12:03:04.005Z',
    'server.port': 0,
    'url.path': '',
    'client.address': '',
    'portcullis.exchange.id': '',
    'http.request.body.size': 0,
    'http.response.body.size': 0,
    duration: 0,
  })
})

test('a record that is used again has nothing left of before', () => {
  const record = recordOf(FULL)
  record.reset()
  assert.deepEqual(record, new AccessRecord())
})

for (const [mode, shown] of [
  ['redact', 'a=1&token=[redacted]'],
  ['show', 'a=1&token=abc'],
  ['leave-out', undefined],
] as const)
  test(`queries in mode ${mode}`, () => assert.equal(parsed(FULL, mode)['url.query'], shown))

const SHOWN = [
  ['method', 'http.request.method_original'],
  ['path', 'url.path'],
  ['query', 'url.query'],
  ['userAgent', 'user_agent.original'],
  ['clientAddress', 'client.address'],
  ['serverAddress', 'server.address'],
  ['exchangeId', 'portcullis.exchange.id'],
  ['listener', 'portcullis.listener'],
  ['route', 'http.route'],
  ['cluster', 'portcullis.cluster'],
  ['endpoint', 'portcullis.endpoint'],
  ['rejection', 'portcullis.rejection'],
] as const

for (const [method, name, original] of [
  ['GET', 'GET', undefined],
  ['PROPFIND', 'PROPFIND', undefined],
  ['PAINT', '_OTHER', 'PAINT'],
  ['get', '_OTHER', 'get'],
  ['', undefined, undefined],
] as const)
  test(`the method of ${method || 'no request'}`, () => {
    const line = parsed(recordOf({ method }), 'show')
    assert.deepEqual([line['http.request.method'], line['http.request.method_original']], [name, original])
  })

test('any text in any field comes back, and the line is one line of ASCII', () => {
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 4 }), fc.string({ maxLength: 9 }))
  fc.assert(
    fc.property(fc.tuple(...SHOWN.map(() => text)), texts => {
      const values = Object.fromEntries(SHOWN.map(([field], i) => [field, texts[i]]))
      const line = accessLine(recordOf(values), NOW, 'show')
      assert.match(line, /^\{[\x20-\x7e]*\}\n$/)
      const back = jsonObject(line)
      for (const [i, [field, name]] of SHOWN.entries()) {
        const expected = field === 'query' && texts[i]!.startsWith('?') ? texts[i]!.slice(1) : texts[i]!
        assert.equal(back[name] ?? '', expected, name)
      }
    }),
    { numRuns: 300 },
  )
})

test('what clients choose cannot make a line longer than a pipe takes in one piece', () => {
  for (const char of ['x', '"', '\xff', '\u20ac']) {
    const long = char.repeat(8_192)
    const client = {
      method: long,
      path: long,
      query: long,
      userAgent: long,
      serverAddress: long,
      exchangeId: long,
    }
    const line = accessLine(recordOf({ ...FULL, ...client }), NOW, 'show')
    assert.ok(line.length <= 4_096, `${line.length} bytes`)
    JSON.parse(line)
  }
})

for (const [ms, text] of [
  [0, '0.000000'],
  [-1, '0.000000'],
  [NaN, '0.000000'],
  [0.001, '0.000001'],
  [0.0005, '0.000001'],
  [12.3456, '0.012346'],
  [999.9999, '1.000000'],
  [1_000, '1.000000'],
  [3_600_000.5, '3600.000500'],
] as const)
  test(`${ms} ms are ${text} s`, () => assert.equal(secondsText(ms), text))
