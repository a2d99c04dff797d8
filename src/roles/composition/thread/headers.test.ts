import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headersOf, listOf } from './headers.ts'

test('several fields of a name are joined as each name allows', () => {
  const list = [
    'A',
    '1',
    'a',
    '2',
    'Cookie',
    'x=1',
    'cookie',
    'y=2',
    'Set-Cookie',
    'p=1',
    'set-cookie',
    'q=2',
    'constructor',
    '3',
    'constructor',
    '4',
  ]
  assert.deepEqual(
    { ...headersOf(list) },
    { a: '1, 2', cookie: 'x=1; y=2', 'set-cookie': 'p=1\nq=2', constructor: '3, 4' },
  )
})

test('cookies that are set are fields of their own again, and nothing else has lines', () => {
  const expires = 'p=1; Expires=Wed, 09 Jun 2027 10:18:14 GMT'
  assert.deepEqual(listOf({ 'set-cookie': `${expires}\nq=2`, a: '1, 2' }), [
    'set-cookie',
    expires,
    'set-cookie',
    'q=2',
    'a',
    '1, 2',
  ])
  for (const headers of [{ a: '1\nb: 2' }, { 'set-cookie': 'p=1\r\nb: 2' }, { 'a b': '1' }])
    assert.throws(() => listOf(headers), TypeError)
})

test('what a client calls a field is nothing that objects have', () => {
  assert.deepEqual({ ...headersOf(['constructor', 'a', 'constructor', 'b']) }, { constructor: 'a, b' })
})

test('names are in lower case, so that whoever looks for one finds it', () => {
  assert.deepEqual(listOf({ 'Content-Length': '3', 'X-A': 'b' }), ['content-length', '3', 'x-a', 'b'])
})

test('what is no text does not cross', () => {
  for (const value of [undefined, null, 5, ['a'], { toString: () => 'a' }])
    for (const name of ['x-a', 'set-cookie'])
      assert.throws(() => listOf({ [name]: value }), TypeError, `${name}: ${typeof value}`)
})
