import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { documentOf } from './document.ts'

const read = (paths: unknown, more: object = { openapi: '3.1.0' }) => documentOf({ ...more, paths })
const get = { get: {} }

test('operations have their operationId, or method and path', () => {
  const { operations, faults } = read({
    '/pets': { get: { operationId: 'listPets' }, post: {}, parameters: [], summary: 's' },
    '/pets/{id}': { delete: { operationId: 'dropPet' } },
    'x-internal': 1,
  })
  assert.deepEqual(faults, [])
  assert.deepEqual(operations, [
    { id: 'listPets', method: 'GET', template: '/pets' },
    { id: 'POST /pets', method: 'POST', template: '/pets' },
    { id: 'dropPet', method: 'DELETE', template: '/pets/{id}' },
  ])
})

test('a path item may be elsewhere in the document', () => {
  const { operations, faults } = read(
    { '/a': { $ref: '#/components/pathItems/a~1b%20c' } },
    { openapi: '3.1.0', components: { pathItems: { 'a/b c': get } } },
  )
  assert.deepEqual(faults, [])
  assert.deepEqual(operations, [{ id: 'GET /a', method: 'GET', template: '/a' }])
})

for (const version of ['3.0.0', '3.0.4', '3.1.1', '3.1.0-rc1'])
  test(`version ${version} is read`, () =>
    assert.deepEqual(read({ '/a': get }, { openapi: version }).faults, []))

for (const [what, document, path, message] of [
  [
    'another version',
    { openapi: '3.2.0', paths: { '/a': get } },
    'openapi',
    /^"3\.2\.0" is not read, expected "3\.0\.x" or "3\.1\.x"$/,
  ],
  ['a number', { openapi: 3.1, paths: { '/a': get } }, 'openapi', /^is a number, .* \(put it in quotes\)$/],
  ['no version', { paths: { '/a': get } }, 'openapi', /^is required/],
  ['Swagger', { swagger: '2.0', paths: { '/a': get } }, 'swagger', /^Swagger 2\.0 is not read/],
  ['no path', { openapi: '3.1.0' }, 'paths', /^has no operation/],
  ['a list of paths', { openapi: '3.1.0', paths: [] }, 'paths', /^is no object/],
  ['a path without a slash', { openapi: '3.1.0', paths: { a: get } }, 'paths a', /^does not begin with "\/"/],
  [
    'a long path',
    { openapi: '3.1.0', paths: { [`/${'a'.repeat(1100)}`]: get } },
    `paths /${'a'.repeat(1100)}`,
    /^has 1101 characters/,
  ],
  ['a query', { openapi: '3.1.0', paths: { '/a?b=c': get } }, 'paths /a?b=c', /^has a query/],
  ['an open brace', { openapi: '3.1.0', paths: { '/a/{b': get } }, 'paths /a/{b', /^has a brace/],
  [
    'a parameter over segments',
    { openapi: '3.1.0', paths: { '/a/{b/c}': get } },
    'paths /a/{b/c}',
    /^has a brace/,
  ],
  [
    'a nameless parameter',
    { openapi: '3.1.0', paths: { '/a/{}': get } },
    'paths /a/{}',
    /^has a parameter without a name/,
  ],
  [
    'a parameter twice',
    { openapi: '3.1.0', paths: { '/{a}/{a}': get } },
    'paths /{a}/{a}',
    /^has the parameter {a} twice/,
  ],
  [
    'parameters without a border',
    { openapi: '3.1.0', paths: { '/{a}{b}': get } },
    'paths /{a}{b}',
    /^has two parameters with nothing between/,
  ],
  [
    'a step up',
    { openapi: '3.1.0', paths: { '/a/../b': get } },
    'paths /a/../b',
    /^has "\." or "\.\." as a segment/,
  ],
  [
    'what no request can have',
    { openapi: '3.1.0', paths: { '/a b': get } },
    'paths /a b',
    /^no request can have this path/,
  ],
  [
    'names that alone differ',
    { openapi: '3.1.0', paths: { '/a/{b}': get, '/a/{c}': get } },
    'paths /a/{c}',
    /^takes the same requests as \/a\/{b}/,
  ],
  [
    'an id twice',
    { openapi: '3.1.0', paths: { '/a': { get: { operationId: 'x' }, put: { operationId: 'x' } } } },
    'paths /a put operationId',
    /^"x" is the id of GET \/a already/,
  ],
  [
    'an id that is a number',
    { openapi: '3.1.0', paths: { '/a': { get: { operationId: 7 } } } },
    'paths /a get operationId',
    /^is no id/,
  ],
  [
    'an operation that is text',
    { openapi: '3.1.0', paths: { '/a': { get: 'x' } } },
    'paths /a get',
    /^is no object, expected an operation/,
  ],
  [
    'another document',
    { openapi: '3.1.0', paths: { '/a': { $ref: 'b.yaml#/a' } } },
    'paths /a $ref',
    /^leads to another document/,
  ],
  [
    'a reference to nothing',
    { openapi: '3.1.0', paths: { '/a': { $ref: '#/b' } } },
    'paths /a $ref',
    /^leads to nothing/,
  ],
  [
    'a circle',
    { openapi: '3.1.0', paths: { '/a': { $ref: '#/paths/~1a' } } },
    'paths /a $ref',
    /^leads around in a circle/,
  ],
] as const)
  test(`${what} is a fault`, () => {
    const [fault, ...more] = documentOf(document).faults
    assert.deepEqual(more, [])
    assert.equal(fault?.path.join(' '), path)
    assert.match(fault?.message ?? '', message)
  })

test('more operations than any API has are refused', () => {
  const paths = Object.fromEntries(Array.from({ length: 5001 }, (_, i) => [`/a${i}`, get]))
  assert.match(read(paths).faults[0]?.message ?? '', /^has 5001 operations, expected at most 5000$/)
})

test('nothing that JSON can be makes it throw', () =>
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (paths, more) => {
      documentOf({ openapi: '3.1.0', paths })
      documentOf({ openapi: '3.1.0', paths: { '/a': more, '/b': { get: more } } })
    }),
  ))
