import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Type as T } from 'typebox'
import { defineGateway } from './gateway.ts'

const routes = (...all: readonly string[]) =>
  defineGateway({
    backends: {},
    routes: r =>
      all.map(text => {
        const [method = '', path = ''] = text.split(' ')
        return r[method.toLowerCase() as 'get'](path, { out: T.Null(), run: () => null })
      }),
  }).router

suite('which route takes a request', () => {
  const router = routes(
    'GET /users/{id}',
    'GET /users/me',
    'PUT /users/{id}',
    'GET /{a}/b',
    'GET /users/{id}/x',
    'GET /users/{id}.json',
  )
  for (const [asked, expected] of [
    ['GET /users/me', '/users/me'],
    ['GET /users/7', '/users/{id}'],
    ['HEAD /users/7', '/users/{id}'],
    ['PUT /users/me', '/users/{id}'],
    ['GET /users/b', '/users/{id}'],
    ['GET /users/7.json', '/users/{id}.json'],
    ['GET /x/b', '/{a}/b'],
    ['POST /users/me', ['GET', 'PUT', 'HEAD']],
    ['GET /users', null],
  ] as const)
    test(asked, () => {
      const [method = '', path = ''] = asked.split(' ')
      const found = router.find(method, path)
      assert.deepEqual(found !== null && 'route' in found ? found.route.path : found, expected)
    })

  for (const [what, ...all] of [
    ['the same twice', 'GET /a', 'GET /a'],
    ['the same with another name', 'GET /a/{x}', 'PUT /a/{y}'],
    ['no path', 'GET a'],
  ] as const)
    test(`${what} is refused`, () => assert.throws(() => routes(...all), TypeError))

  for (const at of ['in.body', 'out'] as const)
    test(`a schema that is not understood is refused: ${at}`, () => {
      const schema = T.Array(T.Object({ a: T.String() }, { if: { required: ['a'] } }))
      assert.throws(
        () =>
          defineGateway({
            backends: {},
            routes: r => [
              r.post('/x/y', {
                in: { body: at === 'in.body' ? schema : T.Null() },
                out: at === 'out' ? schema : T.Null(),
                run: () => null as never,
              }),
            ],
          }),
        new RegExp(`^TypeError: POST /x/y: ${at} has a schema .* with "if"`),
      )
    })

  test('so is a member for what is missing that the answer has itself, or cannot have', () => {
    for (const out of [T.Array(T.String()), T.Object({ missing: T.String() })])
      assert.throws(
        () =>
          defineGateway({
            backends: {},
            routes: r => [r.get('/', { out, partial: { member: 'missing' }, run: () => null as never })],
          }),
        /GET \/: the member "missing"/,
      )
  })

  test('so is a parameter that is not in the path', () => {
    assert.throws(
      () =>
        defineGateway({
          backends: {},
          routes: r => [
            r.get('/a/{id}', {
              in: { params: T.Object({ ip: T.String() }) },
              out: T.Null(),
              run: () => null,
            }),
          ],
        }),
      /GET \/a\/\{id\}: in.params has "ip", which is not in the path/,
    )
  })
})
