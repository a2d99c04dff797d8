import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { operationMatcher } from './matcher.ts'

const paths = [
  'GET /',
  'GET /pets',
  'POST /pets',
  'GET /pets/{id}',
  'DELETE /pets/{id}',
  'GET /pets/mine',
  'GET /pets/{id}/photos',
  'GET /pets/mine/{photo}',
  'GET /reports/{id}.pdf',
  'GET /reports/{year}-{month}.pdf',
  'GET /reports/{id}',
  'HEAD /reports/{id}',
  'GET /slash/',
  'GET /caf%c3%a9/{id}',
]
const operations = paths.map(id => {
  const [method = '', template = ''] = id.split(' ')
  return { id, method, template }
})
const match = operationMatcher('/v1', operations)

for (const [method, path, expected] of [
  ['GET', '/v1/pets', 'GET /pets'],
  ['POST', '/v1/pets', 'POST /pets'],
  ['PUT', '/v1/pets', ''],
  ['GET', '/v1/', 'GET /'],
  ['GET', '/v1', 'GET /'],
  ['GET', '/v2/pets', ''],
  ['GET', '/v1pets', ''],
  ['GET', '/pets', ''],
  ['GET', '/v1/pets/7', 'GET /pets/{id}'],
  // A literal goes before a parameter, also further on.
  ['GET', '/v1/pets/mine', 'GET /pets/mine'],
  ['GET', '/v1/pets/mine/photos', 'GET /pets/mine/{photo}'],
  ['GET', '/v1/pets/7/photos', 'GET /pets/{id}/photos'],
  ['GET', '/v1/pets/7/other', ''],
  // It has no DELETE, and a router of a backend would take the other one.
  ['DELETE', '/v1/pets/mine', 'DELETE /pets/{id}'],
  ['GET', '/v1/reports/7.pdf', 'GET /reports/{id}.pdf'],
  ['GET', '/v1/reports/2026-11.pdf', 'GET /reports/{year}-{month}.pdf'],
  ['GET', '/v1/reports/-11.pdf', 'GET /reports/{id}.pdf'],
  ['GET', '/v1/reports/.pdf', 'GET /reports/{id}'],
  ['GET', '/v1/caf%C3%A9/1', 'GET /caf%c3%a9/{id}'],
  // HEAD is its GET, where there is none.
  ['HEAD', '/v1/pets/7', 'GET /pets/{id}'],
  ['HEAD', '/v1/reports/7', 'HEAD /reports/{id}'],
  // What changes nothing for most backends.
  ['GET', '/v1/pets/', 'GET /pets'],
  ['GET', '/v1//pets//7', 'GET /pets/{id}'],
  ['DELETE', '/v1/pets/7/', 'DELETE /pets/{id}'],
  ['GET', '/v1/slash', 'GET /slash/'],
  ['GET', '/v1/slash/', 'GET /slash/'],
  // A parameter is something: the empty one is merged.
  ['GET', '/v1/pets//photos', 'GET /pets/{id}'],
  // What may be read in two ways is of none.
  ['GET', '/v1/pets/a%2Fphotos', ''],
  ['GET', '/v1/pets/..;/pets', ''],
] as const)
  test(`${method} ${path} is ${expected || 'none'}`, () => assert.equal(match(method, path), expected))

test('without a base path templates are paths', () => {
  assert.equal(operationMatcher('', operations)('GET', '/pets/7'), 'GET /pets/{id}')
})

const segment = fc.constantFrom('a', 'b', '{p}', 'x{p}', '{p}y')
const template = fc
  .array(segment, { minLength: 1, maxLength: 4 })
  .map(list => `/${list.map((one, i) => one.replace('p', `p${i}`)).join('/')}`)

test('what fits a template is found, and what is found fits', () =>
  fc.assert(
    fc.property(
      fc.uniqueArray(template, { minLength: 1, maxLength: 12, selector: one => one.replaceAll(/p\d/g, 'p') }),
      fc.array(fc.constantFrom('a', 'b', 'xa', 'ay', 'xay', 'z'), { minLength: 1, maxLength: 4 }),
      (templates, segments) => {
        const path = `/${segments.join('/')}`
        const found = operationMatcher(
          '',
          templates.map(one => ({ id: one, method: 'GET', template: one })),
        )('GET', path)
        const fits = (one: string): boolean =>
          new RegExp(`^${one.replaceAll(/\{p\d\}/g, '[^/]+')}$`).test(path)
        const fitting = templates.filter(fits)
        assert.equal(found !== '', fitting.length > 0)
        if (found !== '') assert.ok(fits(found))
        // None of the others has a literal where this one has a parameter, with all alike before.
        if (fitting.includes(path)) assert.equal(found, path)
      },
    ),
  ))

test('a path that almost fits everything costs no more than the document has', () => {
  const templates = Array.from(
    { length: 12 },
    (_, bits) =>
      `/${Array.from({ length: 24 }, (_unused, i) => ((bits >> (i % 4)) & 1 ? 'a' : `{p${i}}`)).join('/')}/end${bits}`,
  )
  const deep = operationMatcher(
    '',
    templates.map(one => ({ id: one, method: 'GET', template: one })),
  )
  assert.equal(deep('GET', `/${'a/'.repeat(24)}nowhere`), '')
})
