import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fields } from '../../../http/fields.ts'
import { Check, type CheckResponse } from '../../../../test/support/ext-authz.ts'
import { checkRequest } from './check-request.ts'
import { decisionOf } from './check-response.ts'

const x = {
  id: 'id-1',
  asked: { method: 'POST', authority: 'shop.example', path: '/cart', query: '?id=1' },
  request: {
    scheme: 'http',
    version: 20,
    length: 5,
    query: '?id=1',
    fields: new Fields(['X-Forwarded-Proto', 'https']),
  },
  clientAddress: '192.0.2.7',
}
/** Another implementation of Protocol Buffers has the last word on what was written. */
const read = (fields: readonly string[], body: Buffer | null) =>
  Check.requestDeserialize(checkRequest(x, fields, body, 1_700_000_000_250)).attributes

test('a request is told as Envoy tells it', () => {
  const fields = [
    'X-User',
    'Ã©',
    'X-Bytes',
    'é',
    'Accept',
    'a',
    'accept',
    'b',
    'Cookie',
    'a=1',
    'cookie',
    'b=2',
  ]
  const { source, request } = read(fields, null)
  assert.equal(source.address.socketAddress.address, '192.0.2.7')
  assert.deepEqual({ ...request.time }, { seconds: '1700000000', nanos: 250_000_000 })
  const { headers, rawBody, ...rest } = request.http
  assert.deepEqual(headers, {
    ':authority': 'shop.example',
    ':method': 'POST',
    ':path': '/cart?id=1',
    ':scheme': 'https',
    'x-user': 'é',
    'x-bytes': '\ufffd',
    accept: 'a,b',
    cookie: 'a=1; b=2',
  })
  assert.equal(rawBody.length, 0)
  assert.deepEqual(rest, {
    id: 'id-1',
    method: 'POST',
    path: '/cart?id=1',
    host: 'shop.example',
    scheme: 'https',
    query: '',
    fragment: '',
    size: '5',
    protocol: 'HTTP/2',
    body: '',
  })
})

test('a body is a text where it is one, and bytes otherwise', () => {
  const text = read([], Buffer.from('grün')).request.http
  assert.equal(text.body, 'grün')
  assert.equal(text.rawBody.length, 0)
  const bytes = read([], Buffer.from('ff00', 'hex')).request.http
  assert.equal(bytes.body, '')
  assert.deepEqual(bytes.rawBody, Buffer.from('ff00', 'hex'))
})

const decide = (response: CheckResponse) => decisionOf(Check.responseSerialize(response))
const header = (key: string, value: string, more: object = {}) => ({ header: { key, value }, ...more })

test('an answer without a word lets a request pass as it is', () => {
  const nothing = { verdict: 'allowed', set: [], added: [], removed: [], answered: [] }
  assert.deepEqual(decide({}), nothing)
  assert.deepEqual(decide({ status: { code: 0 }, okResponse: {} }), nothing)
})

test('headers of a request are set, or stand beside where that is asked for', () => {
  const headers = [
    header('x-user', 'a'),
    header('x-role', 'b', { append: { value: true } }),
    header('x-group', 'c', { append: { value: false }, appendAction: 0 }),
    header('x-absent', 'd', { appendAction: 1 }),
  ]
  const decision = decide({ okResponse: { headers, headersToRemove: ['X-Secret'] } })
  assert.deepEqual(decision, {
    verdict: 'allowed',
    set: ['x-user', 'a', 'x-group', 'c', 'x-absent', 'd'],
    added: ['x-role', 'b'],
    removed: ['x-secret'],
    answered: [],
  })
})

test('raw values go on byte for byte', () => {
  const headers = [{ header: { key: 'x-raw', rawValue: Buffer.from('e9', 'hex') } }]
  const decision = decide({ okResponse: { headers } })
  assert.deepEqual(decision.verdict === 'allowed' && decision.set, ['x-raw', 'é'])
})

test('nothing that says where a request goes, or how long it is, is brought or taken', () => {
  const headers = ['Host', 'content-length', 'Transfer-Encoding', 'connection', 'X-Forwarded-For'].map(name =>
    header(name, '1'),
  )
  const decision = decide({
    okResponse: {
      headers,
      headersToRemove: ['host', 'Via', 'x-forwarded-for'],
      responseHeadersToAdd: headers,
    },
  })
  assert.deepEqual(decision, {
    verdict: 'allowed',
    set: [],
    added: [],
    removed: [],
    answered: ['X-Forwarded-For', '1'],
  })
})

test('headers for the answer stand beside its own', () => {
  const responseHeadersToAdd = [header('set-cookie', 'a=1'), header('set-cookie', 'b=2')]
  const decision = decide({ okResponse: { responseHeadersToAdd } })
  assert.deepEqual(decision.verdict === 'allowed' && decision.answered, [
    'set-cookie',
    'a=1',
    'set-cookie',
    'b=2',
  ])
})

for (const [what, response, status] of [
  ['a code', { status: { code: 7 } }, 403],
  ['a code beside an approval', { status: { code: 16 }, okResponse: {} }, 403],
  ['a refusal without a code', { deniedResponse: { status: { code: 401 } } }, 401],
  [
    'a refusal with a status of its own',
    { status: { code: 7 }, deniedResponse: { status: { code: 302 } } },
    302,
  ],
  ['a refusal with a status that is none', { deniedResponse: { status: { code: 200 } } }, 403],
] as const)
  test(`${what} is a refusal with status ${status}`, () => {
    const decision = decide(response)
    assert.equal(decision.verdict, 'denied')
    assert.equal(decision.verdict === 'denied' && decision.status, status)
  })

test('a refusal has the words of the service', () => {
  const headers = [header('location', 'https://login.example/'), header('content-length', '99')]
  const decision = decide({
    status: { code: 16 },
    deniedResponse: { status: { code: 302 }, headers, body: 'go there' },
  })
  assert.deepEqual(decision, {
    verdict: 'denied',
    status: 302,
    fields: ['location', 'https://login.example/'],
    body: Buffer.from('go there'),
  })
})

for (const [what, response] of [
  ['a service that has failed', { status: { code: 13 }, deniedResponse: { status: { code: 503 } } }],
  ['another query', { okResponse: { queryParametersToSet: [{ key: 'a', value: 'b' }] } }],
  ['less of the query', { okResponse: { queryParametersToRemove: ['a'] } }],
  ['a value with a line break', { okResponse: { headers: [header('x-a', 'b\r\nc: d')] } }],
  ['a name that is none', { okResponse: { headers: [header('x a', 'b')] } }],
  ['another path', { okResponse: { headers: [header(':path', '/admin')] } }],
] as const)
  test(`${what} is no decision`, () => {
    assert.equal(decide(response).verdict, 'unavailable')
  })

test('bytes that are no message are no decision', () => {
  assert.equal(decisionOf(Buffer.from('0a', 'hex')).verdict, 'unavailable')
})
