import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { check, property, string } from 'fast-check'
import { CallFailure } from '../calls/failure.ts'
import { PathTemplate } from './template.ts'

suite('path templates', () => {
  for (const [template, path, expected] of [
    ['/', '/', {}],
    ['/users', '/users', {}],
    ['/users', '/users/', null],
    ['/users/{id}', '/users/7', { id: '7' }],
    ['/users/{id}', '/users/', null],
    ['/users/{id}', '/users/7/orders', null],
    ['/users/{id}/orders/{order}', '/users/7/orders/o1', { id: '7', order: 'o1' }],
    ['/users/{id}', '/users/a%2Fb%20c', { id: 'a/b c' }],
    ['/a b', '/a%20b', null],
    ['/caf%C3%A9', '/caf%c3%a9', {}],
    ['/users/{id}', '/user/7', null],
    ['/files/{name}.json', '/files/a.b.json', { name: 'a.b' }],
    ['/files/{name}.json', '/files/.json', null],
    ['/books/{id}:archive', '/books/7:archive', { id: '7' }],
    ['/books/{id}:archive', '/books/7', null],
    ['/{from}-{to}', '/a-b-c', { from: 'a', to: 'b-c' }],
    ['/x.y/{id}', '/xzy/7', null],
    ['/files/{rest=**}', '/files/a/b%2Fc', { rest: 'a/b%2Fc' }],
    ['/files/{rest=**}', '/files/', { rest: '' }],
    ['/files/{rest=**}', '/files', { rest: '' }],
    ['/files/{rest=**}', '/file', null],
    ['/{rest=**}', '/', { rest: '' }],
    ['/{shop}/{rest=**}', '/a/b/c', { shop: 'a', rest: 'b/c' }],
  ] as const)
    test(`${template} ${expected === null ? 'leaves' : 'takes'} ${path}`, () => {
      if (template === '/a b') assert.throws(() => new PathTemplate(template), TypeError)
      else assert.deepEqual(new PathTemplate(template).match(path), expected)
    })

  for (const template of [
    'users',
    '/users/{id',
    '/users/{}',
    '/users?x=1',
    '/{a}/{a}',
    '/{a b}',
    '/{a}{b}',
    '/a/..',
    '/a/%2e%2e/b',
    '/a/..;x/b',
    '/%zz',
    '/{rest=**}/x',
    '/a{rest=**}',
    '/{rest=*}',
  ])
    test(`${template} is none`, () => assert.throws(() => new PathTemplate(template), TypeError))

  for (const value of [
    '',
    '.',
    '..',
    '../x',
    'x/..',
    'x/../y',
    '..\\x',
    '..;a=b/x',
    undefined,
    null,
    {},
    '\ud800',
  ])
    test(`${JSON.stringify(value) ?? 'undefined'} is refused in a path`, () =>
      assert.throws(
        () => new PathTemplate('/users/{id}').expand('users GET /users/{id}', { id: value }),
        (error: unknown) => error instanceof CallFailure && error.failure === 'path_parameter_refused',
      ))

  for (const rest of [
    '..',
    'a/../b',
    'a/%2e%2e',
    '%2e%2e%2fx',
    'a\\..\\b',
    'a/.',
    'a?b',
    'a#b',
    'a b',
    '%zz',
    'é',
  ])
    test(`the rest of a path is not ${rest}`, () =>
      assert.throws(() => new PathTemplate('/files/{rest=**}').expand('', { rest }), CallFailure))

  test('the rest of a path goes on with its escapes', () =>
    assert.equal(new PathTemplate('/v1/{rest=**}').expand('', { rest: 'a/b%2Fc:d' }), '/v1/a/b%2Fc:d'))

  test('so is what makes one together with text', () =>
    assert.throws(() => new PathTemplate('/files/.{ext}').expand('', { ext: '.' }), CallFailure))

  test('what is expanded is matched, and stays one segment of the path to every parser', () => {
    const template = new PathTemplate('/users/{id}/orders')
    check(
      property(string({ unit: 'binary' }), id => {
        let path
        try {
          path = template.expand('', { id })
        } catch (error) {
          return error instanceof CallFailure
        }
        const { pathname } = new URL(path, 'http://backend')
        return pathname === path && template.match(path)?.['id'] === id
      }),
      { numRuns: 1_000 },
    )
  })
})
