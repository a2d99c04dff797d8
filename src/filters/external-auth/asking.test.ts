import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fields } from '../../http/fields.ts'
import { compileQuestion, compileSent } from './asking.ts'
import type { AskHttp } from './config.ts'

const ask: AskHttp = {
  protocol: 'http',
  target: { type: 'prefix', value: '' },
  method: '',
  authority: '',
  success: '2xx',
  brought: [],
}
const asked = { method: 'POST', authority: 'shop.example:8080', path: '/cart', query: '?id=1' }
const x = (list: string[] = [], more: Partial<typeof asked> = {}) => ({
  asked: { ...asked, ...more },
  request: { scheme: 'http', fields: new Fields(list), query: { ...asked, ...more }.query },
  clientAddress: '192.0.2.7',
})
const valueOf = (fields: readonly string[], name: string): string[] =>
  fields.filter((_, i) => i % 2 === 1 && fields[i - 1] === name)

for (const [name, more, at, expected] of [
  ['the request itself', {}, {}, 'POST /cart?id=1 shop.example:8080'],
  [
    'its path behind a prefix',
    { target: { type: 'prefix', value: '/check' } },
    {},
    'POST /check/cart?id=1 shop.example:8080',
  ],
  [
    'always the same',
    { target: { type: 'fixed', value: '/oauth2/auth?group=a' }, method: 'GET' },
    {},
    'GET /oauth2/auth?group=a shop.example:8080',
  ],
  ['a host of its own', { authority: 'auth.internal' }, {}, 'POST /cart?id=1 auth.internal'],
  [
    'OPTIONS * has a path behind a prefix',
    { target: { type: 'prefix', value: '/check' } },
    { method: 'OPTIONS', path: '*', query: '' },
    'OPTIONS /check/* shop.example:8080',
  ],
] as const)
  test(`asks for ${name}`, () => {
    const { method, target, authority } = compileQuestion({ ...ask, ...more }, [])(x([], at))
    assert.equal(`${method} ${target} ${authority}`, expected)
  })

test('says what the client asked for, in place of what it says of that itself', () => {
  const { fields } = compileQuestion(
    ask,
    null,
  )(
    x([
      'X-Original-URL',
      'http://spoofed/',
      'X_Original_Url',
      'http://spoofed/',
      'x-original-method',
      'GET',
      'X-Original-URI',
      '/',
      'X-Forwarded-Host',
      'spoofed',
      'X-Forwarded-Method',
      'GET',
      'X-Forwarded-Uri',
      '/public',
      'X-Real-IP',
      '1.1.1.1',
      'Forwarded',
      'host=spoofed',
      'X-Forwarded-Proto',
      'https',
      'X-Forwarded-For',
      '192.0.2.7',
      'Via',
      '1.1 portcullis',
    ]),
  )
  // oxfmt-ignore
  assert.deepEqual(fields, [
    'X-Forwarded-Proto', 'https',
    'X-Forwarded-For', '192.0.2.7',
    'Via', '1.1 portcullis',
    'X-Forwarded-Method', 'POST',
    'X-Forwarded-Host', 'shop.example:8080',
    'X-Forwarded-Uri', '/cart?id=1',
    'X-Original-Method', 'POST',
    'X-Original-URL', 'https://shop.example:8080/cart?id=1',
    'X-Real-IP', '192.0.2.7',
  ])
})

test('asks for no part of an answer, and for none that depends on what the client has', () => {
  const conditional = ['Range', 'If-Range', 'If-None-Match', 'If-Match', 'If-Modified-Since']
  const fields = new Fields(conditional.flatMap(name => [name, 'x']))
  assert.deepEqual(compileSent(null)(fields), [])
  assert.deepEqual(compileSent(['range', 'if-none-match'])(fields), [])
})

test('sends what is chosen, and what the gateway says itself', () => {
  const fields = new Fields([
    'Accept',
    'text/html',
    'authorization',
    'Bearer a',
    'Cookie',
    'a=1',
    'cookie',
    'b=2',
    'X-Api-Key',
    'k',
    'X-Other',
    'o',
    'X-Request-Id',
    '1',
    'Client-Cert',
    ':MII=:',
  ])
  assert.deepEqual(compileSent(['x-api-key', 'authorization', 'cookie'])(fields), [
    'authorization',
    'Bearer a',
    'Cookie',
    'a=1',
    'cookie',
    'b=2',
    'X-Api-Key',
    'k',
    'X-Request-Id',
    '1',
    'Client-Cert',
    ':MII=:',
  ])
})

test('sends no credential that is not chosen', () => {
  const fields = new Fields(['Authorization', 'Bearer a', 'Cookie', 'a=1', 'Proxy-Authorization', 'Basic a'])
  assert.deepEqual(compileSent([])(fields), [])
})

test('keeps OPTIONS * apart from a path', () => {
  const { fields } = compileQuestion(ask, [])(x([], { method: 'OPTIONS', path: '*', query: '' }))
  assert.deepEqual(valueOf(fields, 'X-Original-URL'), ['http://shop.example:8080'])
  assert.deepEqual(valueOf(fields, 'X-Forwarded-Uri'), ['*'])
})
