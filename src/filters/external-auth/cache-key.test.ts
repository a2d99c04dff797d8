import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Fields } from '../../http/fields.ts'
import { compileQuestion } from './asking.ts'
import { CacheKeys } from './cache-key.ts'
import type { AskHttp } from './config.ts'

const ask: AskHttp = {
  protocol: 'http',
  target: { type: 'fixed', value: '/auth' },
  method: 'GET',
  authority: 'auth',
  success: '2xx',
  brought: [],
}
interface Told {
  readonly method?: string
  readonly authority?: string
  readonly path?: string
  readonly query?: string
  readonly address?: string
  readonly fields?: readonly string[]
  readonly body?: string
  readonly identity?: string
}
const keys = new CacheKeys()
const question = compileQuestion(ask, ['x-api-key', 'authorization'])
const keyOf = (told: Told, by = keys): string => {
  const x = {
    asked: {
      method: told.method ?? 'GET',
      authority: told.authority ?? 'a.example',
      path: told.path ?? '/a',
      query: told.query ?? '',
    },
    request: { scheme: 'http', fields: new Fields([...(told.fields ?? [])]), query: told.query ?? '' },
    clientAddress: told.address ?? '192.0.2.1',
  }
  return by.of(x, question(x), told.body === undefined ? null : Buffer.from(told.body), [told.identity ?? ''])
}

for (const [what, told] of [
  ['the method', { method: 'HEAD' }],
  ['the host', { authority: 'b.example' }],
  ['the path', { path: '/b' }],
  ['the query', { query: '?a' }],
  ['the client', { address: '192.0.2.2' }],
  ['a field that is sent', { fields: ['X-Api-Key', 'k'] }],
  ['Authorization', { fields: ['Authorization', 'Bearer a'] }],
  ['Proxy-Authorization, which is not sent', { fields: ['Proxy-Authorization', 'Basic a'] }],
  ['a cookie, which is not sent', { fields: ['Cookie', 'a=1'] }],
  ['a client certificate', { fields: ['Client-Cert', ':MII=:'] }],
  ['another way of telling of one', { fields: ['X-Forwarded-Client-Cert', 'Hash=1'] }],
  ['the scheme', { fields: ['X-Forwarded-Proto', 'https'] }],
  ['who has been found to ask', { identity: 'alice' }],
  ['a body', { body: 'b' }],
] as const)
  test(`${what} belongs to the key`, () => {
    assert.notEqual(keyOf(told), keyOf({}))
    assert.equal(keyOf(told), keyOf(told))
  })

test('what is not sent, and what every request has anew, does not', () => {
  const fields = ['X-Other', 'o', 'X-Request-Id', '1', 'traceparent', 't', 'Via', '1.1 portcullis']
  assert.equal(keyOf({ fields }), keyOf({}))
})

test('another gateway has other keys for the same', () => {
  assert.notEqual(keyOf({}, new CacheKeys()), keyOf({}))
})

test('no two requests that differ in what is told share a key', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ':', ';', '1', ','), maxLength: 4 })
  const told = fc.record({
    method: text,
    path: text,
    query: text,
    fields: fc.array(text, { maxLength: 3 }).map(values => values.flatMap(value => ['X-Api-Key', value])),
    body: text,
  })
  fc.assert(
    fc.property(told, told, (a, b) => {
      assert.equal(keyOf(a) === keyOf(b), JSON.stringify(a) === JSON.stringify(b))
    }),
  )
})
