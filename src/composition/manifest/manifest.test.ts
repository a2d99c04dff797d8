import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Type as T } from 'typebox'
import { storefront } from '../../../test/support/storefront.ts'
import { defineGateway, http, manifestOf, websocket } from '../composition.ts'

const Node = T.Cyclic({ Node: T.Object({ name: T.String(), below: T.Array(T.Ref('Node')) }) }, 'Node')

/** Whoever runs a function of it to know what it is fails. */
const all = defineGateway({
  backends: {
    a: http({
      url: 'https://a.example/base',
      headers: { authorization: 'Bearer secret' },
      relay: ['X-User'],
    }),
  },
  before: [
    () => {
      throw new Error('run')
    },
  ],
  timeoutMs: 2_000,
  routes: r => [
    r.get('/tree/{id}', {
      in: { params: T.Object({ id: T.Integer() }), headers: T.Object({ 'x-tenant': T.String() }) },
      out: Node,
      partial: 'refuse',
      run: () => {
        throw new Error('run')
      },
    }),
    r.put('/tree/{id}', {
      in: { body: Node, query: T.Object({ dry: T.Optional(T.Boolean()) }) },
      out: T.Null(),
      status: 204,
      timeoutMs: 500,
      run: () => {
        throw new Error('run')
      },
    }),
    r.get('/', {
      out: T.Object({ n: T.Integer() }),
      partial: { member: 'missing' },
      run: () => {
        throw new Error('run')
      },
    }),
  ],
})

suite('what a composition is, without running it', () => {
  test('a schema that cannot be compiled is told with its route', () => {
    const unusable = T.Unsafe<string>({ type: 'string', not: { pattern: '(' } })
    const run = (): never => assert.fail('run')
    for (const [gateway, expected] of [
      [
        defineGateway({ backends: {}, routes: r => [r.get('/a/{id}', { out: unusable, run })] }),
        /^GET \/a\/\{id\}: out has Invalid regular/,
      ],
      [
        defineGateway({
          backends: {},
          routes: r => [r.post('/a', { in: { body: unusable }, out: T.Null(), run })],
        }),
        /^POST \/a: in\.body has Invalid/,
      ],
      [
        defineGateway({ backends: {}, routes: r => [r.websocket('/w', { receives: unusable, run })] }),
        /^GET \/w: receives has Invalid/,
      ],
      [
        defineGateway({
          backends: { ticks: websocket({ url: 'ws://ticks', sends: unusable }) },
          routes: () => [],
        }),
        /^backend ticks: sends has Invalid/,
      ],
    ] as const)
      assert.throws(() => manifestOf(gateway as unknown as typeof all), {
        name: 'TypeError',
        message: expected,
      })
  })

  test('backends, routes, fan-out', () => {
    const { backends, routes } = manifestOf(storefront)
    assert.deepEqual(backends[1], {
      name: 'shop',
      protocol: 'rest',
      url: 'http://shop/',
      timeoutMs: 500,
      limitBytes: 4 * 1024 * 1024,
      retry: null,
      deadlineHeader: 'x-deadline-ms',
      relay: ['traceparent', 'tracestate', 'authorization'],
      resilience: { timeoutMs: 500 },
    })
    assert.deepEqual(routes[0], {
      method: 'GET',
      path: '/me/{id}/home',
      operationId: 'getHome',
      kind: 'composed',
      timeoutMs: 1_000,
      partial: 'header',
      failures: [{ backend: 'users', status: 404, answer: { status: 404, title: 'No such user' } }],
      filters: { before: 0, after: 0 },
      calls: [
        { backend: 'users', method: 'GET', path: '/users/{id}' },
        { backend: 'users', method: 'GET', path: '/users/{id}/orders' },
        { backend: 'shop', method: 'GET', path: '/tiers/{name}/book' },
      ],
    })
    assert.equal(routes[1]?.calls, null)
  })

  test('what takes any time is null in it', () => {
    const { backends, routes } = manifestOf(
      defineGateway({
        timeoutMs: Infinity,
        backends: { a: http({ url: 'http://a', timeoutMs: Infinity }) },
        routes: r => [r.get('/a', { out: T.Null(), run: () => null })],
      }) as unknown as typeof all,
    )
    assert.deepEqual([backends[0]?.timeoutMs, routes[0]?.timeoutMs], [null, null])
    assert.deepEqual(backends[0]?.resilience, {})
  })

  test('it is data, and has no credential', () => {
    const manifest = manifestOf(all)
    assert.deepEqual(JSON.parse(JSON.stringify(manifest)), manifest)
    assert.doesNotMatch(JSON.stringify(manifest), /secret/)
    assert.deepEqual(
      manifest.routes.map(({ timeoutMs, filters, operationId }) => [timeoutMs, filters.before, operationId]),
      [
        [2_000, 1, 'get_tree_id'],
        [500, 1, 'put_tree_id'],
        [2_000, 1, 'get'],
      ],
    )
  })

  for (const [what, gateway] of [
    ['storefront', storefront],
    ['one with everything', all],
  ] as const)
    test(`the OpenAPI document of ${what} is one`, async () => {
      const { openapi } = manifestOf(gateway)
      const { valid, errors } = await new Validator().validate(
        structuredClone(openapi) as unknown as Record<string, unknown>,
      )
      assert.ok(valid, JSON.stringify(errors))
    })

  test('parameters, bodies and answers are those of the routes', () => {
    const { paths, components } = manifestOf(all).openapi
    const get = paths['/tree/{id}']?.['get'] as { parameters: unknown; responses: Record<string, unknown> }
    assert.deepEqual(get.parameters, [
      { name: 'id', in: 'path', required: true, schema: { type: 'integer' } },
      { name: 'x-tenant', in: 'header', required: true, schema: { type: 'string' } },
    ])
    assert.deepEqual(get.responses['200'], {
      description: 'The answer',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/get_tree_id_Node' } } },
    })
    assert.deepEqual(Object.keys(get.responses), ['200', '400', '502', '503', '504', 'default'])
    assert.deepEqual((components['schemas'] as Record<string, unknown>)['get_tree_id_Node'], {
      type: 'object',
      required: ['name', 'below'],
      properties: {
        name: { type: 'string' },
        below: { type: 'array', items: { $ref: '#/components/schemas/get_tree_id_Node' } },
      },
    })
    const put = paths['/tree/{id}']?.['put'] as { parameters: unknown[]; responses: Record<string, unknown> }
    assert.deepEqual(put.parameters[1], { name: 'dry', in: 'query', schema: { type: 'boolean' } })
    assert.deepEqual(Object.keys(put.responses), ['204', '400', '413', '415', '502', '503', '504', 'default'])
  })
})
